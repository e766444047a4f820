"""Accidents other than killed processes: a full disk, a read-only folder, clocks, two runs at once."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from copies import copy_repository
from faults import Outcome, Run, files, left_in

DAY = 86_400.0


def may_mount(folder: Path) -> bool:
    """Tell whether this process may mount a file system."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with mounted(folder, "1m"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True, timeout=60)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """Have a folder be a disk of its own, in memory."""
    _mount("-t", "tmpfs", "-o", f"size={size}", "none", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True, timeout=60)


def _compared(
    outcome: Outcome, folder: Path, reference: Mapping[str, bytes], targets: Sequence[str]
) -> Outcome:
    ours = files(folder)
    names = set(ours) | (set() if targets else set(reference))
    outcome.different = sorted(name for name in names if ours.get(name) != reference.get(name))
    outcome.left = left_in(folder)
    return outcome


def _refused(run: Run, outcome: Outcome, *says: str) -> None:
    """Note whatever a run that cannot succeed fails to say."""
    outcome.runs += 1
    status = run.end()
    missing = [part for part in says if part not in run.said]
    if status == 0 or missing:
        outcome.failed += f"status {status}, not said: {missing}; {run.said[-2000:]}"


def _done(run: Run, outcome: Outcome) -> None:
    outcome.runs += 1
    if run.end() != 0:
        outcome.failed += run.said[-2000:]


def full_disk(folder: Path, reference: Mapping[str, bytes], size: str, *targets: str, warm: bool) -> Outcome:
    """Run a study on a disk that is full before it is done, then on one that is large enough."""
    outcome, began = Outcome(f"disk of {size}", warm, 0, times=1), time.monotonic()
    copy_repository(folder)
    place = folder / "results/test"
    place.mkdir()
    with mounted(place, size):
        _refused(Run(folder, warm, *targets), outcome, "No space left", "disk")
        _mount("-o", "remount,size=1g", str(place))
        _done(Run(folder, warm, *targets), outcome)
        _compared(outcome, folder, reference, targets)
    outcome.seconds = time.monotonic() - began
    return outcome


def read_only(folder: Path, reference: Mapping[str, bytes], *targets: str, warm: bool) -> Outcome:
    """Run a study whose results cannot be written to, then one whose results can."""
    outcome, began = Outcome("read-only results", warm, 0, times=1), time.monotonic()
    copy_repository(folder)
    place = folder / "results"
    with mounted(place, "1g"):
        _mount("-o", "remount,ro", str(place))
        _refused(Run(folder, warm, *targets), outcome, "results cannot be written there")
        _mount("-o", "remount,rw", str(place))
        _done(Run(folder, warm, *targets), outcome)
        _compared(outcome, folder, reference, targets)
    outcome.seconds = time.monotonic() - began
    return outcome


def clock_set_back(
    folder: Path, reference: Mapping[str, bytes], first: str, *targets: str, warm: bool
) -> Outcome:
    """Make a part of a study, let what is there be of tomorrow and of yesterday in turn, make the rest."""
    outcome, began = Outcome("clock set back by a day", warm, 0, times=1), time.monotonic()
    copy_repository(folder)
    _done(Run(folder, warm, first), outcome)
    there = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    now = time.time()
    for number, path in enumerate(there):
        moved = now + (DAY if number % 3 else -DAY)
        os.utime(path, (moved, moved))
    again = Run(folder, warm, first)
    _done(again, outcome)
    if "Nothing to be done" not in again.said:
        outcome.failed += f"what was made is made again: {again.said[-2000:]}"
    _done(Run(folder, warm, *targets), outcome)
    _compared(outcome, folder, reference, targets)
    outcome.seconds = time.monotonic() - began
    return outcome


def two_at_once(
    folder: Path, reference: Mapping[str, bytes], *targets: str, warm: bool, alone: bool
) -> Outcome:
    """Begin a study twice at the same time; `alone` as `make` does."""
    how = "make" if alone else "snakemake"
    outcome, began = Outcome(f"two runs at once, by {how}", warm, 0, times=1), time.monotonic()
    copy_repository(folder)
    runs = [Run(folder, warm, *targets, alone=alone) for _ in range(2)]
    statuses = [run.end() for run in runs]
    outcome.runs += 2
    refused = [run.said for run, status in zip(runs, statuses, strict=True) if status != 0]
    said = "another run is going on in this folder" if alone else "cannot be locked"
    if len(refused) > 1 or any(said not in text for text in refused):
        outcome.failed = f"{statuses}: {' '.join(refused)[-3000:]}"
    _compared(outcome, folder, reference, targets)
    outcome.seconds = time.monotonic() - began
    return outcome
