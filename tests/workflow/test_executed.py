"""What jobs of the test study ran must be among the definitions that their digests cover."""

import json
from pathlib import Path

import pytest

from advex.records.provenance import Code
from advex.records.provenance.library import Node


class Run:
    """The functions that one job ran, and those that count for it.

    Attributes:
        ran: by file and line, with the definitions that they are part of.
        counted: the definitions that count.
    """

    def __init__(self, told: dict[str, object], code: Code, folder: Path) -> None:
        self.log = str(told["log"])
        reached = code.reached(folder / "scripts" / str(told["script"]), list(told["uses"]))  # type: ignore[call-overload]
        self.counted = set(reached.nodes)
        lines = {
            module: [definition.line for definition in source.definitions]
            for module in code.library.modules()
            if (source := code.library.source(module)) is not None
        }
        modules = {str(code.library.path(module)): module for module in lines}
        self.ran: dict[str, Node] = {}
        for file, line in told["executed"]:  # type: ignore[attr-defined]
            module = modules[file]
            index = max(
                range(len(lines[module])), key=lambda i: (lines[module][i] <= line) * lines[module][i]
            )
            self.ran[f"{file}:{line}"] = Node(module, index)


@pytest.fixture(scope="module")
def runs(repository: Path) -> list[Run]:
    code = Code(repository / "src/advex")
    told = [json.loads(path.read_text()) for path in (repository / "executed").glob("*.json")]
    return [Run(each, code, repository) for each in told]


def test_every_job_was_watched(runs: list[Run], repository: Path) -> None:
    logs = {json.loads(path.read_text())["log"] for path in (repository / "records/test").rglob("*.json")}
    assert {run.log for run in runs} == logs
    assert all(run.ran for run in runs if "/collect/" not in run.log)


def test_what_a_job_ran_counts_in_its_digest(runs: list[Run]) -> None:
    missed = {(place, run.log) for run in runs for place, node in run.ran.items() if node not in run.counted}
    assert not missed, sorted(missed)[:20]
    assert len({node for run in runs for node in run.ran.values()}) > 300


def test_no_job_counts_much_more_than_it_runs(runs: list[Run]) -> None:
    """Else the digest would say of most edits that they concern most jobs."""
    assert max(len(run.counted) for run in runs) < 400
