"""Copies of the repository in other folders, and running the workflow there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import programs
from filelock import FileLock

ROOT = Path(__file__).parents[1]
PARTS = (
    "Snakefile", "config", "rules", "scripts", "profiles", "envs", "published", "report", "src",
    ".gitignore", ".gitattributes", ".dvcignore", ".dvc/config", ".dvc/.gitignore", "data.dvc",
    "results/.gitignore", "docs/discrepancies.md", "CITATION.cff",
)  # fmt: skip
WITHOUT_TORCH = "envs/figures.yaml"
Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def copy_repository(folder: Path) -> Path:
    """Copy what the workflow needs; the library too, so that it can be edited there."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            (folder / part).parent.mkdir(exist_ok=True)
            shutil.copy2(source, folder / part)
    return folder


def clean_environment() -> dict[str, str]:
    """The environment of programs in copies: no mirror, and no SLURM, for whose answer Snakemake waits."""
    clean = {name: value for name, value in os.environ.items() if name != "ADVEX_MIRROR"}
    return {**clean, "SLURM_CONF": os.devnull}


def runner(folder: Path) -> Snakemake:
    """Return a function that runs snakemake in a folder with the library that lies there."""

    def snakemake(
        *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        told = {**clean_environment(), "PYTHONPATH": str(folder / "src"), **(environment or {})}
        return programs.run((sys.executable, "-m", "snakemake", *arguments), folder, told, seconds=1800)

    return snakemake


class Once:
    """Makes folders once for all processes that share out the tests among them.

    Args:
        base: a folder that they have in common.
    """

    def __init__(self, base: Path) -> None:
        self.base = base

    def __call__(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return the folder of a name, made by whoever asks first; others wait, or fail if it failed."""
        folder, made, failed = (self.base / f"{name}{ending}" for ending in ("", ".made", ".failed"))
        with FileLock(self.base / f"{name}.lock"):
            assert not failed.exists(), f"{name}: it could not be made; another process of the tests says why"
            if not made.exists():
                failed.touch()
                make(folder)
                failed.rename(made)
        return folder


def scripts_without_torch() -> list[str]:
    """Return the scripts of all rules whose environment has no torch, by reading the rules."""
    found = set()
    for file in (ROOT / "rules").glob("*.smk"):
        for rule in re.split(r"^(?:use )?rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            script = re.search(r'"\.\./(scripts/\w+\.py)"', rule)
            if WITHOUT_TORCH in rule and script:
                found.add(script.group(1))
    return sorted(found)


def notebook_program(path: Path) -> str:
    """Return the code of a notebook as one program; it has no magic words."""
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
