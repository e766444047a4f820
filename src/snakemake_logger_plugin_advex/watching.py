"""A run as a person sees it: one line a job, with what is done and the time left; a failure once.

Snakemake hands every message to :class:`LogHandler`, in the process that plans and starts jobs, whether they
run here or on a cluster. What it lists is left to the log file that it keeps (``.snakemake/log``); a dry run
is shown as Snakemake shows it.
"""

import csv
import re
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from logging import LogRecord
from pathlib import Path
from statistics import fmean
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from advex.common.machine.progress import duration

_USUAL = 1.0  # seconds of a job that nothing is known of
_NOISE = (
    "Select jobs to execute", "Execute ", "Assuming unrestricted shared", "Using shell", "Using workflow",
    "Provided ", "Rules claiming more threads", "Conda environments: ignored", "Singularity containers",
    "Group jobs:", "Job stats", "Complete log", "Elapsed time", "Exiting because a job execution failed",
    "Config file ", "Removing output files of failed job", "Building DAG of jobs", "Trying to restart job",
)  # fmt: skip
_OF_AN_INPUT = re.compile(r"InputFunctionException in .*?\n  WorkflowError:\n(.*?)\nWildcards:", re.DOTALL)
_NO_RULE = re.compile(r"MissingRuleException:\s*No rule to produce (\S+)")
_PLACE = re.compile(r'^(\w+) in file "[^"]*"(, line \d+)?:\n')
_TRACE = re.compile(r'\n  File "[^"]*", line \d+, in [^\n]*')
_NOTHING = "Nothing to be done"
_ENDED = re.compile(r"returned non-zero exit status \d+|died with <[^>]*>")


@dataclass
class Run:
    """What is known of the run that is going on; rules tell it, the handler counts.

    Attributes:
        seconds: how long each job may take, by its number; None where nothing is known of it.
        kinds: what each job is one of, such as ``train/robust``, by its number.
        taken: how many jobs of a kind, and of a verb, have ended in this run, and their seconds together.
        cores: how many can run at once; none where a cluster decides.
        remote: whether jobs run elsewhere, so that what they print is not seen here.
        ending: what to say when everything is there.
        targets: what one may ask for, to name what is near to what nothing makes.
        names: what each job does, in words, by its number.
        logs: each job's log files.
        began: when each job that runs began.
        done: numbers of finished jobs.
        failed: numbers of jobs that failed, in that order.
        ended: how the process of the job ended that is about to be told as failed.
        started: when the run began.
    """

    seconds: dict[int, float | None] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    taken: dict[str, tuple[int, float]] = field(default_factory=dict)
    cores: int | None = None
    remote: bool = False
    ending: Callable[[], str] | None = None
    targets: Callable[[], Sequence[str]] = tuple
    names: dict[int, str] = field(default_factory=dict)
    logs: dict[int, list[str]] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    failed: list[int] = field(default_factory=list)
    ended: str = ""
    started: float = field(default_factory=time.monotonic)

    def expect(self, seconds: Mapping[int, float | None], cores: int | None, remote: bool) -> None:
        """Say which jobs are to come and how long each may take."""
        self.seconds, self.cores, self.remote = dict(seconds), cores, remote
        self.started = time.monotonic()

    def finish(self, job: int, seconds: float | None = None) -> None:
        """Count a job as done, also one that did not have to run."""
        self.done.add(job)
        self.failed = [other for other in self.failed if other != job]
        if seconds is not None and (kind := self.kinds.get(job)):
            for name in {kind, kind.split("/")[0]}:
                jobs, together = self.taken.get(name, (0, 0.0))
                self.taken[name] = jobs + 1, together + seconds

    def weight(self, job: int) -> float:
        """Return the seconds that a job may take, also where nothing was known of it when the run began."""
        known = self.seconds.get(job)
        if known is not None:
            return known
        kind = self.kinds.get(job, "")
        jobs, together = self.taken.get(kind) or self.taken.get(kind.split("/")[0]) or (1, _USUAL)
        return together / jobs

    def left(self, now: float) -> float | None:
        """Return the seconds left, by the pace so far; None while there is none."""
        total = sum(map(self.weight, self.seconds))
        before = sum(map(self.weight, self.done))
        for job, since in self.began.items():  # what runs counts as far as it may be
            before += min(now - since, self.weight(job))
        if before <= 0 or now <= self.started:
            return None
        return max(0.0, (now - self.started) / before * (total - before))


