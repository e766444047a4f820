"""What a study cost: seconds per verb and per figure, and how much of them was not computing."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from advex.common.artifacts import write_table
from advex.common.machine.progress import duration
from advex.records.logs import COMPUTED

_COMPUTED = re.compile(rf"{COMPUTED} ([0-9.]+) s$")


def job_costs(results: str | Path) -> pd.DataFrame:
    """Read the cost of every finished job of a study.

    Args:
        results: the study's folder, with ``benchmarks/`` and ``logs/`` of the same layout.

    Returns:
        One row per job: ``job`` (``verb/name...``), ``verb``, ``seconds`` of wall time,
        ``computing_seconds`` (without starting Python and importing libraries; NaN if the log does not
        say), ``cpu_seconds``, ``peak_memory_mb`` and ``finished`` (seconds since the epoch).
    """
    benchmarks = Path(results) / "benchmarks"
    rows = []
    for file in sorted(benchmarks.rglob("*.tsv")):
        job = file.relative_to(benchmarks).with_suffix("").as_posix()
        measured = pd.read_csv(file, sep="\t", na_values="-").iloc[0]
        rows.append(
            {
                "job": job,
                "verb": job.split("/")[0],
                "seconds": float(measured["s"]),
                "computing_seconds": computing_seconds(Path(results) / "logs" / f"{job}.log"),
                "cpu_seconds": float(measured["cpu_time"]),
                "peak_memory_mb": float(measured["max_rss"]),
                "finished": file.stat().st_mtime,
            }
        )
    columns = [
        "job",
        "verb",
        "seconds",
        "computing_seconds",
        "cpu_seconds",
        "peak_memory_mb",
        "finished",
    ]
    return pd.DataFrame(rows, columns=columns)


def computing_seconds(log: Path) -> float:
    """Read from a job's log how long its body computed; NaN if the log is missing or unfinished."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    match = _COMPUTED.search(lines[-1]) if lines else None
    return float(match.group(1)) if match else float("nan")


def cost_table(jobs: pd.DataFrame, figure_jobs: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Add up costs per verb, per figure and in all.

    Args:
        jobs: from :func:`job_costs`.
        figure_jobs: the jobs behind each figure; a job behind several figures counts in each.

    Returns:
        Columns ``of`` (``verb``, ``figure`` or ``study``), ``name``, ``jobs``, ``seconds``,
        ``computing_seconds`` and ``share_not_computing_percent``: the share of the jobs' wall time spent
        on anything but the job's own computing, mostly on starting Python and importing libraries.
    """
    groups = [("verb", str(verb), part) for verb, part in jobs.groupby("verb", sort=False)]
    groups += [("figure", name, jobs[jobs["job"].isin(needed)]) for name, needed in figure_jobs.items()]
    groups.append(("study", "all jobs", jobs))
    rows = []
    for of, name, part in groups:
        seconds, computing = part["seconds"].sum(), part["computing_seconds"].sum()
        share = 100 * (1 - computing / seconds) if seconds else float("nan")
        rows.append(
            {
                "of": of,
                "name": name,
                "jobs": len(part),
                "seconds": round(seconds, 1),
                "computing_seconds": round(computing, 1),
                "share_not_computing_percent": round(share, 1),
            }
        )
    return pd.DataFrame(rows)


def write_costs(results: str | Path, figure_jobs: Mapping[str, Sequence[str]]) -> None:
    """Add up what the jobs cost whose benchmarks lie in a study's folder, in its ``costs.csv``.

    Args:
        results: as in :func:`job_costs`.
        figure_jobs: as in :func:`cost_table`.
    """
    write_table(Path(results) / "costs.csv", cost_table(job_costs(results), figure_jobs))


def all_ran_here(results: str | Path, figure_jobs: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether every job behind the figures ran here, so that their costs are those of the study."""
    needed = {job for jobs in figure_jobs.values() for job in jobs}
    return needed <= set(job_costs(results)["job"])


def summary(results: str | Path, since: float, now: float, cores: int) -> str:
    """Say in a few lines where a run took its time and where a study's results are; nothing if it had no job.

    Args:
        results: the study's folder.
        since: when the run began, seconds since the epoch: only jobs that finished later count.
        now: when it ended.
        cores: how many jobs could run at once.
    """
    results = Path(results)
    jobs = job_costs(results)
    jobs = jobs[jobs["finished"] >= since]
    if jobs.empty:
        return ""
    lines = ["", "verb          jobs  seconds  of which computing"]
    for verb, part in jobs.groupby("verb", sort=False):
        seconds, computing = part["seconds"].sum(), part["computing_seconds"].sum()
        lines.append(f"{verb!s:<12}{len(part):>6}{seconds:>9.1f}{computing:>9.1f}")
    wall = now - since
    idle = 100 * (1 - jobs["computing_seconds"].sum() / (wall * cores))
    lines.append(
        f"{len(jobs)} jobs in {duration(wall)} on {cores} cores; "
        f"{idle:.0f} % of the cores' time was not computing"
    )
    places = ("figures", "scorecard.csv", "index.html")
    if all((results / place).exists() for place in places):
        lines += ["", *(f"{place + ':':<15}{results / place}" for place in places)]
    return "\n".join(lines)
