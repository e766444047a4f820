"""Measure how long `snakemake -n` plans, and in how much memory, by number of jobs.

Copies of the study `test` with more seeds, several at once where seeds alone are not enough, are planned
from nothing in a temporary copy of the repository: wall time and processor time of the whole command, and
its largest resident memory.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = (
    "Snakefile", "config", "rules", "scripts", "profiles", "envs", "published", "report", "src",
    "CITATION.cff",
)  # fmt: skip
NOTES = "docs/discrepancies.md"
SIZES = [(1, 2), (1, 25), (10, 25)]  # studies, seeds: about 100, 1,000 and 10,000 jobs


def copy_with(folder: Path, studies: int, seeds: int) -> list[str]:
    """Copy the repository with studies of that many seeds; return the targets that ask for all of them."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    (folder / NOTES).parent.mkdir()
    shutil.copy2(ROOT / NOTES, folder / NOTES)
    text = (ROOT / "config/studies/test.yaml").read_text()
    names = [f"scale{index}" for index in range(studies)]
    for name in names:
        changed = re.sub(r"seeds: \d+", f"seeds: {seeds}", text)
        (folder / f"config/studies/{name}.yaml").write_text(changed)
    return [f"results/{name}/index.html" for name in names]


def plan(folder: Path, targets: list[str], *options: str) -> tuple[int, float, float, float]:
    """Plan; return the number of jobs, seconds of wall time and of a processor, and megabytes of memory."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "-n", *targets, *options],
            cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(text[-3000:])
    match = re.search(r"^total +(\d+)$", text, re.MULTILINE)
    jobs = int(match.group(1)) if match else 0
    return jobs, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print the table; numbers as arguments choose its rows, counted from 1."""
    chosen = [int(argument) - 1 for argument in sys.argv[1:]] or range(len(SIZES))
    print(f"{'jobs':>7} {'wall, s':>9} {'processor, s':>13} {'memory, MB':>11}", flush=True)
    for index in chosen:
        with tempfile.TemporaryDirectory() as folder:
            targets = copy_with(Path(folder), *SIZES[index])
            jobs, wall, processor, memory = plan(Path(folder), targets)
        print(f"{jobs:>7} {wall:>9.1f} {processor:>13.1f} {memory:>11.0f}", flush=True)


if __name__ == "__main__":
    main()
