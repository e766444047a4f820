"""Vouch for the records of studies, or say for which jobs nothing vouches, and why."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from advex.errors import UserError
from advex.files import write_text
from advex.manifests import run
from advex.publishing import SOURCES
from advex.records import Record
from advex.vouching.changes import Change, change
from advex.vouching.decision import Run, objections
from advex.vouching.machine import machine
from advex.vouching.versions import STUDY, Version, checkouts

RECORDS = Path("records")
"""Where the records lie that are under version control."""


@dataclass(frozen=True)
class Case:
    """A job whose code is not today's.

    Attributes:
        path: of its record.
        record: the record.
        then: the code of the commit that recorded it.
        change: how what it reaches there differs from what it reaches today.
    """

    path: Path
    record: Record
    then: Version
    change: Change


@dataclass
class Outcome:
    """What became of the jobs whose code is not today's.

    Attributes:
        vouched: paths of the records that took today's digests.
        refused: paths of the others, by what speaks against it.
    """

    vouched: list[Path] = field(default_factory=list)
    refused: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))


def vouch(studies: Iterable[str]) -> Outcome:
    """Run the study ``test`` with the recorded code and with today's, and renew records where that vouches.

    Raises:
        UserError: code, configuration or records are not committed, a study has no records, or a run failed.
    """
    _refuse_uncommitted()
    outcome = Outcome()
    with checkouts() as version:
        today = version(run("git", "rev-parse", "HEAD").strip())
        cases = [case for study in studies for case in _cases(study, today, version, outcome)]
        artifacts = {_in_test(path) for case in cases for path in case.record.outputs}
        runs = {case.then.commit: case.then for case in cases}
        if runs:
            now = today.run(artifacts)
            before = {commit: then.run(artifacts) for commit, then in runs.items()}
        for case in cases:
            _decide(case, before[case.then.commit], now, today, outcome)
    return outcome


def _refuse_uncommitted() -> None:
    if changed := run("git", "status", "--porcelain", "--", *SOURCES, str(RECORDS)).splitlines():
        raise UserError(
            "not committed, though vouching compares commits:\n  "
            + "\n  ".join(changed[:10])
            + "\nCommit it first."
        )


def _cases(study: str, today: Version, version: Callable[[str], Version], outcome: Outcome) -> list[Case]:
    """Return the jobs of a study whose code differs and for which something may vouch; refuse the others."""
    commits = _commits(study)
    if not commits:
        raise UserError(f"{study}: no records of it are committed; publish it first (docs/storage.md)")
    cases = []
    known: dict[tuple[str, str], Change] = {}
    for path, commit in sorted(commits.items()):
        record = Record.read(path)
        try:
            new = today.side(record)
            if new.reached.digest == record.params.get("code"):
                continue
            then = version(commit)
            old = then.side(record)
            if old.reached.digest != record.params.get("code"):
                raise UserError(f"its code is not that of commit {commit[:12]}, which recorded it")
        except UserError as error:
            outcome.refused[str(error)].append(path)
            continue
        digests = old.reached.digest, new.reached.digest
        found = known[digests] = known.get(digests) or change(old, new)
        if found.unclear:
            for each in found.unclear:
                outcome.refused[f"{each}: no run can vouch for that"].append(path)
        else:
            cases.append(Case(path, record, then, found))
    return cases


def _commits(study: str) -> dict[Path, str]:
    """Return the newest commit that changed each record of a study."""
    folder = RECORDS / study
    told = run("git", "log", "--format=commit %H", "--name-only", "--", str(folder)).splitlines()
    found: dict[Path, str] = {}
    commit = ""
    for line in told:
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line and (path := Path(line)).exists():
            found.setdefault(path, commit)
    return found


def _in_test(artifact: str) -> str:
    """Return what an artifact of another study is called in the one that vouches."""
    results, _, *names = Path(artifact).parts
    return Path(results, STUDY, *names).as_posix()


def _decide(case: Case, then: Run, now: Run, today: Version, outcome: Outcome) -> None:
    faults = objections(case.record.rule, case.change, then, now)
    for fault in faults:
        outcome.refused[fault].append(case.path)
    if not faults:
        write_text(case.path, _renewed(case, today).text)
        outcome.vouched.append(case.path)


def _renewed(case: Case, today: Version) -> Record:
    """Return a record with today's digests, and with what vouched for them."""
    record, reached = case.record, today.side(case.record).reached
    params = {**record.params, "code": reached.digest}
    if "uses" in params:
        params["uses"] = sorted(reached.entries)
    voucher = {
        "code": record.params["code"],
        "commit": case.then.commit,
        "new_commit": today.commit,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
    }
    return replace(record, params=params, definitions=reached.definitions, vouched=[*record.vouched, voucher])


def main(studies: list[str]) -> None:
    """Vouch for studies and say for which jobs; status 1 if any is refused."""
    try:
        outcome = vouch(studies)
    except UserError as error:
        sys.exit(f"vouched for nothing: {error}")
    refused = {path for paths in outcome.refused.values() for path in paths}
    for fault, paths in outcome.refused.items():
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        print(f"{fault}\n    so not for {', '.join(map(str, paths[:3]))}{more}")
    if not refused and not outcome.vouched:
        print("All records name today's code; there is nothing to vouch for.")
        return
    print(f"The study {STUDY} vouches for {len(outcome.vouched)} jobs, and not for {len(refused)}.")
    if outcome.vouched:
        print(f"  git add {RECORDS} && git commit")
    sys.exit(bool(refused))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m advex.vouching STUDY...")
    main(sys.argv[1:])
