"""A study made several times in a row in one place: memory, disk and open files must not grow."""

import threading
import time
from pathlib import Path

import pandas as pd
from copies import copy_repository
from faults import PATIENCE, Run, left_in, processes_in

_EVERY = 1.0  # seconds


def _resident(number: int) -> int:
    """Return the kilobytes of memory that a process has to itself or shares."""
    try:
        status = Path(f"/proc/{number}/status").read_text()
    except OSError:
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0]) if found else 0


def _open_files(number: int) -> int:
    try:
        return len(list(Path(f"/proc/{number}/fd").iterdir()))
    except OSError:
        return 0


class _Watch(threading.Thread):
    """Looks at all processes of a folder again and again; keeps the most of them all together."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.memory, self.files, self._over = folder, 0, 0, threading.Event()

    def run(self) -> None:
        while not self._over.wait(_EVERY):
            processes = processes_in(self.folder)
            self.memory = max(self.memory, sum(map(_resident, processes)))
            self.files = max(self.files, sum(map(_open_files, processes)))

    def end(self) -> None:
        self._over.set()
        self.join(PATIENCE)


def soak(folder: Path, study: str, times: int) -> pd.DataFrame:
    """Make all of a study so often, each time from nothing but the downloads, in the same place.

    Returns:
        One row for each time: seconds, most memory and open files of all processes together, bytes and
        number of files on the disk at the end, and how many things were left behind.
    """
    copy_repository(folder)
    rows = []
    for number in range(1, times + 1):
        watch, began = _Watch(folder), time.monotonic()
        watch.start()
        run = Run(folder, True, "--forceall", study=study)
        status = run.end()
        watch.end()
        if status != 0:
            raise SystemExit(run.said[-5000:])
        there = [path for path in folder.rglob("*") if path.is_file()]
        rows.append(
            {
                "study": study,
                "time": number,
                "seconds": round(time.monotonic() - began),
                "most_memory_mb": watch.memory // 1024,
                "most_open_files": watch.files,
                "disk_mb": round(sum(path.stat().st_size for path in there) / 1e6, 2),
                "files": len(there),
                "left_behind": len(left_in(folder)),
            }
        )
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)
