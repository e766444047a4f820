"""Notes which functions of the library a job runs; Python imports this by itself where it finds it.

Jobs are known by their scripts' folder. Only what runs from :func:`advex.records.records.recorded` on is
noted, and nothing that modules which look on call in turn.
"""

import atexit
import json
import os
import sys
import threading
import uuid
from pathlib import Path
from types import CodeType, FrameType

FOLDER = os.environ.get("ADVEX_EXECUTED", "")
LOOKING_ON = (
    "/advex/records/records.py", "/advex/records/logs.py", "/advex/records/provenance/",
    "/advex/common/machine/progress.py",
)  # fmt: skip
ON_IMPORT = "__get_pydantic_core_schema__"
"""Runs when a class of settings is made, which a job may only do by importing its module."""
WORKER = "/advex/common/machine/worker.py"
"""Below every job that was forked from one, and no part of it."""
IS_FUNCTION = 1  # of a code object's flags: not a module's or a class's body

_seen: set[CodeType] = set()
_executed: set[tuple[str, int]] = set()
_started: list[bool] = []


def _trace(frame: FrameType, event: str, argument: object) -> None:
    code = frame.f_code
    if code in _seen:
        return
    ours = "/src/advex/" in code.co_filename and not code.co_filename.endswith(WORKER)
    if not ours or not code.co_flags & IS_FUNCTION:
        _seen.add(code)
        return
    if code.co_name == "recorded":
        _started.append(True)
    if _started and code.co_name != ON_IMPORT and not _looks_on(frame):
        _seen.add(code)
        _executed.add((code.co_filename, code.co_firstlineno))


def _looks_on(frame: FrameType | None) -> bool:
    while frame is not None:
        if any(name in frame.f_code.co_filename for name in LOOKING_ON):
            return True
        frame = frame.f_back
    return False


def _write() -> None:
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is not None:
        told = {
            "script": Path(sys.argv[0]).name.split(".", 1)[1],
            "log": str(job.log[0]),
            "uses": job.params.get("uses", []),
            "executed": sorted(_executed),
        }
        path = Path(FOLDER) / f"{uuid.uuid4()}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told))


def _runs_jobs(argument: str) -> bool:
    return "/.snakemake/scripts/" in argument or argument.endswith(WORKER)


# A job that is forked from a worker has what the worker began with.
if FOLDER and any(map(_runs_jobs, sys.orig_argv)):
    sys.settrace(_trace)  # told of calls of Python functions alone
    threading.settrace(_trace)
    atexit.register(_write)
