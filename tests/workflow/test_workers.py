"""The study `test` with workers is the study without them: files, records, logs, measures of jobs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from copies import Snakemake, copy_repository, runner

from advex.common.machine import worker
from advex.common.machine.workers import SWITCH

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are for Linux")
MEASURED = ("logs", "benchmarks", "costs.csv")
TIMES = re.compile(r"\d\d:\d\d:\d\d|\d+(\.\d+)? (s|min|h)\b")
FIGURE = "results/test/figures/ilyas/robust_and_accurate.svg"


def files(folder: Path) -> dict[str, bytes]:
    results = folder / "results/test"
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in results.rglob("*")
        if path.is_file()
    }


def worker_processes(folder: Path) -> set[int]:
    """Return the workers and forked jobs that run with a copy's library."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(folder / "src/advex/common/machine" / Path(worker.__file__).name) in (
                entry / "cmdline"
            ).read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def eventually(true: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


PLAIN = (
    "gilmer_hendrycks/corruptions", "goh_features/containments", "ilyas/dataset_grid",
    "ilyas/nonrobust_datasets", "nakano/layer_robustness", "nakkiran/squares", "wallace/own_mistakes",
)  # fmt: skip
"""Figures behind which stand jobs of every script but those that need all figures."""


@pytest.fixture(scope="module")
def warm(built: Path) -> Path:
    """A copy in which the study was run with workers."""
    assert not worker_processes(built)
    return built


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which a part of the study was run without workers, job by job."""
    folder = copy_repository(tmp_path_factory.mktemp("plain"))
    figures = [f"results/test/figures/{name}.svg" for name in PLAIN]
    finished = runner(folder)(*figures, "--config", "study=test", environment={SWITCH: "no"})
    assert finished.returncode == 0, finished.stderr[-5000:]
    return folder


def test_jobs_write_the_same_and_leave_the_same_records(warm: Path, plain: Path) -> None:
    """To the byte."""
    ours, alone = files(warm), files(plain)
    assert alone.keys() <= ours.keys()
    counted = {name for name in alone if name.split("/")[0] not in MEASURED}
    verbs = {name.split("/")[1] for name in counted if name.startswith("records/")}
    assert {"prepare", "train", "construct", "measure", "collect", "draw"} <= verbs
    assert len(counted) > 100
    assert {name for name in counted if ours[name] != alone[name]} == set()


def test_logs_say_the_same_but_for_times(warm: Path, plain: Path) -> None:
    ours, alone = files(warm), files(plain)
    logs = [name for name in alone if name.startswith("logs/")]
    assert len(logs) > 40
    for name in logs:
        assert TIMES.sub("", ours[name].decode()) == TIMES.sub("", alone[name].decode()), name


def benchmarks(folder: Path, verb: str = "*") -> pd.DataFrame:
    paths = (folder / "results/test/benchmarks").glob(f"{verb}/**/*.tsv")
    return pd.DataFrame([pd.read_csv(path, sep="\t").iloc[0] for path in paths])


def test_benchmarks_are_of_the_jobs(warm: Path, plain: Path) -> None:
    """Time and memory of each job: not those of the worker, which has used seconds before any of them."""
    assert list(benchmarks(warm).columns) == list(benchmarks(plain).columns)
    assert len(benchmarks(warm)) > len(benchmarks(plain)) > 40
    assert benchmarks(warm, "collect")["cpu_time"].between(0.005, 0.8).all()
    assert benchmarks(warm, "collect")["max_rss"].between(20, 200).all()
    assert benchmarks(warm, "train")["max_rss"].between(100, 700).all()


def test_the_next_run_has_nothing_to_do_either_way(snakemake: Snakemake) -> None:
    for switch in ("yes", "no"):
        again = snakemake("--dry-run", "--config", "study=test", environment={SWITCH: switch})
        assert "Nothing to be done" in again.stdout + again.stderr


FAILING = """
import os, signal
if snakemake.wildcards.seed == "0":
    raise ValueError("of its own")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_failed_jobs_look_to_snakemake_as_without_workers(fresh: tuple[Path, Snakemake]) -> None:
    """One fails by an error and one is killed."""
    folder, snakemake = fresh
    script = folder / "scripts/experiment.py"
    script.write_text(f"{FAILING}\n{script.read_text()}")
    own = re.compile(rf"{TIMES.pattern}|tmp\w+\.|\[.*\]|Complete log.*|Elapsed.*|\.snakemake/log/.*")
    arguments = (FIGURE, "--cores", "1", "--keep-going", "--config", "study=test")
    told = []
    for switch in ("yes", "no"):
        finished = snakemake(*arguments, environment={SWITCH: switch})
        assert finished.returncode == 1
        assert "ValueError: of its own" in finished.stderr
        assert "returned non-zero exit status 1" in finished.stderr
        assert "died with <Signals.SIGKILL: 9>" in finished.stderr
        told.append([own.sub("", line) for line in finished.stderr.splitlines()])
    assert told[0] == told[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_an_interrupted_or_killed_run(fresh: tuple[Path, Snakemake], number: int) -> None:
    """SIGINT is sent as Ctrl-C sends it, to all at once; SIGKILL to Snakemake, whose jobs go on."""
    folder, _ = fresh
    script = folder / "scripts/experiment.py"
    script.write_text(
        "import pathlib, time\npathlib.Path('began').touch()\n"
        f"while not pathlib.Path('go').exists():\n    time.sleep(0.05)\n{script.read_text()}"
    )
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", FIGURE, "--config", "study=test"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder / "src"), SWITCH: "yes"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        eventually((folder / "began").exists)
        assert len(worker_processes(folder)) > 2
        if number == signal.SIGINT:
            os.killpg(run.pid, number)
            run.wait(60)
        else:
            run.kill()
            run.wait(10)
            eventually(lambda: 1 <= len(worker_processes(folder)) <= 2)  # its jobs
            (folder / "go").touch()
        eventually(lambda: not worker_processes(folder))
    finally:
        (folder / "go").touch()
        run.kill()
