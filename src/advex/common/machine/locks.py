"""Who is at work in this folder, so that what a killed run left can be told from a run that goes on.

Snakemake marks the files of a run in ``.snakemake/locks`` and, killed, leaves the marks. A lock that the
operating system holds ends with the process: every run holds ``.snakemake/at_work`` in common with others,
its jobs inherit the hold, and ``make`` first asks for it alone. Process numbers are told to people and decide
nothing, since another process may have the number by now.

On a file system without such locks, and after a run on another machine, whose locks may not be seen from
here, it is open whether a run goes on: then nothing is removed.
"""

import fcntl
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advex.common.errors import UserError
from advex.common.machine.leftovers import remove_leftovers

_BOOT = Path("/proc/sys/kernel/random/boot_id")

_held: dict[Path, int] = {}
"""Files that this process holds, and their descriptors: a second hold of its own would be in its way."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a Snakemake folder from the only run that began while no other was going on.

    Removes the marks that a killed run left there, and says so, and its unfinished files.

    Raises:
        UserError: another run is going on, or there are marks of which nobody here can tell whose they are.
    """
    file = _file(folder)
    descriptor = _open(file)
    try:
        sure = _lock(descriptor, fcntl.LOCK_EX)
        if sure is False:
            raise UserError(_going_on(file))
        marks = folder / "locks"
        if marked(folder):
            runs = _runs(file)
            if sure is None or not runs or not all(_of_this_machine(run) for run in runs):
                raise UserError(
                    f"{marks}: a run marked its files here and did not end{_listed(file)}. Whether it still "
                    "goes on cannot be told from here.\nOnce you are sure that it does not, remove its "
                    "marks: `.venv/bin/snakemake --unlock`."
                )
            shutil.rmtree(marks)
            print(
                f"The last run here was killed{_listed(file)}. No process of it is left, so the marks it set "
                "on its files are removed; what it had finished is kept.",
                flush=True,
            )
        if sure:
            remove_leftovers(folder)
        _register(file, anew=True)
        # In common from here on, so that others may draw a figure meanwhile; nobody gets it alone.
        if _lock(descriptor, fcntl.LOCK_SH) is False:
            raise UserError(_going_on(file))
        _held[file] = descriptor
        yield
    finally:
        _held.pop(file, None)
        os.close(descriptor)


@contextmanager
def in_common(folder: Path) -> Iterator[int]:
    """Hold a Snakemake folder together with other runs; yield the descriptor, for jobs to inherit.

    If nobody else is at work there, unfinished files are removed first.
    """
    file = _file(folder)
    if file in _held:
        yield _held[file]
        return
    descriptor = _open(file)
    try:
        nobody = _lock(descriptor, fcntl.LOCK_EX)
        if nobody:
            remove_leftovers(folder)
        _register(file, anew=bool(nobody) and not marked(folder))
        _lock(descriptor, fcntl.LOCK_SH, seconds=5)  # held alone by others for a moment only
        _held[file] = descriptor
        yield descriptor
    finally:
        _held.pop(file, None)
        os.close(descriptor)


def abandoned(folder: Path) -> bool:
    """Tell whether Snakemake's marks are here although no process of this machine is at work."""
    if not marked(folder) or _file(folder) in _held:
        return False
    descriptor = _open(_file(folder))
    try:
        return _lock(descriptor, fcntl.LOCK_EX) is True
    finally:
        os.close(descriptor)


def marked(folder: Path) -> bool:
    """Tell whether Snakemake has marked files as belonging to a run."""
    return any((folder / "locks").glob("*.lock"))


@contextmanager
def only_one(file: Path, what: str) -> Iterator[None]:
    """Hold a file alone for the body.

    Raises:
        UserError: another process holds it; the message says that ``what`` is going on already.
    """
    descriptor = _open(file)
    try:
        if _lock(descriptor, fcntl.LOCK_EX) is False:
            raise UserError(f"{what} is already going on here; wait until it ends, or end it")
        yield
    finally:
        os.close(descriptor)


def _file(folder: Path) -> Path:
    return folder.resolve() / "at_work"


def _open(file: Path) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o666)


def _lock(descriptor: int, kind: int, seconds: float = 0) -> bool | None:
    """Try to get or change a lock: True if it is had, False if others hold it, None if none exist here."""
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
        except OSError:
            return None
        else:
            return True


def _register(file: Path, anew: bool) -> None:
    """Write down who begins to work here, for messages, and for runs on other machines."""
    run = {
        "process": os.getpid(),
        "machine": platform.node(),
        "boot": _boot(),
        "since": time.strftime("%Y-%m-%d %H:%M"),
    }
    with file.open("w" if anew else "a", encoding="utf-8") as lines:
        lines.write(json.dumps(run) + "\n")
        lines.flush()
        os.fsync(lines.fileno())  # after a power loss it must say whose the marks are


def _runs(file: Path) -> list[dict[str, str | int]]:
    """Return who began to work here since nobody did; leaves out what a power loss garbled."""
    runs = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if isinstance(run, dict):
            runs.append(run)
    return runs


def _of_this_machine(run: dict[str, str | int]) -> bool:
    return run.get("machine") == platform.node() or (bool(_boot()) and run.get("boot") == _boot())


def _boot() -> str:
    """Return the name of this start of this machine, the same in all its containers; empty if it has none."""
    return _BOOT.read_text().strip() if _BOOT.exists() else ""


def _going_on(file: Path) -> str:
    runs = _runs(file)
    if any(_of_this_machine(run) and not _exists(run) for run in runs):
        return (
            f"a run in this folder was killed{_listed(file)}, but a job of it is still computing, unless "
            "another run is going on: wait until it ends, or end it"
        )
    return f"another run is going on in this folder{_listed(file)}: wait until it ends, or end it"


def _exists(run: dict[str, str | int]) -> bool:
    return Path(f"/proc/{run.get('process')}").exists() if _BOOT.exists() else True


def _listed(file: Path) -> str:
    runs = [
        f"process {run.get('process')} on {run.get('machine')} since {run.get('since')}"
        for run in _runs(file)[-3:]
    ]
    return f" ({'; '.join(runs)})" if runs else ""
