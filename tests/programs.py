"""Running Python's programs, Snakemake and DVC above all, without waiting for their libraries each time.

They take longer to be imported than to do most of what tests ask of them, and are asked a thousand times. So
:func:`run` has them forked from a process that has imported them, and nothing of this repository: which
library they run with depends on the folder. They start like ``python -m``, with an environment and a working
directory of their own, and end like it. Whatever could act on Python's start has Python start.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

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
Of these, ``PYTHONPATH`` must name folders with nothing in them that acts on Python's start."""

LONGEST = 1 << 17
"""Of what is told to the process that forks, in bytes."""


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder; return its status and what it said.

    Raises:
        TimeoutExpired: it had not ended after ``seconds``; it has been killed.
    """
    here = {name for name, value in environment.items() if os.environ.get(name) != value}
    acting = (here | os.environ.keys() - environment.keys()) - set(ACTS_LATE)
    forking = forks() if not acting and list(command[:2]) == [sys.executable, "-m"] else None
    if forking is None:
        return subprocess.run(
            command, cwd=folder, env=dict(environment), capture_output=True, text=True, timeout=seconds,
            check=False,
        )  # fmt: skip
    told = json.dumps({"command": command[2:], "folder": str(folder), "environment": dict(environment)})
    pipes = os.pipe(), os.pipe()
    socket.send_fds(forking, [told.encode()], [writing for _, writing in pipes])
    for _, writing in pipes:
        os.close(writing)
    program = int(forking.recv(32))
    forking.settimeout(seconds)
    with ThreadPoolExecutor(len(pipes)) as threads:
        said = [threads.submit(_read, reading) for reading, _ in pipes]
        try:
            status = int(forking.recv(32))
        except TimeoutError:
            os.kill(program, 9)
            forking.settimeout(None)
            forking.recv(32)
            raise subprocess.TimeoutExpired(command, seconds) from None
        finally:
            forking.settimeout(None)
    return subprocess.CompletedProcess(command, status, *(each.result() for each in said))


def _read(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8") as file:
        return file.read()


@cache
def forks() -> socket.socket | None:
    """Start the process that forks; return our end of what it listens to, or nothing where it cannot be."""
    if sys.platform != "linux":
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {name: value for name, value in os.environ.items() if name not in ACTS_LATE}
    with theirs:
        subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            env=environment | {"OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    return ours if ours.recv(32) else None


def _serve(connection: socket.socket) -> tuple[dict, list[int]]:
    """Fork for every request and say how the fork ended; return in the fork with what it is told."""
    while True:
        told, descriptors, _, _ = socket.recv_fds(connection, LONGEST, 2)
        if not told:
            os._exit(0)
        child = os.fork()
        if not child:
            return json.loads(told), descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _main() -> None:
    """Be the process that forks, and in its forks the program that is asked for."""
    libraries = sys.path[1:]
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    connection = socket.socket(fileno=int(sys.argv[1]))
    if len(os.listdir("/proc/self/task")) > 1:
        os._exit(1)  # a lock that another thread holds would never be released in a fork
    gc.freeze()
    connection.send(b"ready")
    told, descriptors = _serve(connection)
    connection.close()
    for number, descriptor in enumerate(descriptors, 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    own = told["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [told["folder"], *filter(None, own), *libraries]
    sys.argv = told["command"]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]
    sys.modules["numpy.random"].seed()  # type: ignore[attr-defined]
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    else:
        status = 0
    _end(status)


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
    _main()
