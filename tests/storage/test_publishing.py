"""Publishing: refuses what would record something false, and never forgets what is merely absent."""

import sys
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from checkouts import FIGURE, PUBLISH, Checkout

from advex.prepare.official import official_files
from advex.records.records import Record
from advex.records.verification import is_local

MODEL = "results/test/models/standard/seed0.safetensors"


def versioned(checkout: Checkout) -> dict[str, str]:
    """Return the MD5 of every path in the manifest of the test study."""
    listed = checkout.dvc("list", ".", "results/test", "--dvc-only", "--recursive", "--show-hash")
    return {path: md5 for md5, path in (line.split() for line in listed.splitlines())}


def test_publishing_twice_changes_nothing(pulled: Checkout) -> None:
    said = pulled.publish()
    assert "0 artifacts and 0 records of test are new" in said
    assert "git add" not in said
    assert pulled.changed() == ""


def test_what_was_made_again_is_nothing_new(pulled: Checkout) -> None:
    """Logs, times and costs of a run here are no artifacts."""
    (pulled.folder / FIGURE).unlink()
    (pulled.folder / "results/test/scorecard.csv").unlink()
    pulled.snakemake("--config", "study=test")
    assert (pulled.folder / "results/test/costs.csv").exists()
    assert "0 artifacts and 0 records of test are new" in pulled.publish()
    assert pulled.changed() == ""


def test_records_of_runs_are_shipped_by_publishing_alone(published: Checkout, finished: Checkout) -> None:
    assert not (finished.folder / "records").exists()
    own = finished.folder / "results/test/records"
    shipped = published.folder / "records/test"
    assert {path.relative_to(own) for path in own.rglob("*.json")} == {
        path.relative_to(shipped) for path in shipped.rglob("*.json")
    }
    assert not list((published.folder / "results/test/records").rglob("*.json"))


def test_everything_recorded_is_versioned_and_in_the_store(published: Checkout) -> None:
    entries = versioned(published)
    assert {"scorecard.csv", "index.html"} <= set(entries)
    assert not [path for path in entries if is_local(f"results/test/{path}")]
    assert sum(path.startswith("models/") for path in entries) > 20
    for md5 in entries.values():
        assert (published.folder / "store/files/md5" / md5[:2] / md5[2:]).exists()
    out = yaml.safe_load((published.folder / "results/test.dvc").read_text())["outs"][0]
    assert out["remote"] == "store"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("src/advex/discussion/ilyas/figures/relabelled.py", "next", "other"),
        ("config/studies/test.yaml", "seeds: 1", "seeds: 1 # one"),
        ("published/ilyas.csv", ",95.25,", ",95.26,"),
    ],
)
def test_what_artifacts_are_made_from_must_be_committed(
    pulled: Checkout, path: str, old: str, new: str
) -> None:
    pulled.replace(path, old, new)
    said = pulled.refused(*PUBLISH)
    assert "not committed" in said
    assert path in said
    assert pulled.git("diff", "--name-only") == f"{path}\n"


def test_a_new_file_in_the_library_must_be_committed(pulled: Checkout) -> None:
    (pulled.folder / "src/advex/discussion/ilyas/figures/new.py").write_text("X = 1\n")
    assert "new.py" in pulled.refused(*PUBLISH)


def test_artifacts_that_are_out_of_date_are_not_published(pulled: Checkout) -> None:
    pulled.replace(
        "src/advex/discussion/ilyas/figures/relabelled.py", "_QUANTITIES = (", "_QUANTITIES = (*(), "
    )
    pulled.commit("an edit")
    said = pulled.refused(*PUBLISH)
    assert "out of date" in said
    assert "draw" in said


def test_a_damaged_artifact_is_not_published(pulled: Checkout) -> None:
    with (pulled.folder / MODEL).open("ab") as file:
        file.write(b"x")
    assert MODEL in pulled.refused(*PUBLISH)