RUN = Run()
"""The run of this process."""


def expected_seconds(study: str, jobs: Mapping[int, str]) -> dict[int, float | None]:
    """Return how long jobs may take, or None for one of which nothing is known.

    That is how long they took here before; or, in this order, as those took here that differ by their seed
    alone, as their verb's took in the published study, as their verb's took here.

    Args:
        study: the study.
        jobs: number and name (``verb/name...``) of each.
    """
    kinds: dict[str, float] = {}
    shipped = Path(f"docs/results/{study}/costs.csv")
    if shipped.exists():
        with shipped.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["of"] == "verb"]
        kinds = {row["name"]: float(row["seconds"]) / max(int(row["jobs"]), 1) for row in rows}
    here: dict[str, list[float]] = {}
    benchmarks = Path(f"results/{study}/benchmarks")
    for path in benchmarks.rglob("*.tsv"):
        if (seconds := _measured(path)) is not None:
            name = path.relative_to(benchmarks).with_suffix("").as_posix()
            for like in {name, kind_of(name), name.split("/")[0]}:
                here.setdefault(like, []).append(seconds)

    def expected(name: str) -> float | None:
        verb = name.split("/", maxsplit=1)[0]
        published = [kinds[verb]] if verb in kinds else None
        like = here.get(name) or here.get(kind_of(name)) or published or here.get(verb)
        return fmean(like) if like else None

    return {job: expected(name) for job, name in jobs.items()}


def kind_of(job: str) -> str:
    """Return what a job is one of: its name without its seed."""
    return re.sub(r"/seed\d+$", "", job)


def _measured(benchmark: Path) -> float | None:
    """Return the seconds that a job took, from its file."""
    try:
        with benchmark.open(encoding="utf-8", newline="") as table:
            return float(next(csv.DictReader(table, delimiter="\t"))["s"])
    except (OSError, StopIteration, KeyError, ValueError):
        return None


def in_short(message: str) -> str:
    """Return the message of a user's mistake without the lines of Snakefiles where it was noticed."""
    if found := _OF_AN_INPUT.match(message):
        return textwrap.dedent(found[1]).strip()
    if found := _NO_RULE.match(message):
        near = get_close_matches(found[1], RUN.targets())
        return f"nothing makes {found[1]}{f'; did you mean {near[0]}?' if near else ''}"
    return _TRACE.sub("", _PLACE.sub("", message)).strip() if message.startswith("WorkflowError") else message


