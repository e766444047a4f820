"""Versions of the code: checkouts of commits in temporary folders, what jobs reach there, and runs there."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from advex.errors import UserError
from advex.manifests import run
from advex.provenance import Code
from advex.records import Record
from advex.vouching.decision import Run
from advex.vouching.executed import read_executed
from advex.vouching.sides import Side

STUDY = "test"
"""The study that vouches."""

HOOK = Path(__file__).parent / "hook"
SECONDS = 2 * 60 * 60
"""How long a run may take at most."""

_RULE = re.compile(r"^(?:use rule (?P<base>\w+) as (?P<derived>\w+) with|rule (?P<name>\w+)):", re.MULTILINE)
_SCRIPT = re.compile(r'"\.\./scripts/(\w+\.py)"')


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

    @cached_property
    def scripts(self) -> dict[str, str]:
        """The script of each rule."""
        return scripts_of(self.folder / "rules")

    def side(self, record: Record) -> Side:
        """Return what a recorded job reaches in this version.

        Raises:
            UserError: the job is none of this version's.
        """
        script = self.scripts.get(record.rule)
        if script is None:
            raise UserError(f"there is no rule {record.rule} in commit {self.commit[:12]}")
        reached = self._code.reached(self.folder / "scripts" / script, record.params.get("uses", []))
        return Side(self.folder, reached)

    def run(self, artifacts: Iterable[str]) -> Run:
        """Make artifacts of the study that vouches, with all behind them, and note what the jobs execute.

        Args:
            artifacts: paths, of which those are left out that the study does not have.

        Raises:
            UserError: the run failed.
        """
        lines = self._snakemake({}, "--summary").splitlines()
        targets = sorted({line.partition("\t")[0] for line in lines} & set(artifacts))
        if not targets:
            return Run({}, {})
        with tempfile.TemporaryDirectory(prefix="advex-watched-") as watched:
            self._snakemake({"ADVEX_WATCHED": watched}, *targets)
            return Run(self._records(), read_executed(Path(watched)))

    def _snakemake(self, environment: Mapping[str, str], *arguments: str) -> str:
        paths = [str(HOOK), str(self.folder / "src"), os.environ.get("PYTHONPATH", "")]
        finished = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, "--config", f"study={STUDY}"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if finished.returncode:
            raise UserError(
                f"the study {STUDY} fails with the code of commit {self.commit[:12]}:\n"
                + (finished.stdout + finished.stderr)[-3000:]
            )
        return finished.stdout

    def _records(self) -> dict[str, Record]:
        """Read what the run recorded, wherever this version keeps records."""
        files = {
            *self.folder.glob(f"records/{STUDY}/**/*.json"),
            *self.folder.glob(f"results/{STUDY}/records/**/*.json"),
        }
        return {record.log: record for record in map(Record.read, sorted(files))}


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


def scripts_of(rules: Path) -> dict[str, str]:
    """Return the script of each rule that has one, by reading the files of rules in a folder."""
    found: dict[str, str] = {}
    derived: dict[str, str] = {}
    for file in sorted(rules.glob("*.smk")):
        text = file.read_text(encoding="utf-8")
        starts = list(_RULE.finditer(text))
        ends = [*(each.start() for each in starts), len(text)][1:]
        for start, end in zip(starts, ends, strict=True):
            script = _SCRIPT.search(text, start.end(), end)
            if script:
                found[start["name"] or start["derived"]] = script[1]
            elif start["base"]:
                derived[start["derived"]] = start["base"]
    return found | {name: found[base] for name, base in derived.items() if base in found}
