"""What a person sees of a run: one line a job, the time left, failures once, mistakes without Snakefiles."""

import io
import logging
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from advex.judge.pages import ending as judged
from snakemake_logger_plugin_advex import LogHandler, watching


@pytest.fixture
def seen(monkeypatch, tmp_path):
    """A handler of a fresh run, and what it writes; in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watching, "RUN", watching.Run())

    def write(message, **said):
        record = logging.LogRecord("snakemake", logging.INFO, "", 0, message, (), None)
        record.__dict__.update(said)
        before = written.tell()
        handler.emit(record)
        return written.getvalue()[before:]

    handler, written = handler_of(), io.StringIO()
    handler._stream = written
    return write


def handler_of(**changed):
    settings = {"quiet": None, "show_failed_logs": True, "stdout": False, "dryrun": False, "verbose": False}
    return LogHandler(SimpleNamespace(**settings | changed), None)


def begin(seen, job, name, log=()):
    return seen(
        "", event=LogEvent.JOB_INFO, jobid=job, rule_name="train", rule_msg=name, log=list(log), input=["x"]
    )


def test_a_job_is_one_line_with_what_is_left(seen, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    watching.RUN.expect({1: 5.0, 2: 15.0}, 2, False)
    assert watching.announcement() == "2 jobs to do on 2 cores, about 10 s"
    assert begin(seen, 1, "train robust, seed 0") == ""
    assert begin(seen, 2, "train standard, seed 0") == ""
    clock[0] = 10.0
    # 5 of 20 seconds' work are done, and 10 of the other's 15: 5 are left, at 10 seconds for 15.
    assert (
        seen("", event=LogEvent.JOB_FINISHED, job_id=1)
        == "[1 of 2, 3 s left] train robust, seed 0 (10.0 s)\n"
    )
    assert seen("", event=LogEvent.PROGRESS, done=1, total=2) == ""
    assert seen("", event=LogEvent.JOB_FINISHED, job_id=2) == "[2 of 2] train standard, seed 0 (10.0 s)\n"


@pytest.mark.parametrize(
    "noise",
    ["Select jobs to execute...", "Execute 12 jobs...", "Provided cores: 2", "Complete log(s): x", ""],
)
def test_noise_is_not_shown(seen, noise):
    assert seen(noise) == ""
    assert seen("a warning of Snakemake's") == "a warning of Snakemake's\n"


def fail(seen, job, log):
    return seen(
        "",
        event=LogEvent.JOB_ERROR,
        jobid=job,
        rule_name="train",
        log=[f"{log} (check log file(s))"],
        input=[],
    )


def test_a_failure_names_its_log_and_a_clusters_prints_it(seen, tmp_path):
    log = tmp_path / "train.log"
    log.write_text("12:00:00 train: stopped: no room\n")
    watching.RUN.expect({1: 1.0, 2: 1.0, 3: 1.0}, 2, False)
    begin(seen, 1, "train robust, seed 0", [str(log)])
    told = "RuleException:\nCalledProcessError in file x, line 3\nCommand 'x' died with <Signals.SIGKILL: 9>."
    assert seen(told, event=LogEvent.ERROR) == ""
    words = "train robust, seed 0 (died with <Signals.SIGKILL: 9>)"
    assert fail(seen, 1, log) == f"FAILED: {words}; its log: {log}\n"
    watching.RUN.finish(2)
    closing = watching.closing().splitlines()
    assert closing[0] == "1 of 3 jobs done, 1 failed, 1 not run since they need what failed:"
    assert closing[1] == f"  train robust, seed 0: {log}"
    watching.RUN.remote = True
    assert fail(seen, 1, log).endswith("12:00:00 train: stopped: no room\n")
    watching.RUN.finish(1)
    assert watching.RUN.failed == []


def test_mistakes_are_told_without_places_in_snakefiles():
    told = (
        'WorkflowError in file "/x/common.smk", line 22:\nno such study\n  File "/x/common.smk", line 3, in y'
    )
    assert watching.in_short(told) == "no such study"
    told = (
        'InputFunctionException in rule draw in file "/x", line 92:\nError:\n  WorkflowError:\n    no figure'
        '\nWildcards:\n  study=digits\nTraceback:\n  File "/x", line 115, in looked_up'
    )
    assert watching.in_short(told) == "no figure"
    watching.RUN.targets = lambda: ["results/digits/figures/a.svg"]
    told = "MissingRuleException:\nNo rule to produce results/digits/figres/a.svg (if you use ...)."
    assert watching.in_short(told).endswith("did you mean results/digits/figures/a.svg?")
    assert watching.in_short("KeyError in file x") == "KeyError in file x"


def test_a_dry_run_is_shown_as_snakemake_does(capsys, monkeypatch):
    handler = handler_of(dryrun=True, stdout=True)
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, "job   count", (), None)
    record.event = LogEvent.RUN_INFO
    handler.emit(record)
    assert capsys.readouterr().out == "job   count\n"


def test_jobs_may_take_what_they_took_here_or_what_their_kind_took_elsewhere(seen, tmp_path):
    (tmp_path / "docs/results/digits").mkdir(parents=True)
    (tmp_path / "docs/results/digits/costs.csv").write_text(
        "of,name,jobs,seconds\nverb,train,4,20\nfigure,train,1,99\n"
    )
    file = tmp_path / "results/digits/benchmarks/train/robust/seed0.tsv"
    file.parent.mkdir(parents=True)
    file.write_text("s\th:m:s\n7.5\t0:00:07\n")
    names = ("train/robust/seed0", "train/robust/seed1", "train/x/seed0", "measure/x/seed0")
    jobs = dict(enumerate(names))
    assert watching.expected_seconds("digits", jobs) == {0: 7.5, 1: 7.5, 2: 5.0, 3: None}
    (tmp_path / "docs/results/digits/costs.csv").unlink()
    assert watching.expected_seconds("digits", jobs) == {0: 7.5, 1: 7.5, 2: 7.5, 3: None}


def test_what_is_not_known_is_not_said_and_learnt_as_jobs_end(seen, monkeypatch):
    """A study that never ran takes other times than the published one."""
    clock = [0.0]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    run = watching.RUN
    run.kinds = {1: "collect/x", 2: "train/robust", 3: "train/robust", 4: "train/standard"}
    run.expect({1: 1.0, 2: None, 3: None, 4: None}, 1, False)
    assert watching.announcement() == "4 jobs to do on 1 core; how long they take here is not known yet"
    begin(seen, 1, "collect x")
    clock[0] = 1.0
    assert ", 3 s left]" in seen("", event=LogEvent.JOB_FINISHED, job_id=1)
    begin(seen, 2, "train robust, seed 0")
    clock[0] = 101.0
    assert ", 3 min 20 s left]" in seen("", event=LogEvent.JOB_FINISHED, job_id=2)


HEADING = "claim,kind,verdict\n"


def test_the_ending_counts_verdicts_and_compares_them(seen, tmp_path):
    assert judged.ending("digits") == ""
    for folder in ("results/digits", "docs/results/digits"):
        (tmp_path / folder).mkdir(parents=True)
    rows = "a,primary,effect\nb,primary,undecided\nc,claim,effect\nd,side,effect\n"
    (tmp_path / "results/digits/scorecard.csv").write_text(HEADING + rows)
    (tmp_path / "results/digits" / judged.PAGE).write_text("")
    shipped = rows.replace("b,primary,undecided", "b,primary,effect")
    (tmp_path / "docs/results/digits/scorecard.csv").write_text(HEADING + shipped)
    assert judged.ending("digits").splitlines() == [
        "2 primary claims: 1 effect, 1 undecided",
        "1 other claims: 1 effect",
        f"Open results/digits/{judged.PAGE}",
        "This machine agrees with the published study on 1 of 2 primary claims and 1 of 1 other claims; "
        "`make compare` says on which not",
    ]
    watching.RUN.ending = lambda: judged.ending("digits")
    assert "Nothing to be done: everything" in seen(
        "Nothing to be done (all requested files are present and up to date)."
    )
