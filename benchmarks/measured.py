"""What all benchmarks share: timing in turn, the machine they ran on, and their tables."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import torch

from advex.common.machine.devices import Device
from advex.common.machine.environment import isolate
from advex.records.vouching.machine import machine as computed_on

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def as_jobs_are() -> None:
    """Start this program again, with the environment that jobs have, unless that was done."""
    if "ADVEX_BENCHMARK" not in os.environ:
        environment = {**os.environ, "ADVEX_BENCHMARK": "1"}
        isolate(environment, HERE.parent / ".cache")
        os.execve(sys.executable, sys.orig_argv, environment)


def in_turn(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Run every work in turn, in one round that does not count and several that do; seconds by name.

    Where all is computed by this process's processors, seconds are theirs: those that other programs take
    from them do not count.
    """
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            started = clock()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number:
                seconds[name].append(clock() - started)
    return seconds


def precisions(device: Device) -> list[str]:
    """Return the precisions that the hardware has."""
    native = device.on_gpu or torch.cpu._is_avx512_bf16_supported()
    return ["float32", "bfloat16"] if native else ["float32"]


def ratio(limit: list[float], ours: list[float]) -> tuple[float, float]:
    """Return how many times as fast as the limit something is: median and half the spread of its rounds."""
    ratios = sorted(first / second for first, second in zip(limit, ours, strict=True))
    return statistics.median(ratios), (ratios[-1] - ratios[0]) / 2


def machine() -> str:
    """Say what the benchmark ran on, with which versions, from which commit and when."""
    processor = computed_on()["processor"]
    threads = f"{processor}, {torch.get_num_threads()} thread(s)"
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else threads
    capability = torch.backends.cpu.get_cpu_capability()
    # What benchmarks write themselves makes no other code of it.
    own = [":(top,exclude)benchmarks/results", ":(top,exclude)benchmarks/README.md"]
    commit = _git("rev-parse", "--short", "HEAD")
    if _git("status", "--porcelain", "--", ":(top)", *own):
        commit += "-dirty"
    versions = f"Python {platform.python_version()}, torch {torch.__version__} ({capability})"
    return f"{where}; {versions}; commit {commit}; {datetime.now(UTC):%Y-%m-%d}"


def _git(*arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], text=True, cwd=HERE).strip()


def publish(name: str, table: pd.DataFrame) -> None:
    """Write a benchmark's table and what it ran on, and renew the page that shows all of them."""
    ran_on = machine()  # before a file is written, which git would call a change
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / f"{name}.csv", index=False, float_format="%.4g")
    (RESULTS / f"{name}.txt").write_text(f"{ran_on}\n")
    write_page()
    print(table.to_string(index=False))


def write_page() -> None:
    """Write the page of all benchmarks from its text and the tables."""
    page = (HERE / "page.md").read_text()
    for file in sorted(RESULTS.glob("*.csv")):
        shown = pd.read_csv(file, keep_default_na=False)
        rows = [shown.columns, ["---"] * len(shown.columns), *shown.astype(str).itertuples(index=False)]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        said = file.with_suffix(".txt").read_text().strip()
        page += f"\n## results/{file.name}\n\n{said}\n\n{lines}\n"
    (HERE / "README.md").write_text(page)
