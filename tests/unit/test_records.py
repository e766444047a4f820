"""Records and verification: what a job leaves behind, and what files are held against."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from advex import verification
from advex.errors import UserError
from advex.lineage import lineage
from advex.records import Record, digests, read_records, record_path, recorded
from advex.verification import Contents, artifacts_in, compare

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
    return Record.read(record_path(LOG))


def test_a_record_says_what_was_read_written_and_told() -> None:
    record = run()
    assert record.path == Path("records/test/train/standard/seed0.json")
    assert record.rule == "train"
    assert record.log == LOG
    assert record.params == {"seed": "0", "run": {"epsilon": float("inf"), "steps": [1, 2]}, "code": "abc"}
    assert record.inputs == {"images": digests("images")["sha256"]}
    assert record.outputs == {job().output["model"]: digests(job().output["model"])}
    assert "advex.records" in record.modules
    assert set(record.versions) >= {"python", "numpy"}


def test_digests_are_the_standard_ones(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert digests(tmp_path / "empty")["md5"] == "d41d8cd98f00b204e9800998ecf8427e"
    assert digests(tmp_path / "empty")["sha256"].startswith("e3b0c44298fc1c14")


def test_the_same_work_leaves_the_same_record() -> None:
    run()
    before = record_path(LOG).read_bytes()
    run()
    assert record_path(LOG).read_bytes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_a_job_that_does_not_end_well_has_no_record(error: type[BaseException]) -> None:
    def failing() -> None:
        with recorded(job()):
            assert not record_path(LOG).exists()
            raise error

    run()
    with pytest.raises(error):
        failing()
    assert not record_path(LOG).exists()


def test_a_mistake_of_the_users_leaves_no_record() -> None:
    with pytest.raises(SystemExit), recorded(job()):
        raise UserError("wrong")
    assert not record_path(LOG).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rule": "train"}', '{"surprise": 1}'])
def test_what_is_no_record_is_named(text: str) -> None:
    path = Path("records/test/x.json")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(UserError, match=r"records/test/x\.json: not a record.*git checkout"):
        read_records()


def record(name: str, inputs: dict[str, str], outputs: dict[str, str]) -> Record:
    log = f"results/test/logs/{name}.log"
    sums = {path: {"sha256": digest, "md5": ""} for path, digest in outputs.items()}
    return Record(name, log, {"code": "abc"}, inputs, sums)


def sha(path: str) -> str:
    return digests(path)["sha256"]


@pytest.fixture
def chain() -> list[Record]:
    """Raw data, a model made from them, and a table made from the model."""
    for name in ("raw", "model", "table"):
        Path(name).write_text(name)
    return [
        record("train", {"raw": sha("raw")}, {"model": sha("model")}),
        record("measure", {"model": sha("model")}, {"table": sha("table")}),
    ]


def found(records: list[Record], artifacts: tuple[str, ...] = ("model", "table")) -> verification.Findings:
    return compare(records, Contents(Path("memory.json")), artifacts)


def test_files_that_are_as_recorded_are_fine(chain: list[Record]) -> None:
    assert found(chain) == verification.Findings([], {})


@pytest.mark.parametrize("absent", [["model"], ["table"], ["raw"], ["raw", "model", "table"]])
def test_absent_files_are_not_missed(chain: list[Record], absent: list[str]) -> None:
    for name in absent:
        Path(name).unlink()
    assert found(chain) == verification.Findings([], {})


def test_damage_is_found(chain: list[Record]) -> None:
    Path("model").write_text("other")
    assert found(chain).damaged == ["model"]
    assert found(chain).outdated == {}


def test_a_changed_source_outdates_what_was_made_from_it(chain: list[Record]) -> None:
    Path("raw").write_text("other")
    assert found(chain) == verification.Findings([], {"model": "raw has changed"})


def test_a_job_that_ran_again_outdates_its_readers_even_where_its_output_is_absent(
    chain: list[Record],
) -> None:
    Path("model").unlink()
    again = record("train", {"raw": sha("raw")}, {"model": "0" * 64})
    assert found([again, chain[1]]) == verification.Findings([], {"table": "model has changed"})


def test_what_has_no_record_is_not_believed(chain: list[Record]) -> None:
    assert found(chain[:1]).outdated == {"table": "it has no record"}


def test_contents_are_hashed_once_and_again_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counted(path: str) -> dict[str, str]:
        hashed.append(path)
        return digests(path)

    monkeypatch.setattr(verification, "digests", counted)
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
        "results/test/logs/train/a.log", "results/test/benchmarks/train/a.tsv", "results/test/report.html",
        "results/test.dvc", "results/test/figures/logs/a.svg",
    ):  # fmt: skip
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    assert sorted(artifacts_in(Path("results"))) == [
        "results/test/figures/logs/a.svg",
        "results/test/models/a/seed0.safetensors",
        "results/test/report.html",
    ]


def test_lineage_tells_each_job_once(chain: list[Record]) -> None:
    lines = [line for _, line in lineage("table", chain)]
    assert lines[0].startswith("table  sha256 ")
    assert lines[0].endswith(", here")
    assert [line for line in lines if line.startswith("raw  ")]
    assert [depth for depth, line in lineage("table", chain) if line.startswith("model  ")] == [1]
    with pytest.raises(UserError, match="raw: no job that wrote it"):
        list(lineage("raw", chain))


def test_records_are_plain_json() -> None:
    run()
    text = record_path(LOG).read_text()
    assert json.loads(text)["rule"] == "train"
    assert text.endswith("}\n")
