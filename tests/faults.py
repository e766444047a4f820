"""Runs of the study `test` that are disturbed at random moments, and run again until they are done."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from copies import clean_environment, copy_repository

from advex.common.machine.workers import SWITCH

NOT_COMPARED = ("logs", "benchmarks", "costs.csv")
"""What tells of one run on one machine."""
PATIENCE = 1800.0
"""Seconds after which a run that does not end is a failure."""


def files(folder: Path) -> dict[str, bytes]:
    """Return all files of a copy's results by path, but for what tells of a run."""
    results = folder / "results/test"
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in results.rglob("*")
        if path.is_file() and path.relative_to(results).parts[0] not in NOT_COMPARED
    }


def processes_in(folder: Path) -> list[int]:
    """Return the processes that work in a folder or below."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            place = Path(os.readlink(entry / "cwd"))
            if place.is_relative_to(folder) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def left_in(folder: Path) -> list[str]:
    """Return what a run has left that nobody needs: files, marks and processes."""
    memory, temporary = folder / ".snakemake", folder / "temporary"
    found = [path for name in ("scripts", "locks", "incomplete") for path in (memory / name).rglob("*")]
    found += [*memory.glob("shell_tmp*"), *memory.glob(".*"), *temporary.glob("*")]
    found += [path for path in (folder / "results").rglob("*") if path.name.startswith(".")]
    found += (folder / "results").rglob("*.checkpoint")
    found += (folder / "data").rglob(".*")
    named = [path.relative_to(folder).as_posix() for path in found if path.is_file()]
    named += [f"process {number}" for number in processes_in(folder)]
    return sorted(name for name in named if not name.endswith(".gitignore"))


class Run:
    """One run, begun as `make` begins it, with all its processes in a group of their own."""

    def __init__(
        self, folder: Path, warm: bool, *arguments: str, alone: bool = True, study: str = "test"
    ) -> None:
        self.folder = folder
        (folder / "temporary").mkdir(exist_ok=True)
        self._said = folder.parent / f"{folder.name}.said.{time.monotonic_ns()}.txt"
        environment = {
            **clean_environment(),
            "PYTHONPATH": str(folder / "src"),
            "TMPDIR": str(folder / "temporary"),
            SWITCH: "yes" if warm else "no",
        }
        started = ["-m", "advex.common.machine.launch", *(["--alone"] if alone else []), "snakemake"]
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, *started, *arguments, "--config", f"study={study}"],
                cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._said.read_text(errors="replace")

    def ended_within(self, seconds: float) -> bool:
        """Tell whether it ends by itself in so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is not None

    def end(self) -> int:
        """Wait until it ends and nothing of it is left; return its status."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        until = time.monotonic() + PATIENCE
        while processes_in(self.folder):
            assert time.monotonic() < until, f"processes go on: {processes_in(self.folder)}"
            time.sleep(0.05)
        return status


Disturb = Callable[[Run, random.Random], None]


def _kill_group(run: Run, chance: random.Random) -> None:
    os.killpg(run.process.pid, signal.SIGKILL)


def _kill_main(run: Run, chance: random.Random) -> None:
    run.process.kill()


def _terminate(run: Run, chance: random.Random) -> None:
    run.process.terminate()


def _interrupt(run: Run, chance: random.Random) -> None:
    os.killpg(run.process.pid, signal.SIGINT)


def _kill_one(run: Run, chance: random.Random) -> None:
    others = sorted(number for number in processes_in(run.folder) if number != run.process.pid)
    if others:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(others), signal.SIGKILL)


DISTURBANCES: Mapping[str, Disturb] = {
    "SIGKILL of all processes": _kill_group,
    "SIGKILL of Snakemake alone": _kill_main,
    "SIGKILL of a job or worker": _kill_one,
    "SIGTERM": _terminate,
    "Ctrl-C": _interrupt,
}


@dataclass
class Outcome:
    """What came of a study that was disturbed until it was done."""

    fault: str
    warm: bool
    seed: int
    times: int = 0
    runs: int = 0
    seconds: float = 0.0
    different: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    failed: str = ""

    @property
    def sound(self) -> bool:
        """Whether all is as if nothing had happened."""
        return not (self.different or self.left or self.failed)


def disturbed(
    folder: Path,
    reference: Mapping[str, bytes],
    faults: Sequence[str],
    seed: int,
    *,
    warm: bool,
    longest: float,
    most: int,
    targets: Iterable[str] = (),
) -> Outcome:
    """Run a study in a fresh copy, disturb it at random moments, and run it again until it is done.

    Args:
        folder: of the copy, which is made.
        reference: files of an undisturbed run; those of ``targets`` are compared.
        faults: which of :data:`DISTURBANCES`, in turn.
        seed: of the moments.
        warm: with workers.
        longest: seconds from the start of a run, below which it is disturbed.
        most: disturbances, after which it is left alone.
        targets: files to make; the whole study by default.
    """
    copy_repository(folder)
    chance, outcome = random.Random(seed), Outcome(" and ".join(faults), warm, seed)
    began = time.monotonic()
    while True:
        run = Run(folder, warm, *targets)
        outcome.runs += 1
        hit = outcome.times < most and not run.ended_within(chance.uniform(0, longest))
        if hit:
            DISTURBANCES[faults[outcome.times % len(faults)]](run, chance)
            outcome.times += 1
        status = run.end()
        if status == 0 and (not hit or "Nothing to be done" in run.said or _is_whole(folder, targets)):
            break
        if not hit:
            outcome.failed = run.said[-3000:]
            break
    outcome.seconds = time.monotonic() - began
    ours = files(folder)
    names = set(ours) | (set() if targets else set(reference))
    outcome.different = sorted(name for name in names if ours.get(name) != reference.get(name))
    outcome.left = left_in(folder)
    return outcome


def _is_whole(folder: Path, targets: Iterable[str]) -> bool:
    wanted = [*targets] or ["results/test/index.html"]
    return all((folder / path).exists() for path in wanted)


def nothing_to_do(folder: Path, targets: Iterable[str] = ()) -> bool:
    """Tell whether a further run finds nothing to do."""
    run = Run(folder, False, *targets, "--dry-run", alone=False)
    return run.end() == 0 and "Nothing to be done" in run.said


def remove(folder: Path) -> None:
    """Remove a copy and what its runs said."""
    for said in folder.parent.glob(f"{folder.name}.said.*"):
        said.unlink()
    shutil.rmtree(folder)
