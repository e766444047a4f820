"""Copies of the repository in temporary folders; in one of them the test study is run once for all tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from copies import ROOT, Once, Snakemake, copy_repository, runner

# Tests commit, pull and run as nobody in particular: what the person who runs them has set must not matter.
os.environ |= {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
    "DVC_GLOBAL_CONFIG_DIR": "/nonexistent", "DVC_SYSTEM_CONFIG_DIR": "/nonexistent",
}  # fmt: skip
for _name in ("ADVEX_MIRROR", "ADVEX_SITE", "ADVEX_WORKERS", "SNAKEMAKE_PROFILE"):
    os.environ.pop(_name, None)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """How to make a folder once for all processes that share out the tests among them."""
    base = tmp_path_factory.getbasetemp()
    return Once(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="session")
def built(once: Once) -> Path:
    """A copy in which the whole test study has been run; ``executed/`` says which functions each job ran.

    Tests change nothing in it.
    """

    def build(folder: Path) -> None:
        copy_repository(folder)
        watching = {
            "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(Path(__file__).parent / "watching")]),
            "ADVEX_EXECUTED": str(folder / "executed"),
        }
        finished = runner(folder)("--config", "study=test", environment=watching)
        assert finished.returncode == 0, finished.stderr[-5000:]
        (folder / "first_run.txt").write_text(finished.stdout + finished.stderr)

    return once("built", build)


@pytest.fixture(scope="session")
def documentation(once: Once) -> Path:
    """The documentation as a site, built without a warning. Tests change nothing in it."""

    def build(folder: Path) -> None:
        told = (sys.executable, "-I", str(ROOT / "docs/site/build.py"), str(folder))
        finished = subprocess.run(told, capture_output=True, text=True, timeout=1800, check=False)
        assert (finished.returncode, finished.stderr) == (0, ""), finished.stdout + finished.stderr

    return once("documentation", build)


@pytest.fixture(scope="session")
def repository(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the finished test study, in which tests run what they like and put back what they edit."""
    folder = tmp_path_factory.mktemp("repository") / "repository"
    shutil.copytree(built, folder, symlinks=True)
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