def test_a_file_that_no_job_wrote_is_not_published(pulled: Checkout) -> None:
    stray = pulled.folder / "results/test/figures/ilyas/mine.svg"
    stray.write_text("<svg/>")
    assert "mine.svg: no job wrote this" in pulled.refused(*PUBLISH)


def test_a_study_that_was_not_run_is_not_published(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "checkout")
    (checkout.folder / MODEL).unlink()
    said = checkout.refused(*PUBLISH)
    assert "1 artifacts are neither here nor versioned" in said
    assert MODEL in said
    assert not (checkout.folder / "results/test.dvc").exists()
    said = checkout.refused(sys.executable, "-m", "advex.records.publishing", "digits")
    assert "make STUDY=digits" in said


def test_an_absent_artifact_of_another_version_is_not_passed_off(clone: Checkout) -> None:
    """The record says that a table was made anew, the manifest holds the old one, and the new one is gone."""
    clone.dvc("pull", "--quiet", FIGURE)
    record = clone.folder / "records/test/train/standard/seed0.json"
    lines = record.read_text().splitlines()
    changed = [line.replace('"md5": "', '"md5": "0') if '"md5"' in line else line for line in lines]
    record.write_text("\n".join(changed))
    said = clone.refused(*PUBLISH)
    assert MODEL in said
    assert "neither here nor versioned" in said


def test_a_partial_checkout_keeps_all_entries(clone: Checkout) -> None:
    before = versioned(clone)
    clone.dvc(
        "pull", "--quiet", "results/test/measurements/ilyas", "results/test/datasets/natural/origin.csv"
    )
    clone.replace("src/advex/discussion/ilyas/figures/relabelled.py", '"DenseNet"', '"first"')
    clone.commit("another label")
    clone.snakemake(FIGURE)
    said = clone.publish()
    assert "2 artifacts and 1 records of test are new" in said
    assert (
        "1 published artifacts that are absent here" in said
    )  # the page shows another version of the figure
    assert "results/test/index.html" in said
    after = versioned(clone)
    assert set(after) == set(before)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"figures/ilyas/relabelled.svg", "figures/ilyas/relabelled.png"}
    assert clone.git("diff", "--name-only", "--", "records") == "records/test/draw/ilyas/relabelled.json\n"
    assert not list((clone.folder / "results/test/records").rglob("*.json"))


def test_an_experiment_that_was_dropped_leaves_the_manifest(pulled: Checkout) -> None:
    rows = (pulled.folder / "config/experiments.yaml").read_text()
    kept = [line for line in rows.splitlines() if "ilyas/attack_strength" not in line]
    start = next(i for i, line in enumerate(kept) if "instruments: [attack_strength" in line)
    del kept[start]
    (pulled.folder / "config/experiments.yaml").write_text("\n".join(kept) + "\n")
    claims = yaml.safe_load((pulled.folder / "config/claims/ilyas/claims.yaml").read_text())
    claims["claims"] = [claim for claim in claims["claims"] if claim["figure"] != "attack_strength"]
    (pulled.folder / "config/claims/ilyas/claims.yaml").write_text(yaml.safe_dump(claims, sort_keys=False))
    (pulled.folder / "report/captions/ilyas/attack_strength.md").unlink()
    published = pulled.folder / "published/ilyas.csv"
    numbers = published.read_text().splitlines(keepends=True)
    published.write_text("".join(number for number in numbers if ",attack_strength," not in number))
    pulled.commit("one experiment less")
    pulled.snakemake("--config", "study=test")
    before = set(versioned(pulled))
    pulled.publish()
    gone = before - set(versioned(pulled))
    assert {"figures/ilyas/attack_strength.svg", "measurements/ilyas/attack_strength.csv"} <= gone
    assert all("attack_strength" in path for path in gone)
    assert not (pulled.folder / "records/test/draw/ilyas/attack_strength.json").exists()
    assert pulled.planned() == set()


