"""Whether two runs of a study vouch for a change of what a job reaches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from advex.records.records import Record
from advex.records.vouching.changes import Change, Statement
from advex.records.vouching.executed import Executed
from advex.records.why import settings_changed


@dataclass(frozen=True)
class Run:
    """What a run of the study ``test`` left.

    Attributes:
        records: of its jobs, by the path of the log.
        executed: what they executed, by the path of the log.
    """

    records: Mapping[str, Record]
    executed: Mapping[str, Executed]


def objections(job: Record, change: Change, then: Run, now: Run) -> list[str]:
    """Say what is missing for two runs to vouch for a change; nothing if they do.

    Args:
        job: the record of the job for which they should vouch: all jobs of its verb must agree, and one of
            its rule. Statements count that were executed in any job that agrees.
        change: how what the job reaches differs.
        then: the run with the code that made the recorded artifacts.
        now: the run with today's code.
    """
    differing = {log: list(_differing(then.records[log], now.records[log])) for log in _in_both(then, now)}
    of_rule = [log for log in differing if then.records[log].rule == job.rule]
    if not of_rule:
        return [f"the study test made nothing by rule {job.rule}"]
    of_verb = [log for log in differing if _verb(log) == _verb(job.log)]
    if any(differing[log] for log in of_verb):
        return [each for log in of_verb for each in differing[log]]
    agreeing = [log for log, faults in differing.items() if not faults]
    found: list[str] = []
    for run, statements, which in (
        (then, change.old, "the recorded code"),
        (now, change.new, "today's code"),
    ):
        executed = Executed.together(run.executed[log] for log in agreeing)
        found += _unmet(statements, executed, f"in test with {which}")
    used = {entry for log in of_rule for entry in now.records[log].params.get("uses", [])}
    unused = sorted(change.entries - used)
    return [*found, *(f"{entry}: no job of rule {job.rule} in test uses it" for entry in unused)]


def _verb(log: str) -> str:
    """Return the verb of a job, given ``results/<study>/logs/<verb>/...``."""
    return Path(log).parts[3]


def _in_both(then: Run, now: Run) -> list[str]:
    """Return the logs of the jobs that ran with both codes."""
    ran = now.executed.keys() & then.records.keys() & then.executed.keys()
    return [log for log in now.records if log in ran]


def _differing(before: Record, after: Record) -> Iterator[str]:
    """Say in what a job differs between two runs: in what it was told, read and wrote."""
    for path, old, new in settings_changed(before.params, after.params):
        yield f"{after.log}: its setting {path} differs in test: {old} -> {new}"
    for then, now in ((before.inputs, after.inputs), (before.outputs, after.outputs)):
        paths: set[str] = {*then, *now}
        yield from (f"{path}: differs" for path in sorted(paths) if then.get(path) != now.get(path))


def _unmet(statements: Iterable[Statement], executed: Executed, among: str) -> Iterator[str]:
    for statement in statements:
        if fault := _fault(statement, executed):
            reason = "" if statement.whole else ", and it names what differs"
            yield f"{statement.place}: {fault} {among}{reason}"


def _fault(statement: Statement, executed: Executed) -> str:
    piece, path = statement.piece, statement.path
    if not executed.executed(path, piece.lines):
        return "not executed"
    if not statement.whole:
        return ""
    if piece.entered and not executed.executed(path, [piece.entered]):
        return "not called"
    if not all(executed.called(path, line) for line in piece.lambdas):
        return "its lambda was not called"
    left = executed.left_to(path, piece.lines)
    if any(not (left & {way} if way else left - {piece.inside}) for way in piece.ways):
        return "went only one way"
    return ""