class LogHandler(LogHandlerBase):
    """Writes one line for each job that ends, and little else."""

    def __post_init__(self) -> None:
        """Take Snakemake's own words for dry runs and for what it has no line of ours for."""
        from snakemake.logging import DefaultFormatter  # noqa: PLC0415 (it imports this module)

        self._theirs = DefaultFormatter(self.common_settings.quiet, self.common_settings.show_failed_logs)
        self._stream = sys.stdout if self.common_settings.stdout else sys.stderr

    @property
    def writes_to_stream(self) -> bool:
        """It does, in place of Snakemake's own lines."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """It does not."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's filter holds: --quiet and the like."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Its words are its own."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """It does not."""
        return False

    def emit(self, record: LogRecord) -> None:
        """Write what a person should see of a message."""
        try:
            plain = self.common_settings.dryrun or self.common_settings.verbose
            if plain and getattr(record, "event", None) != LogEvent.ERROR:
                text = self._theirs.format(record)
            else:
                text = self._words(record)
            if text and text != "None":
                print(text, file=self._stream, flush=True)
        except BrokenPipeError:
            raise
        except Exception:  # a message must not end a run
            self.handleError(record)

    def _words(self, record: LogRecord) -> str | None:
        event, said = getattr(record, "event", None), record.__dict__
        if event is None:
            return self._other(record.getMessage())
        ours: dict[Any, Callable[[dict[str, Any]], str | None]] = {
            LogEvent.RUN_INFO: lambda _: _plan(),
            LogEvent.JOB_INFO: _begun,
            LogEvent.JOB_FINISHED: _finished,
            LogEvent.JOB_ERROR: _failed,
            LogEvent.ERROR: _mistake,
            LogEvent.GROUP_ERROR: lambda _: self._theirs.format(record),
            LogEvent.SHELLCMD: lambda _: self._theirs.format(record),
        }
        return ours[event](said) if event in ours else None

    def _other(self, message: str) -> str | None:
        if message.startswith(_NOTHING):
            ending = RUN.ending() if RUN.ending else ""
            return f"Nothing to be done: everything asked for is there.\n{ending}".strip()
        return None if not message.strip() or message.strip().startswith(_NOISE) else message


def _plan() -> str | None:
    """Say nothing: how much there is to do is said when it is known how long it takes."""
    return None


def announcement() -> str:
    """Say how many jobs there are and how long they may take."""
    jobs = len(RUN.seconds)
    where = (
        f"on {RUN.cores} core{'s' * (RUN.cores > 1)}"
        if RUN.cores and not RUN.remote
        else "as the cluster has room"
    )
    known = [seconds for seconds in RUN.seconds.values() if seconds is not None]
    time_ = ""
    if len(known) < jobs:
        time_ = "; how long they take here is not known yet"
    elif RUN.cores and not RUN.remote:
        time_ = f", about {duration(max(1.0, sum(known) / RUN.cores))}"
    return f"{jobs} {'job' if jobs == 1 else 'jobs'} to do {where}{time_}"


def _begun(said: dict[str, Any]) -> None:
    job = int(said["jobid"])
    RUN.names[job] = str(said["rule_msg"] or said["rule_name"])
    RUN.logs[job] = [str(path) for path in said["log"] or []]
    RUN.began[job] = time.monotonic()


def _finished(said: dict[str, Any]) -> str | None:
    job, now = int(said["job_id"]), time.monotonic()
    took = now - RUN.began.pop(job, now)
    RUN.finish(job, took)
    if job not in RUN.names or RUN.names[job] == "all":
        return None
    jobs = max(len(RUN.seconds), len(RUN.done))
    left = RUN.left(now)
    time_left = f", {duration(left)} left" if left is not None and len(RUN.done) < jobs else ""
    return f"[{len(RUN.done)} of {jobs}{time_left}] {RUN.names[job]} ({took:.1f} s)"


def _failed(said: dict[str, Any]) -> str | None:
    job = int(said["jobid"])
    RUN.began.pop(job, None)
    again = job in RUN.failed
    RUN.failed = [other for other in RUN.failed if other != job] + [job]
    name = RUN.names.get(job, str(said["rule_name"]))
    logs = RUN.logs.get(job) or [str(path).split(" ")[0] for path in said["log"] or []]
    known = "".join(f", {key}: {value}" for key, value in (said.get("aux") or {}).items())
    word = "FAILED again" if again else "FAILED"
    lines = [f"{word}: {name}{RUN.ended}{known}; its log: {', '.join(logs) or 'none'}"]
    RUN.ended = ""
    if RUN.remote:  # what runs here has printed it already
        for path in map(Path, logs):
            text = path.read_text(encoding="utf-8", errors="replace").rstrip() if path.exists() else ""
            lines += [f"  {line}" for line in text.splitlines()]
    return "\n".join(lines)


def _mistake(said: dict[str, Any]) -> str | None:
    message = str(said["msg"])
    if found := _ENDED.search(message):
        RUN.ended = f" ({found[0]})"
    if found or "At least one job did not complete" in message:
        return None  # told with the job
    return in_short(message)


def closing() -> str:
    """Say, at the end of a run in which jobs failed, which, and what to do."""
    failed = [
        f"  {RUN.names.get(job, job)}: {', '.join(RUN.logs.get(job, ['no log']))}" for job in RUN.failed
    ]
    undone = len(RUN.seconds) - len(RUN.done) - len(failed)
    behind = f", {undone} not run since they need what failed" if undone > 0 else ""
    heading = f"{len(RUN.done)} of {len(RUN.seconds)} jobs done, {len(failed)} failed{behind}:"
    return "\n".join([heading, *failed, "Run the same again to go on from here."])
