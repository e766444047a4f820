"""Progress of long loops, as log lines with the time left; readable when several jobs share a terminal."""

import logging
import time

LOOKS_ON = True

_log = logging.getLogger(__name__)


class Progress:
    """Report how far a loop of known length is, at most every ``every`` seconds.

    Args:
        what: what is being done, for the reader: "train robust, seed 0".
        total: number of units of work (epochs, steps, batches).
        unit: the name of a unit.
        done: units already done, when a run resumes.
        every: seconds between two lines.
    """

    def __init__(self, what: str, total: int, unit: str = "step", done: int = 0, every: float = 3.0) -> None:
        self.what, self.total, self.unit, self.every = what, total, unit, every
        self._first = self._done = done
        self._started = self._reported = time.monotonic()

    def advance(self, units: int = 1, note: str = "") -> None:
        """Count ``units`` more as done; ``note`` is added to a line if one is due."""
        self._done += units
        now = time.monotonic()
        if now - self._reported < self.every or self._done >= self.total:
            return
        self._reported = now
        left = (now - self._started) / max(self._done - self._first, 1) * (self.total - self._done)
        suffix = f" ({note})" if note else ""
        _log.info(
            "%s: %s %d of %d, %s left%s", self.what, self.unit, self._done, self.total, duration(left), suffix
        )


def duration(seconds: float) -> str:
    """Write a duration for people: ``42 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
