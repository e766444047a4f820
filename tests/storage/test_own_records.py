"""Runs on another processor, whose sums differ in bits: records beside the shipped ones; both are read."""

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from checkouts import FIGURE, PUBLISH, TEST, Checkout

from advex.records.records import Record, digests

MODEL = "results/test/models/standard/seed0.safetensors"
TABLE = "results/test/measurements/ilyas/relabelled.csv"


def records_in(folder: Path) -> list[Record]:
    return [Record.read(path) for path in sorted(folder.rglob("*.json"))]


def job(record: Record) -> str:
    """Return the name of a record's job, ``verb/name...``."""
    return record.log.split("/logs/")[1].removesuffix(".log")


def following(jobs: Iterable[Record], changed: set[str]) -> set[str]:
    """Return the names of the jobs that read what changed, or what those write that do, and so on."""
    found: set[str] = set()
    jobs = list(jobs)
    while more := [record for record in jobs if job(record) not in found and changed & set(record.inputs)]:
        found |= {job(record) for record in more}
        changed = changed.union(*(record.outputs for record in more))
    return found


@pytest.fixture(scope="module")
def first(published: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone in which one figure was made from scratch on another processor."""
    clone = published.clone(tmp_path_factory.mktemp("elsewhere") / "clone").on_another_processor()
    clone.snakemake(FIGURE)
    recorded = Record.read(clone.folder / "records/test/train/standard/seed0.json")
    if digests(clone.folder / MODEL) == recorded.outputs[MODEL]:
        pytest.skip("this processor computes the same bits with and without vector instructions")
    return clone


@pytest.fixture
def elsewhere(first: Checkout, tmp_path: Path) -> Checkout:
    return first.copy(tmp_path / "elsewhere")


def test_a_run_leaves_no_tracked_file_changed(elsewhere: Checkout) -> None:
    assert elsewhere.changed() == ""
    own = {job(record) for record in records_in(elsewhere.folder / "results/test/records")}
    assert {"train/standard/seed0", "construct/det/seed0", "draw/ilyas/relabelled"} <= own
    assert "prepare/natural" not in own  # the same bits, so the shipped record tells it


def test_a_run_of_other_bits_is_finished(elsewhere: Checkout) -> None:
    assert elsewhere.planned(FIGURE) == set()
    assert "ANOTHER FILE" not in elsewhere.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    (elsewhere.folder / TABLE).unlink()
    assert elsewhere.planned(FIGURE) == set()  # absent, and what was drawn from it is here
    (elsewhere.folder / FIGURE).unlink()
    assert elsewhere.planned(FIGURE) == {"collect/ilyas/relabelled", "draw/ilyas/relabelled"}
    with (elsewhere.folder / MODEL).open("ab") as file:
        file.write(b"x")
    assert MODEL in elsewhere.refused(sys.executable, "-m", "snakemake", "--dry-run", FIGURE)


def test_what_is_pulled_beside_it_is_planned_where_it_was_made_from_other_bits(elsewhere: Checkout) -> None:
    """The figure's own chain stays; what was published from other models than lie here is outdated."""
    own = records_in(elsewhere.folder / "results/test/records")
    before = {path: digests(elsewhere.folder / path) for record in own for path in record.outputs}
    said = elsewhere.pull()
    assert "made by a run here" in said
    assert {path: digests(elsewhere.folder / path) for path in before} == before
    assert elsewhere.planned(FIGURE) == set()
    ours = {job(record) for record in own}
    shipped = records_in(elsewhere.folder / "records/test")
    published = {path: sums for record in shipped for path, sums in record.outputs.items()}
    changed = {path for path, sums in before.items() if published[path] != sums}
    others = [record for record in shipped if job(record) not in ours]
    assert elsewhere.planned() == following(others, changed)
    assert "out of date" in elsewhere.refused(*PUBLISH)

    # Taking what is published instead, nothing is left to do, though the own records still lie there.
    elsewhere.pull("--force")
    assert own == records_in(elsewhere.folder / "results/test/records")
    assert elsewhere.planned() == set()
    for path in (*before, "results/test/scorecard.csv"):
        (elsewhere.folder / path).unlink(missing_ok=True)
    assert elsewhere.planned("results/test/figures/ilyas/transferability.svg") == set()
    assert elsewhere.changed() == ""


def test_what_is_published_alone_is_said_to_outdate_others(elsewhere: Checkout) -> None:
    """What is absent here was made from other models than these."""
    said = elsewhere.publish()
    assert "published artifacts that are absent here were made from another version" in said
    assert elsewhere.planned(FIGURE) == set()
    assert elsewhere.changed()


def verdicts_that_differ(checkout: Checkout) -> int:
    """Return how many verdicts of a run are said to be others than the published ones."""
    compared = checkout.run(sys.executable, "-m", "advex.judge.comparison", "test")
    found = re.match(r"Study test: (\d+) of \d+ verdicts here differ from the published", compared.stdout)
    assert found, compared.stdout + compared.stderr
    assert compared.returncode == (found[1] != "0")
    return int(found[1])


def test_a_whole_run_on_another_processor_is_published(elsewhere: Checkout, tmp_path: Path) -> None:
    elsewhere.pull()
    elsewhere.snakemake(*TEST)
    assert elsewhere.planned() == set()
    assert elsewhere.changed() == ""
    said = elsewhere.pull()
    assert "No file was missing" in said
    assert "made by a run here" in said
    scorecard = elsewhere.folder / "results/test/scorecard.csv"
    ours = scorecard.read_bytes()
    different = verdicts_that_differ(elsewhere)
    assert b",not tested," in ours
    scorecard.write_bytes(ours.replace(b",not tested,", b",reproduced,", 1))
    assert verdicts_that_differ(elsewhere) == different + 1
    scorecard.write_bytes(ours)

    own = {path.name for path in (elsewhere.folder / "results/test/records").rglob("*.json")}
    assert own
    elsewhere.publish()
    changed = elsewhere.changed().splitlines()
    assert changed
    assert all(line[3:].startswith(("records/test/", "results/test.dvc", "store/")) for line in changed)
    assert not list((elsewhere.folder / "results/test/records").rglob("*.json"))
    elsewhere.commit("from another processor")
    assert "0 artifacts and 0 records of test are new" in elsewhere.publish()
    assert elsewhere.changed() == ""
    shutil.rmtree(elsewhere.folder / "results/test")
    reader = elsewhere.clone(tmp_path / "reader")
    reader.pull()
    assert reader.planned() == set()
