"""Running Python's programs, Snakemake and DVC above all, without waiting for their libraries each time.

They take longer to be imported than to do most of what tests ask of them, and are asked a thousand times. So
:func:`run` has them forked from a process that has imported them, and nothing of this repository: which
library they run with depends on the folder. They start like Python, with an environment and a working
directory of their own, and end like it; what they run by ``subprocess.run`` is forked in the same way.
Whatever could act on Python's start has Python start.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

LIBRARIES = (
    "boto3", "docutils.core", "dpath", "jinja2", "numpy", "packaging.version", "pandas", "PIL.Image",
    "pydantic", "pydantic.dataclasses", "pygments", "requests", "safetensors", "smart_open", "sqlite3",
    "yaml", "yte",
    "snakemake.cli", "snakemake.assets", "snakemake.linting.links", "snakemake.profiles", "snakemake.report",
    "snakemake.report.html_reporter", "snakemake.report.rulegraph_spec", "snakemake.storage",
    "dvc.cli.parser", "dvc.repo", "dvc.repo.add", "dvc.repo.checkout", "dvc.repo.ls", "dvc.repo.push",
    "dvc.repo.status", "dvc_data.index.view", "dvc_objects.fs.local", "dulwich.repo", "pygit2", "scmrepo.git",
)  # fmt: skip
"""What these programs import; one that is not there is left to them."""

ACTS_LATE = (
    "ADVEX_MIRROR", "ADVEX_SITE", "ADVEX_WORKERS", "ATEN_CPU_CAPABILITY", "AWS_MAX_ATTEMPTS",
    "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME", "ONEDNN_MAX_CPU_ISA",
    "PYTHONPATH", "SLURM_CONF",
)  # fmt: skip
"""Environment variables that act when programs run or on what they start, not when Python or libraries do.
``PYTHONPATH`` comes with another variable where something lies there that acts on Python's start."""

LONGEST = 1 << 17
NUMBER = 32
"""Bytes of what is told to the process that forks, at most, and of a number that it tells."""


class Way(NamedTuple):
    """The way to the process that forks.

    Attributes:
        requests: what it listens to.
        life: it ends when nobody holds this any more.
    """

    requests: socket.socket
    life: int


class Forked:
    """A program that is forked; ``writing`` are descriptors of where to, its output and its errors.

    Attributes:
        pid: its number.
    """

    def __init__(
        self,
        way: Way,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        writing: tuple[int, int],
    ) -> None:
        told = {
            "command": [*map(str, command)],
            "folder": str(folder.absolute()),
            "environment": dict(environment),
        }
        self._news, telling = os.pipe()
        socket.send_fds(way.requests, [json.dumps(told).encode()], [*writing, telling])
        os.close(telling)
        self.pid = int(os.read(self._news, NUMBER))

    def wait(self, seconds: float | None) -> int:
        """Wait until it ends; return its status.

        Raises:
            TimeoutExpired: it had not ended after ``seconds``; it has been killed.
        """
        if not select.select([self._news], [], [], seconds)[0]:
            os.kill(self.pid, signal.SIGKILL)
            os.close(self._news)
            raise subprocess.TimeoutExpired(str(self.pid), seconds or 0)
        status = int(os.read(self._news, NUMBER))
        os.close(self._news)
        return status


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float | None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; return its status and what it said.

    Raises:
        TimeoutExpired: it had not ended after ``seconds``; it has been killed.
    """
    way = start() if is_forkable(command, environment) else None
    if way is None:
        return subprocess.run(
            command, cwd=folder, env=dict(environment), capture_output=True, text=True, timeout=seconds,
            check=False,
        )  # fmt: skip
    (reading, out), (reading_errors, err) = os.pipe(), os.pipe()
    program = Forked(way, command[1:], folder, environment, (out, err))
    os.close(out)
    os.close(err)
    with ThreadPoolExecutor(2) as threads:
        said = [threads.submit(_read, each) for each in (reading, reading_errors)]
        status = program.wait(seconds)
    return subprocess.CompletedProcess(command, status, *(each.result() for each in said))


def _read(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8") as file:
        return file.read()


def is_forkable(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Tell whether this is Python, and nothing in an environment acts on its start that does not act here."""
    different = {name for name, _ in environment.items() ^ os.environ.items()} - set(ACTS_LATE)
    if environment.get("LC_ALL") == "C.UTF-8":
        different -= {"LC_ALL"}
    return (
        command[0] == sys.executable and (command[1] == "-m" or command[1].endswith(".py")) and not different
    )


