"""What jobs of the test study ran must be among the definitions that their digests cover."""

import json
from bisect import bisect
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from advex.records.provenance import Code
from advex.records.provenance.library import Node


class Run(NamedTuple):
    """A job; the definitions it ran a part of, by file and line; and the definitions that count for it."""

    log: str
    ran: dict[str, Node]
    counted: set[Node]


def _run(told: dict[str, Any], code: Code, folder: Path) -> Run:
    modules = {str(code.library.path(module)): module for module in code.library.modules()}
    ran = {}
    for file, line in told["executed"]:
        source = code.library.source(modules[file])
        assert source is not None
        begins = [definition.line for definition in source.definitions]
        ran[f"{file}:{line}"] = Node(modules[file], bisect(begins, line) - 1)
    reached = code.reached(folder / "scripts" / told["script"], told["uses"])
    return Run(told["log"], ran, set(reached.nodes))


@pytest.fixture(scope="module")
def runs(built: Path) -> list[Run]:
    code = Code(built / "src/advex")
    told = [json.loads(path.read_text()) for path in (built / "executed").glob("*.json")]
    return [_run(each, code, built) for each in told]


def test_every_job_was_watched(runs: list[Run], built: Path) -> None:
    logs = {json.loads(path.read_text())["log"] for path in (built / "results/test/records").rglob("*.json")}
    assert {run.log for run in runs} == logs
    assert all(run.ran for run in runs)


def test_what_a_job_ran_counts_in_its_digest(runs: list[Run]) -> None:
    missed = {(place, run.log) for run in runs for place, node in run.ran.items() if node not in run.counted}
    assert not missed, sorted(missed)[:20]
    assert len({node for run in runs for node in run.ran.values()}) > 300


def test_no_job_counts_much_more_than_it_runs(runs: list[Run]) -> None:
    """Else the digest would say of most edits that they concern most jobs."""
    assert max(len(run.counted) for run in runs) < 400
