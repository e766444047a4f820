"""One log per job: messages go to the job's log file and to the terminal."""

import errno
import logging
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advex.common.errors import UserError

LOOKS_ON = True

COMPUTED = "computed for"
STOPPED, FAILED = "stopped", "failed"

_FULL = (errno.ENOSPC, errno.EDQUOT)

# What the machine did to a job rather than the job itself: another try may help.
_OF_THE_MACHINE = ("MemoryError", "OSError", "BlockingIOError", "CUDA error", "CUDNN", "cuDNN", "NCCL")


@contextmanager
def logged(path: str, what: str) -> Iterator[None]:
    """Send log messages of the body to ``path`` and to standard error, and time the body.

    The last line of a finished log says how long the body computed, which leaves out starting Python
    and importing libraries: see :func:`advex.records.costs.computing_seconds`. An error ends the process with
    status 1, once it is told: a :class:`UserError` and a full disk by a message alone, others by where they
    come from.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("advex")
    logger.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [
        logging.FileHandler(path, mode="w", encoding="utf-8"),
        logging.StreamHandler(sys.stderr),
    ]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
        logger.addHandler(handler)
    started = time.perf_counter()
    try:
        yield
        handlers[0].handle(
            logger.makeRecord(
                "advex", logging.INFO, "", 0, f"{COMPUTED} %.3f s", (time.perf_counter() - started,), None
            )
        )
    except UserError as error:
        logger.error("%s: %s: %s", what, STOPPED, error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _FULL:
            logger.exception("%s: %s", what, FAILED)
            sys.exit(1)
        folder = Path(error.filename or path).absolute().parent
        logger.error(
            "%s: %s: OSError: %s: the disk of %s is full (%d MB free); make room there, then run again",
            what, STOPPED, error.strerror, folder, shutil.disk_usage(folder).free // 10**6,
        )  # fmt: skip
        sys.exit(1)
    except Exception:
        logger.exception("%s: %s", what, FAILED)
        sys.exit(1)  # rather than raise it, which Python would print once more
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def failed_for_its_own_reason(log: Path) -> bool:
    """Tell from a job's log whether it failed by itself, so that trying again is of no use.

    A job that was killed (out of time or memory, preempted, its node lost) leaves no such trace; errors
    of the machine under it, such as a GPU's, do not count.
    """
    lines = log.read_text(encoding="utf-8").strip().splitlines() if log.exists() else []
    own = any(line[9:].endswith(f": {FAILED}") or f": {STOPPED}: " in line for line in lines)
    return own and not any(trace in lines[-1] for trace in _OF_THE_MACHINE)
