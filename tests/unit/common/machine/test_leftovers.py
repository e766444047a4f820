"""Files that a killed process was writing do not stay for ever; nothing else is touched."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from advex.common.files import atomic_path
from advex.common.machine.leftovers import is_unfinished, remove_leftovers
from advex.common.machine.locks import alone, in_common

KILLED = """
import os, signal, sys
from advex.common.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
NAMES = ("gaussian.svg", "seed0.safetensors", "seed0.csv", "contents.json", "a.b.c.png", "none", "two b.csv")


def killed_while_writing(path: Path) -> Path:
    """Have a process killed that writes a file; return what it left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = set(path.parent.iterdir())
    finished = subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=60, check=False)
    assert finished.returncode == -signal.SIGKILL
    (left,) = set(path.parent.iterdir()) - before
    return left


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_that_are_being_written_are_known(tmp_path: Path, name: str) -> None:
    with atomic_path(tmp_path / name) as temporary:
        assert is_unfinished(temporary.name)
    assert not is_unfinished(name)


@pytest.mark.parametrize(
    "name",
    [".gitignore", ".gitkeep", ".DS_Store", ".hidden.csv", ".seed0.csv.short.csv", ".a.csv.abcdefgh.png",
     ".a.csv.ABCDEFGH.csv", "a.csv.abcdefgh.csv", ".nfs0000abcd1234"],
)  # fmt: skip
def test_other_hidden_files_are_not(name: str) -> None:
    assert not is_unfinished(name)


@pytest.mark.parametrize("hold", [alone, in_common])
def test_who_begins_alone_removes_what_a_killed_process_left(tmp_path: Path, hold: type[alone]) -> None:
    memory, results = tmp_path / ".snakemake", tmp_path / "results"
    left = [
        killed_while_writing(results / "test/figures/ilyas/gaussian.svg"),
        killed_while_writing(results / "test/models/standard/seed0.safetensors"),
        killed_while_writing(memory / "contents.json"),
        memory / "scripts/tmpabcdefgh.train.py",
        tmp_path / "data/cifar10/.download-abcdefgh/part",
    ]
    kept = [
        results / "test/models/standard/seed1.checkpoint", results / "test/figures/ilyas/.own.svg",
        memory / "metadata/abc", tmp_path / "data/cifar10/whole.tar.gz", tmp_path / ".other.csv.abcdefgh.csv",
    ]  # fmt: skip
    for path in (*left[3:], *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    with hold(memory):
        assert not [path for path in left if path.exists()]
        assert not left[-1].parent.exists()
        assert all(path.exists() for path in kept)


def test_a_run_that_goes_on_keeps_its_files(tmp_path: Path) -> None:
    memory, file = tmp_path / ".snakemake", tmp_path / "results/test/.a.csv.abcdefgh.csv"
    file.parent.mkdir(parents=True)
    holder = f"""
import sys
from pathlib import Path
from advex.common.machine.locks import in_common
with in_common(Path({str(memory)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", holder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        file.write_text("being written")
        with in_common(memory):
            assert file.exists()
        process.kill()
    with in_common(memory):
        assert not file.exists()


def test_the_folder_of_a_study_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "repository/results").mkdir(parents=True)
    os.symlink(tmp_path / "scratch", tmp_path / "repository/results/digits")
    left = killed_while_writing(tmp_path / "scratch/models/a.csv")
    assert remove_leftovers(tmp_path / "repository/.snakemake")
    assert not left.exists()


def test_other_links_are_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".a.csv.abcdefgh.csv").write_text("")
    (tmp_path / "repository/results").mkdir(parents=True)
    os.symlink(elsewhere, tmp_path / "repository/results/.download-link")
    remove_leftovers(tmp_path / "repository/.snakemake")
    assert (elsewhere / ".a.csv.abcdefgh.csv").exists()
