"""Whether two runs of a study vouch for a change of what a job reaches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from advex.records import Record
from advex.vouching.changes import Change, Statement
from advex.vouching.executed import Executed


@dataclass(frozen=True)
class Run:
    """What a run of the study ``test`` left.

    Attributes:
        records: of its jobs, by the path of the log.
        executed: what they executed, by the path of the log.
    """

    records: Mapping[str, Record]
    executed: Mapping[str, Executed]


def objections(rule: str, change: Change, then: Run, now: Run) -> list[str]:
    """Say what is missing for two runs to vouch for a change; nothing if they do.

    Args:
        rule: the rule of the job for which they should vouch: all jobs of this rule must agree. Statements
            count that were executed in any job whose outputs agree.
        change: how what the job reaches differs.
        then: the run with the code that made the recorded artifacts.
        now: the run with today's code.
    """
    found = [f"{each}: no run can vouch for that" for each in change.unclear]
    differing = {log: _differing(then.records[log], now.records[log]) for log in _in_both(then, now)}
    of_rule = [log for log in differing if now.records[log].rule == rule]
    if not of_rule:
        return [*found, f"the study test made nothing by rule {rule}"]
    if any(differing[log] for log in of_rule):
        return [*found, *(f"{path}: differs" for log in of_rule for path in differing[log])]
    agreeing = [log for log, paths in differing.items() if not paths]
    for run, statements, which in (
        (then, change.old, "the recorded code"),
        (now, change.new, "today's code"),
    ):
        executed = Executed.together(run.executed[log] for log in agreeing)
        found += _unmet(statements, executed, f"in test with {which}")
    used = {entry for log in of_rule for entry in now.records[log].params.get("uses", [])}
    found += [f"{entry}: no job of rule {rule} in test uses it" for entry in sorted(change.entries - used)]
    return found


def _in_both(then: Run, now: Run) -> list[str]:
    """Return the logs of the jobs that ran with both codes."""
    ran = now.executed.keys() & then.records.keys() & then.executed.keys()
    return [log for log in now.records if log in ran]


def _differing(before: Record, after: Record) -> list[str]:
    """Return the outputs of a job that differ between two runs."""
    paths = sorted({*before.outputs, *after.outputs})
    return [path for path in paths if before.outputs.get(path) != after.outputs.get(path)]


def _unmet(statements: Iterable[Statement], executed: Executed, among: str) -> Iterator[str]:
    for statement in statements:
        if fault := _fault(statement, executed):
            where = f"{statement.path}:{statement.piece.lines.start} ({statement.label})"
            reason = "" if statement.whole else ", and it names what differs"
            yield f"{where}: {fault} {among}{reason}"


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
