"""Versions of the code: checkouts of commits in temporary folders, what jobs reach there, and runs there."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from advex.common.errors import UserError
from advex.common.machine.workers import SWITCH
from advex.records.manifests import run
from advex.records.provenance import Code
from advex.records.records import Record
from advex.records.vouching.decision import Run
from advex.records.vouching.executed import read_executed
from advex.records.vouching.sides import Side
from advex.records.why import Planned, planned

STUDY = "test"
"""The study that vouches."""

HOOK = Path(__file__).parent / "hook"
SECONDS = 2 * 60 * 60
"""How long a run may take at most."""


class Version:
    """The code of one commit.

    Args:
        commit: its hash.
        folder: where it is checked out.
    """

    def __init__(self, commit: str, folder: Path) -> None:
        self.commit = commit
        self.folder = folder
        self._code = Code(folder / "src" / "advex")
        self._plans: dict[str, dict[str, Planned]] = {}

    def plan(self, study: str) -> dict[str, Planned]:
        """Return the jobs of a study as this version's workflow would run them, by the paths of their logs.

        Raises:
            UserError: this version has no such study.
        """
        if study not in self._plans:
            self._plans[study] = {job.log: job for job in planned(study=study, code=self.folder)}
        return self._plans[study]

    def side(self, job: Planned) -> Side:
        """Return what a job of this version's reaches."""
        return Side(self.folder, self._code.reached(job.script, job.params.get("uses", [])))

    def run(self, artifacts: Iterable[str]) -> Run:
        """Make artifacts of the study that vouches, with all behind them, and note what the jobs execute.

        Args:
            artifacts: paths, of which those are left out that the study does not have.

        Raises:
            UserError: the run failed.
        """
        known = {path for job in self.plan(STUDY).values() for path in job.outputs}
        targets = sorted(known & set(artifacts))
        if not targets:
            return Run({}, {})
        with tempfile.TemporaryDirectory(prefix="advex-watched-") as watched:
            self._snakemake(watched, *targets)
            return Run(self._records(), read_executed(Path(watched)))

    def _snakemake(self, watched: str, *targets: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HOOK), str(self.folder / "src")]),
            "ADVEX_WATCHED": watched,
            SWITCH: "no",  # Python itself starts to watch, so each job starts Python
            "COVERAGE_CORE": "ctrace",  # of all, it tells most exactly from where to where execution went
        }
        try:
            finished = subprocess.run(
                [sys.executable, "-m", "snakemake", *targets, "--config", f"study={STUDY}"],
                cwd=self.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"the study {STUDY} takes more than {SECONDS // 3600} hours here") from error
        if finished.returncode:
            raise UserError(
                f"the study {STUDY} fails with the code of commit {self.commit[:12]}:\n"
                + (finished.stdout + finished.stderr)[-3000:]
            )

    def _records(self) -> dict[str, Record]:
        """Read what the run recorded: its own records, or shipped ones that tell the same."""
        files = [
            *sorted(self.folder.glob(f"records/{STUDY}/**/*.json")),
            *sorted(self.folder.glob(f"results/{STUDY}/records/**/*.json")),
        ]
        return {record.log: record for record in map(Record.read, files)}


@contextmanager
def checkouts() -> Iterator[Callable[[str], Version]]:
    """Yield a function that checks a commit out, once, in a temporary folder; at the end all are removed."""
    known: dict[str, Version] = {}
    with tempfile.TemporaryDirectory(prefix="advex-vouching-") as folder:

        def version(commit: str) -> Version:
            if commit not in known:
                place = Path(folder).resolve() / commit[:12]
                run("git", "worktree", "add", "--quiet", "--detach", str(place), commit)
                known[commit] = Version(commit, place)
            return known[commit]

        try:
            yield version
        finally:
            for each in known.values():
                run("git", "worktree", "remove", "--force", str(each.folder))
