"""Checkouts of the repository, and what one does in them."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import programs
import yaml
from copies import clean_environment

from advex.config import load

FIGURE = "results/test/figures/ilyas/relabelled.svg"
TEST = ("--config", "study=test")

_IDENTITY = {
    "GIT_AUTHOR_NAME": "someone", "GIT_AUTHOR_EMAIL": "someone@example.org",
    "GIT_COMMITTER_NAME": "someone", "GIT_COMMITTER_EMAIL": "someone@example.org",
}  # fmt: skip


_MESSAGES = {
    "prepare the images": "prepare/natural",
    "prepare all images of the source": "prepare/whole",
    "prepare patches, other images": "prepare/other_patches",
    "corrupt the test images": "corrupt/test",
    "judge the claims": "judge/scorecard",
    "write the page": "report/report",
}


def _name(message: str, own: Mapping[str, str]) -> str:
    """Return the name of the job whose message this is: ``train on_det, seed 0`` is train/on_det/seed0.

    ``own`` are the jobs of experiments with a job of their own, by what they say.
    """
    told, _, seed = message.partition(", seed ")
    name = (_MESSAGES | own).get(told) or told.replace("pick the images of ", "picture ").replace(" ", "/", 1)
    return f"{name}/seed{seed}" if seed else name


@dataclass(frozen=True)
class Checkout:
    """A checkout of the repository in a folder of its own."""

    folder: Path

    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of programs that run here: their library is the one that lies here."""
        return {
            **clean_environment(), **_IDENTITY, "PYTHONPATH": str(self.folder / "src"), **self.variables
        }  # fmt: skip

    def on_another_processor(self) -> "Checkout":
        """Return the same checkout on a processor without vector instructions: its sums differ in bits."""
        return Checkout(self.folder, {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"})

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return programs.run(command, self.folder, self.environment, seconds=600)

    def ok(self, *command: str) -> str:
        """Run a program that must succeed; return what it said."""
        finished = self.run(*command)
        assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]
        return finished.stdout + finished.stderr

    def refused(self, *command: str) -> str:
        """Run a program that must fail, and not by crashing; return what it said."""
        finished = self.run(*command)
        said = finished.stdout + finished.stderr
        assert finished.returncode != 0, said[-4000:]
        assert "Traceback" not in said, said[-4000:]
        return said

    def git(self, *arguments: str) -> str:
        return self.ok("git", *arguments)

    def dvc(self, *arguments: str) -> str:
        return self.ok(*DVC, *arguments)

    def snakemake(self, *arguments: str) -> str:
        return self.ok(*SNAKEMAKE, *arguments)

    def publish(self) -> str:
        return self.ok(*PUBLISH)

    def pull(self, *arguments: str) -> str:
        """Do what ``make pull`` does."""
        return self.ok(*PULL, *arguments)

    def changed(self) -> str:
        """Return what git shows as changed or new."""
        return self.git("status", "--porcelain")

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def clone(self, folder: Path) -> "Checkout":
        """Clone the last commit."""
        self.git("clone", "--quiet", str(self.folder), str(folder))
        return Checkout(folder)

    def copy(self, folder: Path) -> "Checkout":
        """Copy everything that lies here, committed or not."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder)

    def planned(self, *arguments: str) -> set[str]:
        """Return the jobs that a dry run plans, named ``verb/name...`` as their logs are."""
        said = self.snakemake("--dry-run", *(arguments or TEST))
        told = re.findall(r"^Job \d+: (.+) (?:of|with) [\w-]+$", said, re.MULTILINE)
        total = re.search(r"^total +(\d+)$", said, re.MULTILINE)
        assert len(told) == (int(total[1]) - ("\nall " in said) if total else 0), said
        assert told or "Nothing to be done" in said, said
        experiments = self.experiments()
        return {_name(message, experiments) for message in told}

    def experiments(self) -> dict[str, str]:
        """Return the jobs of experiments with a job of their own, ``verb/source/name``, by what they say."""
        rows = yaml.safe_load((self.folder / "config/experiments.yaml").read_text())["experiments"]
        return {
            row["says"]: f"{'draw' if 'pages' in row else 'measure'}/{name}" for name, row in rows.items()
        }

    def figures(self, study: str) -> list[str]:
        """Return the names of a study's figures, ``source/name``."""
        return load(self.folder / "config").figure_names(study)

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit a file."""
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} holds no {old!r}"
        file.write_text(text.replace(old, new, 1))

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """Edit a file for the body, then take the edit back."""
        original = (self.folder / path).read_text()
        self.replace(path, old, new)
        try:
            yield
        finally:
            (self.folder / path).write_text(original)


DVC = (sys.executable, "-m", "dvc")
SNAKEMAKE = (sys.executable, "-m", "snakemake")
PULL = (sys.executable, "-m", "advex.records.pulling")
PUBLISH = (sys.executable, "-m", "advex.records.publishing", "test")
