"""Telling a run that goes on from what a killed one left."""

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.common.machine import locks

HOLDER = """
import sys
from pathlib import Path
from advex.common.machine.locks import {kind}
with {kind}(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(folder: Path, kind: str = "in_common") -> Iterator[subprocess.Popen[str]]:
    """Let another process hold a folder during the body."""
    command = [sys.executable, "-c", HOLDER.format(kind=kind), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def mark(folder: Path) -> Path:
    """Leave the marks that a run of Snakemake leaves."""
    file = folder / "locks" / "0.output.lock"
    file.parent.mkdir(exist_ok=True)
    file.write_text("results/test/figures/a.svg\n")
    return file


def ran(folder: Path, **changes: object) -> None:
    """Write down a run, of this machine unless said otherwise."""
    run = {"process": 1, "machine": locks.platform.node(), "boot": locks._boot(), "since": "then", **changes}
    (folder / "at_work").write_text(json.dumps(run) + "\n")


@pytest.mark.parametrize("kind", ["in_common", "alone"])
def test_a_run_that_goes_on_is_named_and_its_marks_stay(tmp_path: Path, kind: str) -> None:
    with held(tmp_path, kind) as process:
        marks = mark(tmp_path)
        with pytest.raises(UserError, match=rf"another run is going on.*process {process.pid} "):
            locks.alone(tmp_path).__enter__()
        assert marks.exists()
        assert not locks.abandoned(tmp_path)


def test_what_a_killed_run_left_is_removed_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(tmp_path) as process:
        mark(tmp_path)
        process.kill()
        process.wait()
        assert locks.abandoned(tmp_path)
        with locks.alone(tmp_path):
            assert not locks.marked(tmp_path)
    assert f"was killed (process {process.pid} on " in capsys.readouterr().out


def test_a_process_number_in_use_again_is_in_nobodys_way(tmp_path: Path) -> None:
    mark(tmp_path)
    ran(tmp_path, process=1)  # number 1 is always in use
    with locks.alone(tmp_path):
        assert not locks.marked(tmp_path)


def test_another_container_on_this_machine_counts_as_this_machine(tmp_path: Path) -> None:
    if not locks._boot():
        pytest.skip("this system has no name for a start of the machine")
    mark(tmp_path)
    ran(tmp_path, machine="8f6a7c")
    with locks.alone(tmp_path):
        assert not locks.marked(tmp_path)


def test_this_machine_is_known_after_a_power_loss(tmp_path: Path) -> None:
    mark(tmp_path)
    ran(tmp_path, boot="the last one")
    with locks.alone(tmp_path):
        assert not locks.marked(tmp_path)


@pytest.mark.parametrize("known", [True, False])
def test_marks_of_another_machine_or_of_nobody_known_stay(tmp_path: Path, known: bool) -> None:
    marks = mark(tmp_path)
    if known:
        ran(tmp_path, machine="elsewhere", boot="another")
    with pytest.raises(UserError, match=r"cannot be told from here(.|\n)*--unlock"):
        locks.alone(tmp_path).__enter__()
    assert marks.exists()


def test_a_second_machine_does_not_hide_the_first(tmp_path: Path) -> None:
    """Marks of a run elsewhere stay known although a run here began and was killed since."""
    marks = mark(tmp_path)
    ran(tmp_path, machine="elsewhere", boot="another")
    with locks.in_common(tmp_path):
        pass
    with pytest.raises(UserError, match="process 1 on elsewhere since then; process"):
        locks.alone(tmp_path).__enter__()
    assert marks.exists()


def test_without_locks_of_the_file_system_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(descriptor: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", missing)
    with locks.alone(tmp_path), locks.in_common(tmp_path):
        pass
    marks = mark(tmp_path)
    ran(tmp_path)
    with pytest.raises(UserError, match="cannot be told"):
        locks.alone(tmp_path).__enter__()
    assert marks.exists()


def test_garbled_lines_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "at_work").write_bytes(b'\x00\x00\xff{"proc\n[1]\n{"process": 7}\n')
    assert locks._runs(tmp_path / "at_work") == [{"process": 7}]


def test_runs_that_share_a_folder_are_not_in_each_others_way(tmp_path: Path) -> None:
    with held(tmp_path), locks.in_common(tmp_path) as descriptor, locks.in_common(tmp_path) as same:
        assert descriptor == same
    with held(tmp_path, "alone"), locks.in_common(tmp_path):
        assert len((tmp_path / "at_work").read_text().splitlines()) == 2


def test_a_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locks.alone(tmp_path), locks.in_common(tmp_path):
            pass
    assert len((tmp_path / "at_work").read_text().splitlines()) == 1


def test_only_one_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "new" / "installing"
    with locks.only_one(file, "an installation"), pytest.raises(UserError, match="already going on here"):
        locks.only_one(file, "an installation").__enter__()
    with locks.only_one(file, "an installation"):
        pass
