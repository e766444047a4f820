"""Starting the jobs of this machine by forking from processes that have imported what they need.

Python and its libraries take longer to start than many a job to compute. So a run keeps *workers*
(:mod:`advex.common.machine.worker`), each of which has imported what certain jobs import before they do
anything else, and forks for each of them. A fork is a child of Snakemake like any process that it starts, and
what it is not to know of the worker it does not know: its environment is that of the job, it has loaded what
the job is sure to load, nothing of this repository, and it computes nothing before. Where anything is
otherwise than expected, Python starts as usual.

Jobs have one worker for each environment, such as for each number of threads, which is where workers that
have imported more are forked from.
"""

import ast
import ctypes
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from advex.common.machine.worker import INTERRUPTED

_PARSING = threading.Lock()
"""Jobs start from threads, and Python 3.11 counts the depth of what it parses for all threads together: where
one interrupts another, it raises SystemError."""

SWITCH = "ADVEX_WORKERS"
"""Environment variable; ``no`` turns workers off."""

SCRIPTS = ".snakemake/scripts"
"""Folder in which Snakemake puts scripts while they run."""

SHARED = ("from snakemake.logging import logger", "import pandas as pd", "import torch")
"""What takes long and many jobs import, as our modules write it: workers fork from one that has done so."""

_PACKAGE = Path(__file__).parents[2]
_PROGRAM = Path(__file__).with_name("worker.py")
_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_PATIENCE = 60.0  # seconds for a worker's answer, most of which is importing torch from a slow disk

Imports = frozenset[str]
"""Import statements."""