@cache
def start() -> Way | None:
    """Start the process that forks; return the way to it, or nothing where there can be none."""
    if sys.platform != "linux":
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    living, life = os.pipe()
    handed = [ours.fileno(), theirs.fileno(), living]
    environment = {name: value for name, value in os.environ.items() if name not in ACTS_LATE}
    with theirs, subprocess.Popen(
        [sys.executable, __file__, *map(str, handed)], pass_fds=handed, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, env={**environment, "OPENBLAS_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        ready = process.stdout.readline()
        process.returncode = 0  # it lives on, and is not waited for
    os.close(living)
    return Way(ours, life) if ready else None


def _serve(requests: socket.socket, living: int) -> tuple[dict[str, Any], list[int]]:
    """Fork for every request; return in the fork with what it is told to do and where it is to write."""
    while True:
        if living in select.select([requests, living], [], [])[0]:
            os._exit(0)
        told, (*writing, telling), _, _ = socket.recv_fds(requests, LONGEST, 3)
        if not os.fork():  # a process that looks after the program
            program = os.fork()
            if not program:
                os.close(telling)
                return json.loads(told), writing
            for descriptor in writing:
                os.close(descriptor)
            with suppress(BrokenPipeError):
                os.write(telling, f"{program:{NUMBER}}".encode())
                status = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
                os.write(telling, f"{status:{NUMBER}}".encode())
            os._exit(0)
        for descriptor in (*writing, telling):
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _main(asking: int, listening: int, living: int) -> None:
    """Be the process that forks, and in its forks the program that is asked for."""
    libraries = sys.path[1:]
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    if len(os.listdir("/proc/self/task")) > 1:
        os._exit(1)  # a lock that another thread holds would never be released in a fork
    gc.freeze()
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for programs
    print("ready", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    requests = socket.socket(fileno=listening)
    told, writing = _serve(requests, living)
    signal.signal(signal.SIGINT, interrupted)
    requests.close()
    os.close(living)
    for number, descriptor in enumerate(writing, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    command = told["command"]
    is_module = command[0] == "-m"
    sys.argv = command[is_module:]
    sys.orig_argv = [sys.executable, *command]
    first = told["folder"] if is_module else str(Path(command[0]).resolve().parent)
    sys.path[:] = [first, *filter(None, own), *libraries]
    sys.modules["numpy.random"].seed()  # type: ignore[attr-defined]
    _fork_from_here_on(Way(socket.socket(fileno=asking), -1))
    _end(_run(sys.argv[0], is_module))


def _fork_from_here_on(way: Way) -> None:
    """Have ``subprocess.run`` fork what it can, from the process that this one was forked from."""
    starts = subprocess.run

    def forks(command: Any, **options: Any) -> Any:
        environment, folder = options.get("env") or os.environ, Path(options.get("cwd") or Path.cwd())
        words = [command] if isinstance(command, str) else [*map(str, command)]
        captured = options.get("capture_output", False)
        known = options.keys() <= {"env", "cwd", "timeout", "capture_output", "text", "check"}
        usual = known and captured == options.get("text", False) and not options.get("check")
        if not usual or not is_forkable(words, environment):
            return starts(command, **options)
        if captured:
            return run(words, folder, environment, options.get("timeout"))
        sys.stdout.flush()
        program = Forked(way, words[1:], folder, environment, (1, 2))
        return subprocess.CompletedProcess(words, program.wait(options.get("timeout")))

    global start  # noqa: PLW0603
    start = cache(lambda: way)
    subprocess.run = forks


def _run(program: str, is_module: bool) -> object:
    """Run a program as Python does; return its status."""
    try:
        if is_module:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        return end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(status: object) -> None:
    """End as Python ends, but without taking libraries apart: first all that is shared would be copied."""
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr)
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit((status or 0) & 0xFF)


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
