"""A copy of the repository in a temporary folder, in which the test study is run once for all tests."""

import os
from pathlib import Path

import pytest
from copies import Snakemake, copy_repository, runner


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which the whole test study has been run; ``executed/`` says which functions each job ran."""
    folder = copy_repository(tmp_path_factory.mktemp("repository"))
    watching = {
        "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(Path(__file__).parent / "watching")]),
        "ADVEX_EXECUTED": str(folder / "executed"),
    }
    finished = runner(folder)("--config", "study=test", environment=watching)
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
