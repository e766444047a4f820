"""Progress, logs, and the costs read back from them."""

import contextlib
import errno
import logging
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from advex.common.artifacts import read_table
from advex.common.errors import UserError
from advex.common.machine import progress as progress_module
from advex.common.machine.progress import Progress, duration
from advex.records.costs import all_ran_here, computing_seconds, cost_table, job_costs, summary, write_costs
from advex.records.logs import failed_for_its_own_reason, logged


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_progress_says_how_much_time_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: clock[0])
    with caplog.at_level(logging.INFO, "advex"):
        progress = Progress("train robust", total=10, unit="epoch", done=4)
        for seconds in (2.0, 4.0, 5.0):
            clock[0] = seconds
            progress.advance(note="loss 1")
    assert caplog.messages == ["train robust: epoch 6 of 10, 8 s left (loss 1)"]


def test_a_log_ends_with_the_time_its_job_computed(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "train" / "x.log"
    with logged(str(log), "train"):
        logging.getLogger("advex.train.training").info("hello")
    assert "hello" in log.read_text()
    assert 0 <= computing_seconds(log) < 1
    assert not logging.getLogger("advex").handlers


def test_a_users_mistake_ends_a_job_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, logged(str(tmp_path / "x.log"), "train"):
        raise UserError("x.yaml: wrong")
    assert caught.value.code == 1
    assert "train: stopped: x.yaml: wrong" in capsys.readouterr().err
    assert "Traceback" not in (tmp_path / "x.log").read_text()
    assert computing_seconds(tmp_path / "x.log") != computing_seconds(tmp_path / "x.log")


def test_a_crash_is_told_once_with_its_traceback(tmp_path: Path) -> None:
    """In the log and on the terminal; Python, which would print what is raised, has nothing left to print."""
    log = tmp_path / "x.log"
    lines = ["from advex.records.logs import logged", f"with logged({str(log)!r}, 'train'):", "    1 / 0"]
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    for told in (ended.stderr, log.read_text()):
        assert told.count("Traceback") == told.count("ZeroDivisionError: division by zero") == 1


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for job, seconds, computing in (
        ("train/a/seed0", 4.0, 3.0),
        ("train/b/seed0", 6.0, 5.0),
        ("draw/s/f", 2.0, 0.5),
    ):
        benchmark = tmp_path / "benchmarks" / f"{job}.tsv"
        benchmark.parent.mkdir(parents=True, exist_ok=True)
        benchmark.write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:04\t-\t{seconds}\n")
        log = tmp_path / "logs" / f"{job}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"12:00:00 hello\n12:00:01 computed for {computing:.3f} s\n")
    return tmp_path


def test_costs_add_up_by_verb_and_figure(results: Path) -> None:
    table = cost_table(job_costs(results), {"s/f": ["draw/s/f", "train/a/seed0"]})
    rows = table.set_index(["of", "name"])
    assert rows.loc[("verb", "train"), "seconds"] == 10
    assert rows.loc[("figure", "s/f"), ["jobs", "seconds", "computing_seconds"]].tolist() == [2, 6, 3.5]
    assert rows.loc[("study", "all jobs"), "share_not_computing_percent"] == pytest.approx(29.2)


def test_costs_are_added_up_in_a_table_of_their_own(results: Path) -> None:
    behind = {"s/f": ["draw/s/f", "train/a/seed0"]}
    write_costs(results, behind)
    wanted = cost_table(job_costs(results), behind)
    pd.testing.assert_frame_equal(read_table(results / "costs.csv"), wanted, check_dtype=False)
    assert all_ran_here(results, behind)
    assert not all_ran_here(results, {**behind, "s/g": ["draw/s/g"]})
    assert not all_ran_here(results / "elsewhere", behind)


def test_the_summary_counts_only_jobs_of_this_run(results: Path) -> None:
    jobs: pd.DataFrame = job_costs(results)
    now = float(jobs["finished"].max()) + 1
    text = summary(results, since=now - 8.5, now=now, cores=2)
    assert "3 jobs in 8 s on 2 cores; 50 % of the cores' time was not computing" in text
    assert "index.html" not in text
    assert summary(results, since=now, now=now, cores=2) == ""


@pytest.mark.parametrize(
    ("error", "own"),
    [
        (None, False),
        (UserError("x.yaml: wrong"), True),
        (ZeroDivisionError("division by zero"), True),
        (MemoryError(), False),
        (OSError("Stale file handle"), False),
        (OSError(errno.ENOSPC, "No space left on device", "/nowhere/x"), False),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), False),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_a_log_tells_whether_trying_again_is_of_use(
    tmp_path: Path, error: BaseException | None, own: bool
) -> None:
    log = tmp_path / "x.log"
    assert not failed_for_its_own_reason(log)
    with contextlib.suppress(BaseException), logged(str(log), "train"):
        logging.getLogger("advex").info("train robust: epoch 1 failed to improve")
        if error:
            raise error
    assert failed_for_its_own_reason(log) == own


def test_a_full_disk_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "model.safetensors"))
    with pytest.raises(SystemExit), logged(str(tmp_path / "x.log"), "train"):
        raise full
    said = capsys.readouterr().err
    assert f"the disk of {tmp_path} is full" in said
    assert "make room there" in said
    assert "Traceback" not in said
