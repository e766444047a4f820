"""A copy of the repository in a temporary folder, in which the test study is run once for all tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config", "rules", "scripts", "profiles", "envs", "published", "report", "src")
Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def copy_repository(folder: Path) -> Path:
    """Copy what the workflow needs; the library too, so that it can be edited there."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, folder / part)
    return folder


def runner(folder: Path) -> Snakemake:
    """Return a function that runs snakemake in a folder with the library that lies there."""

    def snakemake(
        *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if name != "ADVEX_MIRROR"}
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            env={**clean, "PYTHONPATH": str(folder / "src"), **(environment or {})},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    return snakemake


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which the whole test study has been run."""
    folder = copy_repository(tmp_path_factory.mktemp("repository"))
    finished = runner(folder)("--config", "study=test")
    assert finished.returncode == 0, finished.stderr[-5000:]
    (folder / "first_run.txt").write_text(finished.stdout + finished.stderr)
    return folder


@pytest.fixture(scope="session")
def snakemake(repository: Path) -> Snakemake:
    """Run snakemake in the copy with the finished study."""
    return runner(repository)


@pytest.fixture
def fresh(tmp_path: Path) -> tuple[Path, Snakemake]:
    """An unused copy, and how to run snakemake in it."""
    folder = copy_repository(tmp_path / "fresh")
    return folder, runner(folder)
