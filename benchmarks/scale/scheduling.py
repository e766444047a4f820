"""Measure what SLURM and Snakemake add to each job, through a private SLURM (see tests/cluster), as root.

Many equal small jobs (the two ellipses of Fig. 14, with more seeds) run as one array, then one by one. A
job's time in SLURM less its script's own time is what starting Snakemake on the node costs; the processor
time of the main process, divided by the jobs, is what submitting and watching cost.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests/cluster"), str(Path(__file__).parent)]

from planning import copy_with  # noqa: E402
from private_slurm import PrivateSlurm  # noqa: E402

JOBS = 20
TARGET = "results/scale0/measurements/ilyas/robust_and_accurate.csv"
LIMIT = 900


def seconds_of(job: dict[str, str]) -> float:
    """Return how long a job was in SLURM's hands once it ran."""
    start, end = (datetime.fromisoformat(job[name]) for name in ("StartTime", "EndTime"))
    return (end - start).total_seconds()


def run(slurm: PrivateSlurm, folder: Path, *options: str) -> str:
    """Run the jobs and return a row of the table."""
    copy_with(folder, 1, JOBS)
    (folder / "slurm").symlink_to("profiles/slurm")
    study = folder / "config/studies/scale0.yaml"
    study.write_text(study.read_text().replace("samples: 200, seeds: 20", f"samples: 200, seeds: {JOBS}"))
    before = {job["JobId"] for job in slurm.jobs()}
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", TARGET, *options]
    command += ["--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "5"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    started, used = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=LIMIT)
    wall, now = time.perf_counter() - started, os.times()
    processor = now.children_user + now.children_system - used.children_user - used.children_system
    jobs = [job for job in slurm.jobs() if job["JobId"] not in before]
    in_slurm = sum(map(seconds_of, jobs)) / len(jobs)
    tables = list(folder.glob("results/scale0/benchmarks/measure/**/*.tsv"))
    own = sum(float(pd.read_csv(table, sep="\t")["s"].iloc[0]) for table in tables) / len(tables)
    name = "one by one" if options else "array"
    return f"{name:<11}{len(jobs):>5}{wall:>9.0f}{in_slurm:>16.1f}{own:>12.1f}{processor / len(jobs):>22.2f}"


def main() -> None:
    """Print the table."""
    print(
        f"{'':<11}{'jobs':>5}{'wall, s':>9}{'s in SLURM':>16}{'s of script':>12}{'main process, s a job':>22}"
    )
    with tempfile.TemporaryDirectory() as folder:
        slurm = PrivateSlurm(Path(folder) / "slurm")
        try:
            slurm.start()
            for name, options in (("array", []), ("single", ["--slurm-array-jobs", "none"])):
                place = Path(folder) / name
                place.mkdir()
                print(run(slurm, place, *options), flush=True)
        finally:
            slurm.stop()


if __name__ == "__main__":
    main()
