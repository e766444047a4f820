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

    def ran(self, rule: str) -> list[str]:
        """Return the logs of the jobs of a rule that ran."""
        return [log for log, record in self.records.items() if record.rule == rule and log in self.executed]


def objections(rule: str, change: Change, then: Run, now: Run) -> list[str]:
    """Say what is missing for two runs to vouch for a change; nothing if they do.

    Args:
        rule: the rule of the job for which they should vouch: only jobs of the same rule count.
        change: how what the job reaches differs.
        then: the run with the code that made the recorded artifacts.
        now: the run with today's code.
    """
    found = [f"{each}: no run can vouch for that" for each in change.unclear]
    witnesses = [log for log in now.ran(rule) if log in then.ran(rule)]
    if not witnesses:
        return [*found, f"the study test has no job of rule {rule}"]
    found += _differing(then, now, witnesses)
    for run, statements, which in (
        (then, change.old, "the recorded code"),
        (now, change.new, "today's code"),
    ):
        executed = Executed.together(run.executed[log] for log in witnesses)
        found += _unmet(statements, executed, f"by the jobs of rule {rule} in test, {which}")
    used = {entry for log in witnesses for entry in now.records[log].params.get("uses", [])}
    found += [f"{entry}: no job of rule {rule} in test uses it" for entry in sorted(change.entries - used)]
    return found


def _differing(then: Run, now: Run, logs: Iterable[str]) -> Iterator[str]:
    for log in logs:
        before, after = then.records[log].outputs, now.records[log].outputs
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path):
                yield f"{path}: differs"


def _unmet(statements: Iterable[Statement], executed: Executed, who: str) -> Iterator[str]:
    for statement in statements:
        if fault := _fault(statement, executed):
            where = f"{statement.path}:{statement.piece.lines.start} ({statement.label})"
            reason = "" if statement.whole else ", and it names what differs"
            yield f"{where}: {fault} {who}{reason}"


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