class Forked:
    """A job's process, with what Snakemake asks of one that it has started.

    Attributes:
        usage: what it has used, once it has ended.
    """

    stdout = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.usage: Any = None

    def wait(self) -> int:
        """Wait until it ends; return its status, negative for a signal that ended it."""
        if self.returncode is None:
            _, status, self.usage = os.wait4(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """End it by SIGTERM."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)


class _Worker(NamedTuple):
    connection: socket.socket
    pid: int


class Workers:
    """The workers of a run, all started when they are first needed.

    Attributes:
        interrupted: whether Ctrl-C was seen, which reaches all jobs that are there; none may start after it,
            since nothing would end that one.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._lock = threading.Lock()
        self._workers: dict[tuple[frozenset[tuple[str, str]], Imports], _Worker | None] = {}
        self._of_thread = threading.local()

    def start(self, command: str, **options: Any) -> "Forked | subprocess.Popen[Any]":
        """Start a process as :class:`subprocess.Popen` does; that of a job from a worker if that can be.

        Raises:
            KeyboardInterrupt: the run was interrupted before; nothing was started.
        """
        self._of_thread.last = None
        self._refuse_if_interrupted()
        script = script_of(command)
        if script and options.get("stdout") is not subprocess.PIPE and options.get("env") is not None:
            with suppress(OSError, ValueError, SyntaxError, SystemError):
                self._of_thread.last = self._fork(command, script, options)
        if self.last:
            return self.last
        self._refuse_if_interrupted()
        return subprocess.Popen(command, **options)

    def _refuse_if_interrupted(self) -> None:
        if self.interrupted:
            raise KeyboardInterrupt

    @property
    def last(self) -> Forked | None:
        """What was last started by this thread, if that was from a worker."""
        return getattr(self._of_thread, "last", None)

    @contextmanager
    def sure_of(self, modules: Iterable[str]) -> Iterator[None]:
        """Start jobs from this thread of which it is known that they import these modules of ours besides."""
        self._of_thread.modules = tuple(modules)
        try:
            yield
        finally:
            self._of_thread.modules = ()

    def end(self) -> None:
        """End all workers; no job is touched."""
        with self._lock:
            for worker in filter(None, self._workers.values()):
                worker.connection.close()
                with suppress(OSError):
                    os.kill(worker.pid, signal.SIGKILL)
                    os.waitpid(worker.pid, 0)
            self._workers.clear()

    def _fork(self, command: str, script: str, options: dict[str, Any]) -> Forked:
        """Have a job forked.

        Raises:
            OSError: it cannot be; then none was.
            KeyboardInterrupt: the workers know of an interrupt before this process does.
        """
        imports = sure_imports(script, getattr(self._of_thread, "modules", ()))
        out = options.get("stdout")
        given = {0: 0, 1: 1 if out is None else out if isinstance(out, int) else out.fileno(), 2: 2}
        given |= {number: number for number in options.get("pass_fds", ())}
        message = {"script": script, "folder": os.getcwd(), "numbers": list(given)}
        waiting, known = os.pipe()
        try:
            with self._lock:
                worker = self._for_imports(command, options, imports)
                job = Forked(_ask(worker, message, [*given.values(), waiting]))
            os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # raises if it is not ours
            os.write(known, b".")
        finally:
            os.close(waiting)
            os.close(known)
        return job

    def _for_imports(self, command: str, options: dict[str, Any], imports: Imports) -> _Worker:
        """Return a worker that has made imports, itself forked from one that has made fewer."""
        environment = frozenset(options["env"].items())
        stages = [frozenset(SHARED[: count + 1]) & imports for count in range(len(SHARED))]
        done: Imports = frozenset()
        for stage in [done, *stages, imports]:
            key = environment, stage
            if key not in self._workers:
                self._workers[key] = None  # if it fails, it is not tried again
                more = sorted(stage - done)
                before = self._workers.get((environment, done))
                self._workers[key] = _grown(before, more) if more else _first(command, options)
            done = stage
        worker = self._workers[environment, imports]
        if worker is None:
            raise OSError("there is no such worker")
        return worker


def _first(command: str, options: dict[str, Any]) -> _Worker:
    """Start a worker as the job would be started."""
    if ctypes.CDLL(None, use_errno=True).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this system lets nobody adopt orphans")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        ours.settimeout(_PATIENCE)
        *before, python, _ = shlex.split(command)
        program = shlex.join([python, str(_PROGRAM), str(theirs.fileno())])
        nothing = subprocess.DEVNULL
        own = {"pass_fds": (theirs.fileno(),), "stdin": nothing, "stdout": nothing, "stderr": nothing}
        process = subprocess.Popen(" ".join([*before, program]), **{**options, **own})
    process.returncode = 0  # it is waited for in `end`
    return _Worker(ours, process.pid)


def _grown(worker: _Worker | None, imports: list[str]) -> _Worker:
    """Have a worker fork another one that imports more."""
    if worker is None:
        raise OSError("there is no such worker")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        ours.settimeout(_PATIENCE)
        return _Worker(ours, _ask(worker, {"imports": imports}, [theirs.fileno()]))


def _ask(worker: _Worker, message: dict[str, Any], descriptors: list[int]) -> int:
    """Return the process that a worker forks for a request."""
    try:
        socket.send_fds(worker.connection, [json.dumps(message).encode()], descriptors)
        answer = worker.connection.recv(32)
        if answer == INTERRUPTED:
            raise KeyboardInterrupt
        if not answer:
            raise OSError("the worker is gone")
    except OSError:
        worker.connection.close()  # what it may yet answer would be taken for the answer to another request
        raise
    return int(answer)


def script_of(command: str) -> str | None:
    """Return the script of a job that is started as ``python script`` and nothing else, or None."""
    prefix = "set -euo pipefail;"
    try:
        words = shlex.split(command.removeprefix(prefix))
    except ValueError:
        return None
    ours = len(words) == 2 and words[0] == sys.executable and Path(words[1]).match(f"{SCRIPTS}/*.py")
    return words[1] if ours else None


def sure_imports(script: str, modules: Iterable[str] = ()) -> Imports:
    """Return the import statements that a script is sure to run: those of other projects' modules.

    They stand at the top of the script or of our modules that are imported there, outside of any condition.

    Args:
        script: path of a Python file.
        modules: modules of ours that it is known to import besides.
    """
    with _PARSING:
        found, ours = _imports(ast.parse(Path(script).read_bytes()))
        to_do, seen = [*ours, *modules], set[str]()
        statements = set(found)
        while to_do:
            name = to_do.pop()
            parts = name.split(".")
            for module in [".".join(parts[: depth + 1]) for depth in range(len(parts))]:
                if module not in seen:
                    seen.add(module)
                    found, ours = _imports_of_module(module)
                    statements |= found
                    to_do += ours
        return frozenset(statements)


@cache
def _imports_of_module(module: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return what a module of ours imports at its top; nothing for what is no module."""
    base = _PACKAGE.joinpath(*module.split(".")[1:])
    for file in (base / "__init__.py", base.with_suffix(".py")):
        if file.is_file():
            return _imports(ast.parse(file.read_bytes()))
    return frozenset(), ()


def _imports(tree: ast.Module) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return import statements of other projects' modules, and the names of ours that may be modules."""
    others, ours = set(), list[str]()
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _is_ours(alias.name):
                    ours.append(alias.name)
                elif alias.name.split(".")[0] not in sys.stdlib_module_names:
                    others.add(ast.unparse(ast.Import([alias])))
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if _is_ours(node.module):
                ours += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif node.module.split(".")[0] not in sys.stdlib_module_names:
                others.add(ast.unparse(node))
    return frozenset(others), tuple(ours)


def _is_ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == _PACKAGE.name
