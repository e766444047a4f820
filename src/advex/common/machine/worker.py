"""A worker: a process that has imported something and forks for whatever needs that.

Who starts it is in :mod:`advex.common.machine.workers`. It is run as a program, by its path, so that it has
loaded nothing of this repository; started by the command that would have started a job, it lives in a job's
environment. It does what it is told over a socket that only Snakemake has the other end of: fork, to run a
script or to import more and be a worker in turn. What it forks is handed to Snakemake as a child of its own:
of the two forks that are made for each request the first ends at once, and Snakemake adopts the orphan. A
worker ends when nobody is left at the other end.

Ctrl-C reaches all of them at once. A worker lets it wait, and so does what it forks until it is the job: none
is lost on the way, and what is asked for after it is not forked.
"""

import atexit
import ctypes
import fcntl
import gc
import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

LONGEST = 1 << 16
"""Of a message, in bytes."""
MOST = 16
"""Descriptors that go with one."""
INTERRUPTED = b"interrupted"
"""Answer to what is asked for after Ctrl-C."""


def serve(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork for every request; return in the fork, with what it is told to do and its descriptors."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, LONGEST, MOST)
        if not message:
            os._exit(0)
        if signal.SIGINT in signal.sigpending():
            for descriptor in descriptors:
                os.close(descriptor)
            connection.send(INTERRUPTED)
            continue
        number, noted = os.pipe()
        between = os.fork()
        if not between:
            child = os.fork()
            if child:
                os.write(noted, str(child).encode())
                os._exit(0)
            for descriptor in (number, noted, connection.detach()):
                os.close(descriptor)
            return json.loads(message), descriptors
        for descriptor in (noted, *descriptors):
            os.close(descriptor)
        os.waitpid(between, 0)  # from here on the child is Snakemake's
        connection.send(os.read(number, 32))
        os.close(number)


def prepare(statements: list[str]) -> None:
    """Import something, so that no fork has to; ends the process if forks would not be sound then."""
    for statement in statements:
        exec(statement, {})
    probe = os.fork()  # libraries that end their threads before a fork do so now
    if not probe:
        os._exit(0)
    os.waitpid(probe, 0)
    if len(os.listdir("/proc/self/task")) > 1:
        os._exit(1)  # a lock that another thread holds would never be released in a fork
    gc.freeze()  # what is there stays, so that forks need no copy of it


def become(script: str, folder: str, numbers: list[int], descriptors: list[int]) -> CodeType:
    """Turn this fork into a process that was started to run a script.

    Args:
        script: its path.
        folder: the working directory.
        numbers: of the descriptors that it has.
        descriptors: what they stand for, and one last on which Snakemake says that it knows of this process.

    Returns:
        The script's code.
    """
    clear = max(numbers) + 1
    *moved, told = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, clear) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if not os.read(told, 1):
        os._exit(1)
    os.close(told)
    os.chdir(folder)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(line_buffering=os.isatty(stream.fileno()))  # type: ignore[union-attr]
    sys.argv, sys.orig_argv = [script], [sys.executable, script]
    sys.path[0] = str(Path(script).parent)
    sys.excepthook = tell
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # as new as in a new process
    return compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)


def finish(script: ModuleType) -> None:
    """End a process whose script has ended well, as Python ends, but without taking libraries apart.

    Taking them apart would first copy all that is shared with the worker, which takes longer than most jobs.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    script.__dict__.clear()  # closes files that were left open
    gc.collect()
    with suppress(OSError):  # then Python tries again, says so and ends with a status of its own
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        ctypes.CDLL(None).fflush(None)
        os._exit(0)


def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an error that ends the script, without what is below the script."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def main() -> None:
    """Be a worker, and in its forks what they are told to be."""
    waiting = {signal.SIGINT} if signal.getsignal(signal.SIGINT) != signal.SIG_IGN else set()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    told: dict[str, Any] = {"imports": []}
    descriptors = [int(sys.argv[1])]
    while "imports" in told:
        connection = socket.socket(fileno=descriptors[0])
        prepare(told["imports"])
        told, descriptors = serve(connection)
    script = ModuleType("__main__")
    script.__dict__.update({name: value for name, value in globals().items() if name.startswith("__")})
    loader = type(globals()["__loader__"])("__main__", told["script"])
    script.__dict__.update(__file__=told["script"], __doc__=None, __loader__=loader)
    sys.modules["__main__"] = script
    code = become(told["script"], told["folder"], told["numbers"], descriptors)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    exec(code, script.__dict__)
    finish(script)


if __name__ == "__main__":
    main()
