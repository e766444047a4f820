"""Vouch for the published records of studies, or say for which jobs nothing vouches, and why."""

import importlib.util
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from advex.common.errors import UserError
from advex.records.manifests import run
from advex.records.publishing import SOURCES
from advex.records.records import SHIPPED, Record
from advex.records.vouching.changes import Change, change
from advex.records.vouching.decision import objections
from advex.records.vouching.machine import machine
from advex.records.vouching.versions import STUDY, Version, checkouts
from advex.records.why import Planned, settings_changed


@dataclass(frozen=True)
class Case:
    """A job whose code is not today's.

    Attributes:
        path: of its record.
        record: the record.
        then: the code that it ran with.
        job: the job as it is today.
        change: how what it reached then differs from what it reaches today.
    """

    path: Path
    record: Record
    then: Version
    job: Planned
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
        UserError: coverage is not installed; code, configuration or records are not committed; a study has no
            records; or a run failed.
    """
    if importlib.util.find_spec("coverage") is None:
        raise UserError(
            "coverage, which notes what runs execute, is not installed. It comes with what the tests need:\n"
            "  make .venv/testable      (`make vouch` and `make test` do that by themselves)"
        )
    if changed := run("git", "status", "--porcelain", "--", *SOURCES, str(SHIPPED)).splitlines():
        listed = "\n  ".join(changed[:10])
        raise UserError(f"not committed, though vouching compares commits:\n  {listed}\nCommit it first.")
    outcome = Outcome()
    with checkouts() as version:
        today = version(run("git", "rev-parse", "HEAD").strip())
        cases = [case for study in studies for case in _cases(study, today, version, outcome)]
        if not cases:
            return outcome
        artifacts = {_in_test(path) for case in cases for path in case.record.outputs}
        runs = {}
        for each in {case.then.commit: case.then for case in cases}.values():
            print(f"Running the study {STUDY} with the code of commit {each.commit[:12]} ...", flush=True)
            runs[each.commit] = each.run(artifacts)
        print(f"Running it with today's, of commit {today.commit[:12]} ...", flush=True)
        now = today.run(artifacts)
        for case in cases:
            faults = objections(case.record, case.change, runs[case.then.commit], now)
            for fault in faults:
                outcome.refused[fault].append(case.path)
            if not faults:
                _renewed(case, today).write(case.path)
                outcome.vouched.append(case.path)
    return outcome


def _cases(study: str, today: Version, version: Callable[[str], Version], outcome: Outcome) -> Iterator[Case]:
    """Yield the jobs of a study whose code differs and for which runs may vouch; refuse the others."""
    commits = _commits(study)
    if not commits:
        raise UserError(f"{study}: no records of it are committed; publish it first (docs/storage.md)")
    known: dict[tuple[str, str], Change] = {}
    for path in sorted(set().union(*commits.values())):
        record = Record.read(path)
        job = today.plan(study).get(record.log)
        if job is not None and job.params.get("code") == record.params.get("code"):
            continue
        then = _that_ran(record, path, commits, version)
        faults = list(_otherwise(record, then, job))
        if not faults and job is not None and then is not None:
            old, new = then.side(then.plan(study)[record.log]), today.side(job)
            digests = old.reached.digest, new.reached.digest
            if digests not in known:
                known[digests] = change(old, new)
            faults = [f"{each}: no run can vouch for that" for each in dict.fromkeys(known[digests].unclear)]
            if not faults:
                yield Case(path, record, then, job, known[digests])
        for fault in faults:
            outcome.refused[fault].append(path)


def _commits(study: str) -> dict[str, set[Path]]:
    """Return which of the study's records each commit changed, the newest commit first."""
    told = run("git", "log", "--format=commit %H", "--name-only", "--", str(SHIPPED / study)).splitlines()
    found: dict[str, set[Path]] = {}
    for line in told:
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
            found[commit] = set()
        elif line and Path(line).exists():
            found[commit].add(Path(line))
    return found


def _that_ran(
    record: Record, path: Path, commits: dict[str, set[Path]], version: Callable[[str], Version]
) -> Version | None:
    """Return the newest code with a record's digest, of commits of records since the record's own."""
    study = path.parts[1]
    for commit, paths in commits.items():
        then = version(commit)
        try:
            job = then.plan(study).get(record.log)
        except UserError:  # whatever this commit is, it is none that can be run
            job = None
        if job is not None and job.params.get("code") == record.params.get("code"):
            return then
        if path in paths:
            break
    return None


def _otherwise(record: Record, then: Version | None, job: Planned | None) -> Iterator[str]:
    """Say why a job is none that would do today what its record says, were it not for its code."""
    if job is None:
        yield "the study makes nothing of this kind today"
    elif then is None:
        yield "its code is that of no commit since it was recorded"
    else:
        before = then.plan(Path(record.log).parts[1])[record.log]
        for params in (before.params, job.params):
            for path, old, new in settings_changed(record.params, params):
                yield f"its setting {path} is not as recorded: {old} -> {new}"
        if set(record.inputs) != set(job.inputs) or set(record.outputs) != set(job.outputs):
            yield "it reads or writes other files than its record says"


def _in_test(artifact: str) -> str:
    """Return what an artifact of another study is called in the one that vouches."""
    results, _, *names = Path(artifact).parts
    return Path(results, STUDY, *names).as_posix()


def _renewed(case: Case, today: Version) -> Record:
    """Return a record with today's digests, and with what vouched for them."""
    record = case.record
    own = {name: case.job.params[name] for name in ("code", "uses") if name in case.job.params}
    voucher = {
        "code": record.params["code"],
        "commit": case.then.commit,
        "new_commit": today.commit,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
    }
    return replace(
        record,
        params={**record.params, **own},
        definitions=today.side(case.job).reached.definitions,
        vouched=[*record.vouched, voucher],
    )


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
        print(f"  git add {SHIPPED} && git commit")
    sys.exit(bool(refused))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m advex.records.vouching STUDY...")
    main(sys.argv[1:])
