"""One log per job: messages go to the job's log file and to the terminal."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advex.errors import UserError

COMPUTED = "computed for"


@contextmanager
def logged(path: str, what: str) -> Iterator[None]:
    """Send log messages of the body to ``path`` and to standard error, and time the body.

    The last line of a finished log says how long the body computed, which leaves out starting Python
    and importing libraries: see :func:`advex.costs.computing_seconds`. A :class:`UserError` ends the
    process with its message alone, status 1.
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
        logger.error("%s: stopped: %s", what, error)
        sys.exit(1)
    except Exception:
        logger.exception("%s: failed", what)
        raise
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