def test_a_job_that_makes_another_file_under_its_name_has_a_record(pulled: Checkout) -> None:
    for path in ("rules/report.smk", "rules/common.smk"):
        pulled.replace(path, "index.html", "page.html")
    pulled.commit("another name for the page")
    pulled.snakemake("--config", "study=test")
    pulled.publish()
    assert {"index.html", "page.html"} & set(versioned(pulled)) == {"page.html"}
    record = Record.read(pulled.folder / "records/test/report/report.json")
    assert set(record.outputs) == {"results/test/page.html"}
    assert pulled.planned() == set()


def test_a_manifest_of_before_gives_up_what_is_no_artifact(pulled: Checkout) -> None:
    """Logs, times and costs were versioned once, and costs had a record."""
    (pulled.folder / FIGURE).unlink()
    pulled.snakemake(FIGURE)
    local = pulled.folder / "results/test"
    for name in ("costs.csv", "logs/costs/costs.log", "benchmarks/costs/costs.tsv"):
        (local / name).parent.mkdir(parents=True, exist_ok=True)
        (local / name).write_text(name)
    ignored = (pulled.folder / ".dvcignore").read_text()
    (pulled.folder / ".dvcignore").write_text("results/*/records\n")
    pulled.dvc("add", "--quiet", "results/test")
    pulled.dvc("push", "--quiet", "results/test.dvc")
    with chdir(pulled.folder):
        record = Record("costs", "results/test/logs/costs/costs.log", {}, {}, {})
        replace(record, outputs={"results/test/costs.csv": {"sha256": "0", "md5": "0"}}).write(
            record.shipped_path
        )
    pulled.commit("as before")
    assert "logs/draw/ilyas/relabelled.log" in versioned(pulled)
    (pulled.folder / ".dvcignore").write_text(ignored)
    pulled.commit("as now")
    assert pulled.planned() == set()
    assert "0 artifacts and 0 records of test are new" in pulled.publish()
    assert not [path for path in versioned(pulled) if is_local(f"results/test/{path}")]
    assert not (pulled.folder / "records/test/costs/costs.json").exists()
    assert (local / "costs.csv").read_text() == "costs.csv"
    assert (local / "logs/draw/ilyas/relabelled.log").exists()
    pulled.commit("published")
    assert "up to date" in pulled.dvc("status")
    assert "undamaged" in pulled.ok(sys.executable, "-m", "advex.records.manifests")


def test_large_studies_do_not_go_into_the_repository(finished: Checkout, tmp_path: Path) -> None:
    checkout = finished.copy(tmp_path / "checkout")
    checkout.replace("src/advex/records/publishing.py", "STORE_MEGABYTES = 120", "STORE_MEGABYTES = 1")
    checkout.commit("a small store")
    said = checkout.refused(*PUBLISH)
    assert "name a remote of your own" in said
    assert not (checkout.folder / "store").exists()


def test_data_dvc_says_which_version_of_each_data_set_is_used() -> None:
    root = Path(__file__).parents[2]
    versions = yaml.safe_load((root / "data.dvc").read_text())["meta"]["versions"]
    for source in ("cifar10", "mnist", "fashion_mnist"):
        assert versions[source] == {file.name: file.md5 for file in official_files(source)}
    (listing,) = versions["digits"].values()
    assert (root / "store/files/md5" / listing[:2] / listing[2:]).exists()


def test_the_lineage_of_a_figure_goes_back_to_the_raw_data(pulled: Checkout) -> None:
    said = pulled.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    for part in (
        "draw: code ",
        "train: code ",
        '"adversary": {"norm": "l2"',
        "raw data: source digits",
        "torch ",
    ):
        assert part in said
    (pulled.folder / MODEL).write_text("another")
    assert f"{MODEL}  sha256" in pulled.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    assert "ANOTHER FILE LIES HERE" in pulled.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    said = pulled.refused(sys.executable, "-m", "advex.records.lineage", "results/test/nothing.svg")
    assert "no job that wrote it has a record" in said
