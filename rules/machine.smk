# Where Snakemake meets the machine it runs on: the repository's place, the interpreter's path, how jobs start, and runs
# that were killed.
# These are the only places where Snakemake's own functions are replaced.
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import wraps
from types import SimpleNamespace

from snakemake.persistence import PersistenceBase
from snakemake.script import PythonScript
from snakemake.shell import shell

from advex.common.machine.launch import refuse_folder
from advex.common.machine.locks import abandoned, in_common
from advex.common.machine.workers import SWITCH, Workers
from advex.registries import EXPERIMENTS

WORKERS = Workers()


def run_scripts():
    """Have the interpreter's path quoted when a script is run; Snakemake quotes the script's path alone.

    Workers are told what is known of it, and what it took is measured to its end: Snakemake looks every half
    a second, and jobs can be shorter.
    """
    execute = PythonScript._execute_cmd

    @wraps(execute)
    def execute_quoted(script, command, **values):
        if "py_exec" in values:
            values["py_exec"] = shlex.quote(values["py_exec"])
        experiment = script.params.get("experiment")
        known = (
            [EXPERIMENTS.reference(experiment).partition(":")[0]] if experiment else []
        )
        with WORKERS.sure_of(known):
            result = execute(script, command, **values)
        if WORKERS.last and script.bench_record and script.bench_record.data_collected:
            measured, usage = script.bench_record, WORKERS.last.usage
            measured.cpu_time = max(measured.cpu_time, usage.ru_utime + usage.ru_stime)
            measured.max_rss = max(measured.max_rss, usage.ru_maxrss / 1024)
        return result

    PythonScript._execute_cmd = execute_quoted


@contextmanager
def jobs_from_workers():
    """Have the jobs of a run on this machine start from workers, which end with it."""
    wanted = os.environ.get(SWITCH) != "no" and sys.platform == "linux"
    if not wanted or not workflow.is_main_process or workflow.non_local_exec:
        yield
        return
    processes = sys.modules[shell.__module__]
    processes.sp = SimpleNamespace(**{**vars(subprocess), "Popen": WORKERS.start})
    on_interrupt = signal.getsignal(signal.SIGINT)

    def start_no_more(number, frame):
        WORKERS.interrupted = True
        on_interrupt(number, frame)

    if callable(on_interrupt):
        signal.signal(signal.SIGINT, start_no_more)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, on_interrupt)
        processes.sp = subprocess
        WORKERS.end()


def refuse_to_submit_from_here():
    """Refuse to hand jobs to a cluster where its plugin would leave the interpreter's path unquoted."""
    if workflow.non_local_exec and re.search(r"[^\w@%+=:,./-]", sys.executable):
        raise WorkflowError(
            f"{sys.executable!r}: jobs cannot be submitted from a folder whose path holds blanks or signs that a shell "
            "reads otherwise; move the repository, or run on this machine"
        )


def hold_while_locked():
    """Have this process and its jobs hold a lock of the system's wherever Snakemake sets its own, which outlive it."""
    lock = PersistenceBase.lock

    @contextmanager
    def lock_and_hold(memory):
        refuse_to_submit_from_here()
        if abandoned(memory.path):
            print(
                "A run that was killed left its locks here, and no process of this machine is at work. `make` removes "
                "them by itself; so does `snakemake --unlock`.",
                file=sys.stderr,
            )
        with in_common(memory.path) as descriptor:
            shell._process_args["pass_fds"] = (descriptor,)
            with lock(memory), jobs_from_workers():
                yield

    PersistenceBase.lock = lock_and_hold


checked(refuse_folder, Path.cwd())
if not hasattr(PythonScript._execute_cmd, "__wrapped__"):
    run_scripts()
    hold_while_locked()
