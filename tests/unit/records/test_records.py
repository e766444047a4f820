"""Records and verification: what a job leaves behind, and what files are held against."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from advex.common.errors import UserError
from advex.records import verification
from advex.records.lineage import lineage
from advex.records.records import (
    Record,
    digests,
    own_path,
    own_records,
    recorded,
    shipped_path,
    shipped_records,
)
from advex.records.verification import LOCAL, Contents, Findings, artifacts_in, compare

ROOT = Path(__file__).parents[3]
LOG = "results/test/logs/train/standard/seed0.log"


class Values(dict[str, Any]):
    """Named values as the workflow hands them to a script: iterating gives values, not names."""

    def __iter__(self) -> Any:
        return iter(self.values())


def job(**changed: Any) -> Any:
    usual = {
        "rule": "train",
        "input": Values(images="images"),
        "output": Values(model="results/test/models/standard/seed0.safetensors"),
        "params": Values(seed="0", run={"epsilon": float("inf"), "steps": [1, 2]}, code="abc"),
        "log": [LOG],
    }
    return SimpleNamespace(**{**usual, **changed})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("images").write_text("pixels")
    Path("results/test/models/standard").mkdir(parents=True)
    return tmp_path


def run(body: str = "weights") -> Record:
    with recorded(job()):
        Path(job().output["model"]).write_text(body)
    return Record.read(own_path(LOG))


def test_a_record_says_what_was_read_written_and_told() -> None:
    record = run()
    assert record.own_path == own_path(LOG) == Path("results/test/records/train/standard/seed0.json")
    assert record.shipped_path == shipped_path(LOG) == Path("records/test/train/standard/seed0.json")
    assert record.ended
    assert record.rule == "train"
    assert record.log == LOG
    assert record.params == {"seed": "0", "run": {"epsilon": float("inf"), "steps": [1, 2]}, "code": "abc"}
    assert record.inputs == {"images": digests("images")["sha256"]}
    assert record.outputs == {job().output["model"]: digests(job().output["model"])}
    assert "advex.records.records" in record.modules
    assert set(record.versions) >= {"python", "numpy"}


def test_digests_are_the_standard_ones(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert digests(tmp_path / "empty")["md5"] == "d41d8cd98f00b204e9800998ecf8427e"
    assert digests(tmp_path / "empty")["sha256"].startswith("e3b0c44298fc1c14")


def test_the_same_work_leaves_the_same_record() -> None:
    run()
    before = own_path(LOG).read_bytes()
    run()
    assert own_path(LOG).read_bytes() == before
    assert not shipped_path(LOG).exists()


def test_a_job_that_did_what_was_shipped_leaves_no_record_of_its_own() -> None:
    shipped = replace(run(), versions={"python": "3.99"}, modules=[])
    shipped.write(shipped.shipped_path)
    before = shipped_path(LOG).read_bytes()
    with recorded(job()):
        Path(job().output["model"]).write_text("weights")
    assert not own_path(LOG).exists()
    assert run("others").outputs != shipped.outputs
    assert shipped_path(LOG).read_bytes() == before


def _removed() -> None:
    Path("images").unlink()


def _written_anew() -> None:
    """Write other pixels of the same length, and set the clock of the file back."""
    before = os.stat("images")
    Path("images").write_text("PIXELS")
    os.utime("images", ns=(before.st_atime_ns, before.st_mtime_ns))


def work(besides: Callable[[], None]) -> None:
    with recorded(job()):
        Path(job().output["model"]).write_text("weights")
        besides()


@pytest.mark.parametrize("change", [_removed, _written_anew])
def test_what_was_made_of_inputs_that_changed_is_refused(change: Callable[[], None]) -> None:
    with pytest.raises(SystemExit):
        work(change)
    assert not Record.read(own_path(LOG)).ended
    assert "images: changed while the job" in Path(LOG).read_text()


def test_a_record_tells_the_inputs_that_were_there_when_the_job_began() -> None:
    with recorded(job()) as begun:
        Path(job().output["model"]).write_text("weights")
        assert begun.inputs == {"images": digests("images")["sha256"]}


def test_the_fingerprint_is_of_code_settings_and_inputs() -> None:
    def fingerprint(**changed: Any) -> str:
        with recorded(job(**changed)) as begun:
            Path(job().output["model"]).write_text("weights")
        return begun.fingerprint

    first = fingerprint()
    assert fingerprint() == first
    settings = job().params
    others = [
        fingerprint(params=Values({**settings, "code": "edited"})),
        fingerprint(params=Values({**settings, "seed": "1"})),
        fingerprint(rule="construct"),
    ]
    Path("images").write_text("other pixels")
    others.append(fingerprint())
    assert len({first, *others}) == 5


@pytest.mark.parametrize(
    "changed", [{"input": Values(images="pictures")}, {"params": Values(seed="0", code="abd")}]
)
def test_what_was_read_and_told_counts_too(changed: dict[str, Any]) -> None:
    Path("pictures").write_text("pixels")
    shipped = run()
    shipped.write(shipped.shipped_path)
    with recorded(job(**changed)):
        Path(job().output["model"]).write_text("weights")
    assert own_path(LOG).exists()


def test_settings_are_the_same_as_they_are_read_back() -> None:
    """Tuples become lists in a record, keys text, and a NaN equals itself."""
    settings = Values(code="abc", run={2: (1, 2), 10: float("nan")})
    for _ in range(2):
        with recorded(job(params=settings)):
            Path(job().output["model"]).write_text("weights")
        if own_path(LOG).exists():
            shipped_path(LOG).parent.mkdir(parents=True)
            own_path(LOG).rename(shipped_path(LOG))
    assert not own_path(LOG).exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_the_record_of_a_job_that_does_not_end_well_says_so(error: type[BaseException]) -> None:
    def failing() -> None:
        with recorded(job()):
            assert not Record.read(own_path(LOG)).ended
            raise error

    shipped = run()
    shipped.write(shipped.shipped_path)
    with pytest.raises(SystemExit if error is ValueError else error):
        failing()
    assert not Record.read(own_path(LOG)).ended
    assert Record.read(shipped_path(LOG)).ended


def test_a_mistake_of_the_users_leaves_no_record_of_an_end() -> None:
    with pytest.raises(SystemExit), recorded(job()):
        raise UserError("wrong")
    assert not Record.read(own_path(LOG)).ended


def test_a_record_that_is_taken_back_is_that_of_a_job_that_did_not_end() -> None:
    record = run()
    record.take_back()
    assert not Record.read(own_path(LOG)).ended
    assert set(Record.read(own_path(LOG)).outputs) == set(record.outputs)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rule": "train"}', '{"surprise": 1}'])
def test_what_is_no_record_is_named(text: str) -> None:
    path = Path("records/test/x.json")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(UserError, match=r"records/test/x\.json: not a record.*git checkout"):
        shipped_records()


def test_what_is_no_record_of_our_own_is_to_be_deleted() -> None:
    path = Path("results/test/records/x.json")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(UserError, match=r"x\.json: not a record.*; delete it to run the job again") as caught:
        own_records()
    assert "git" not in str(caught.value)


def record(name: str, inputs: dict[str, str], outputs: dict[str, str]) -> Record:
    log = f"results/test/logs/{name}.log"
    sums = {path: {"sha256": digest, "md5": ""} for path, digest in outputs.items()}
    return Record(name, log, {"code": "abc"}, inputs, sums)


def sha(path: str) -> str:
    return digests(path)["sha256"]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def chain() -> list[Record]:
    """Raw data, a model made from them, and a table made from the model."""
    for name in ("raw", "model", "table"):
        Path(name).write_text(name)
    return [
        record("train", {"raw": sha("raw")}, {"model": sha("model")}),
        record("measure", {"model": sha("model")}, {"table": sha("table")}),
    ]


def found(
    shipped: list[Record], own: tuple[Record, ...] = (), artifacts: tuple[str, ...] = ("model", "table")
) -> Findings:
    return compare(own, shipped, Contents(Path("memory.json")), artifacts)


def nothing_is_wrong(findings: Findings) -> bool:
    return not findings.damaged and not findings.outdated


def test_files_that_are_as_recorded_are_fine(chain: list[Record]) -> None:
    assert found(chain) == Findings({"model": chain[0], "table": chain[1]}, [], {})


@pytest.mark.parametrize("absent", [["model"], ["table"], ["raw"], ["raw", "model", "table"]])
def test_absent_files_are_not_missed(chain: list[Record], absent: list[str]) -> None:
    for name in absent:
        Path(name).unlink()
    assert nothing_is_wrong(found(chain))


def test_damage_is_found(chain: list[Record]) -> None:
    Path("model").write_text("other")
    assert found(chain).damaged == ["model"]
    assert found(chain).outdated == {}


def test_a_changed_source_outdates_what_was_made_from_it(chain: list[Record]) -> None:
    Path("raw").write_text("other")
    assert found(chain).damaged == []
    assert found(chain).outdated == {"model": "raw has changed"}


def test_a_job_that_ran_again_outdates_its_readers_even_where_its_output_is_absent(
    chain: list[Record],
) -> None:
    Path("model").unlink()
    again = record("train", {"raw": sha("raw")}, {"model": "0" * 64})
    assert found([again, chain[1]]).damaged == []
    assert found([again, chain[1]]).outdated == {"table": "model has changed"}


def test_what_has_no_record_is_not_believed(chain: list[Record]) -> None:
    assert found(chain[:1]).outdated == {"table": "it has no record"}


@pytest.fixture
def ours(chain: list[Record]) -> tuple[Record, Record]:
    """What a run on another machine recorded of the same two jobs; its files do not lie here."""
    model, table = digest("our model"), digest("our table")
    return (
        record("train", {"raw": sha("raw")}, {"model": model}),
        record("measure", {"model": model}, {"table": table}),
    )


def test_of_two_records_that_holds_which_names_the_file(
    chain: list[Record], ours: tuple[Record, ...]
) -> None:
    """All published, all made here, and a mixture."""
    assert found(chain, ours) == Findings({"model": chain[0], "table": chain[1]}, [], {})
    Path("model").write_text("our model")
    assert found(chain, ours).records == {"model": ours[0], "table": chain[1]}
    assert found(chain, ours).outdated == {"table": "model has changed"}
    Path("table").write_text("our table")
    assert found(chain, ours) == Findings({"model": ours[0], "table": ours[1]}, [], {})
    Path("model").write_text("model")
    assert found(chain, ours).outdated == {"table": "model has changed"}
    Path("model").write_text("neither")
    assert found(chain, ours).damaged == ["model"]


@pytest.mark.parametrize("table", ["table", "our table"])
def test_of_an_absent_file_that_record_holds_by_which_the_others_were_made(
    chain: list[Record], ours: tuple[Record, ...], table: str
) -> None:
    Path("model").unlink()
    Path("table").write_text(table)
    made = chain if table == "table" else [*ours]
    assert found(chain, ours) == Findings({"model": made[0], "table": made[1]}, [], {})


def test_an_absent_file_that_two_were_made_from_is_one_file(
    chain: list[Record], ours: tuple[Record, ...]
) -> None:
    """What was made here goes first; what was made from another version of the absent file is outdated."""
    Path("model").unlink()
    Path("table").write_text("our table")
    Path("figure").write_text("figure")
    figure = record("draw", {"model": chain[1].inputs["model"]}, {"figure": sha("figure")})
    assert found([*chain, figure], ours).outdated == {"figure": "model has changed"}
    Path("table").write_text("table")
    assert nothing_is_wrong(found([*chain, figure], ours))


def test_what_nothing_here_was_made_from_is_as_published(
    chain: list[Record], ours: tuple[Record, ...]
) -> None:
    for name in ("model", "table"):
        Path(name).unlink()
    assert found(chain, ours) == Findings({"model": chain[0], "table": chain[1]}, [], {})


def test_files_of_one_job_have_one_record_where_they_can() -> None:
    Path("picture").write_text("same")
    Path("page").write_text("page")
    shipped = record("draw", {}, {"picture": sha("picture"), "page": sha("page")})
    own = record("draw", {"other": "0"}, {"picture": sha("picture"), "page": digest("our page")})
    assert set(map(id, found([shipped], (own,)).records.values())) == {id(shipped)}
    Path("page").write_text("our page")
    assert set(map(id, found([shipped], (own,)).records.values())) == {id(own)}
    Path("page").unlink()
    assert set(map(id, found([shipped], (own,)).records.values())) == {id(own)}


def test_a_job_that_did_not_end_is_made_again_and_no_damage(chain: list[Record]) -> None:
    begun = Record("measure", chain[1].log, {}, {}, {"table": {}, "picture": {}})
    assert found(chain, (begun,)).outdated == {}  # what lies here is whole, whoever wrote it
    Path("table").write_text("half a li")
    assert found(chain, (begun,)).damaged == []
    assert found(chain, (begun,)).outdated == {"table": "the job that writes it did not end"}
    assert found(chain[:1], (begun,)).outdated == {"table": "the job that writes it did not end"}


def test_what_tells_of_a_machine_is_held_against_nothing() -> None:
    for name in LOCAL:
        path = f"results/test/{name}"
        assert compare([], [record("costs", {}, {path: "0"})], Contents(Path("memory")), []).records == {}
    ignored = (ROOT / ".dvcignore").read_text().splitlines()
    assert {f"results/*/{name}" for name in LOCAL} <= set(ignored)


def test_contents_are_hashed_once_and_again_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counted(path: str) -> str:
        hashed.append(path)
        return digests(path)["sha256"]

    monkeypatch.setattr(verification, "sha256_of", counted)
    memory = Path("memory.json")
    first = Contents(memory)
    assert first.sha256("images") == first.sha256("images") == sha("images")
    first.save()
    assert Contents(memory).sha256("images") == sha("images")
    assert hashed == ["images"]

    before = os.stat("images")
    Path("images").write_text("PIXELS")  # the same size, and the same time below
    os.utime("images", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert Contents(memory).sha256("images") == sha("images")
    assert hashed == ["images", "images"]
    assert Contents(memory).sha256("nothing") is None


def test_a_memory_that_cannot_be_read_or_written_is_done_without() -> None:
    Path("memory.json").write_text("{")
    assert Contents(Path("memory.json")).sha256("images") == sha("images")
    contents = Contents(Path("/proc/nobody/memory.json"))
    contents.sha256("images")
    contents.save()


def test_artifacts_are_what_jobs_write() -> None:
    for path in (
        "results/test/models/a/seed0.safetensors", "results/test/models/a/seed0.checkpoint",
        "results/test/models/a/.seed0.safetensors.x", "results/test/.snakemake_timestamp",
        "results/test/logs/train/a.log", "results/test/benchmarks/train/a.tsv", "results/test/index.html",
        "results/test/records/train/a.json", "results/test/costs.csv",
        "results/test.dvc", "results/test/figures/logs/a.svg",
    ):  # fmt: skip
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert sorted(artifacts_in(Path("results"))) == [
        "results/test/figures/logs/a.svg",
        "results/test/index.html",
        "results/test/models/a/seed0.safetensors",
    ]


def test_lineage_tells_each_job_once(chain: list[Record]) -> None:
    wrote = found(chain).records
    lines = [line for _, line in lineage("table", wrote)]
    assert lines[0].startswith("table  sha256 ")
    assert lines[0].endswith(", here")
    assert [line for line in lines if line.startswith("raw  ")]
    assert [depth for depth, line in lineage("table", wrote) if line.startswith("model  ")] == [1]
    with pytest.raises(UserError, match="raw: no job that wrote it"):
        list(lineage("raw", wrote))


def test_records_are_plain_json() -> None:
    run()
    text = own_path(LOG).read_text()
    assert json.loads(text)["rule"] == "train"
    assert text.endswith("}\n")


@pytest.mark.parametrize("of", ["results/test/models/standard/seed0.safetensors", "images"])
def test_a_wrong_digest_that_is_remembered_accuses_nobody(of: str) -> None:
    record = run()
    memory = Path("memory.json")
    before = Contents(memory)
    compare([record], [], before, ())
    before.save()
    known = json.loads(memory.read_text())
    known[of][-1] = "0" * 64
    memory.write_text(json.dumps(known))
    for _ in range(2):
        contents = Contents(memory)
        found = compare([record], [], contents, ())
        contents.save()
        assert not found.damaged
        assert not found.outdated
    assert json.loads(memory.read_text())[of][-1] == sha(of)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", '{"images": 1}', '{"images": []}', '{"images": [1, 2, 3, 4, 5]}',
     '{"images": {"a": 1}}', '{"images": ["1", 2, 3, 4, "5"]}', "[" * 100_000, "\0"],
)  # fmt: skip
def test_what_cannot_be_read_is_not_remembered(text: str) -> None:
    Path("memory.json").write_text(text)
    contents = Contents(Path("memory.json"))
    assert contents.sha256("images") == sha("images")
    contents.save()
    assert json.loads(Path("memory.json").read_text()).keys() == {"images"}
