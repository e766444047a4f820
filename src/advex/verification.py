"""Verification: are the files that lie here what the records say, and were they made from each other?"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advex.files import write_text
from advex.records import Record, digests


class Contents:
    """The SHA-256 of files, remembered by size and time so that large files are hashed only once.

    A remembered digest is trusted while a file's size, time of change (in nanoseconds) and inode stay.
    """

    def __init__(self, memory: Path) -> None:
        """Remember in the file ``memory``, which may not exist yet."""
        self._memory = memory
        try:
            self._known: dict[str, list[Any]] = json.loads(memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._known = {}
        self._changed = False

    def sha256(self, path: str) -> str | None:
        """Return the digest of a file, None if there is no such file."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        # Both times: content can be changed and the modification time set back, but not the other.
        mark = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        known = self._known.get(path)
        if known is None or known[:-1] != mark:
            known = self._known[path] = [*mark, digests(path)["sha256"]]
            self._changed = True
        return str(known[-1])

    def save(self) -> None:
        """Write down what is known; a folder that cannot be written to costs time, not the run."""
        if self._changed:
            try:
                write_text(self._memory, json.dumps(self._known))
            except OSError:
                return


@dataclass(frozen=True)
class Findings:
    """How the files that are there compare with the records.

    Attributes:
        damaged: files whose content is not what the record of the job that wrote them says.
        outdated: for outputs of jobs that read something else than lies there now, or of no recorded
            job: why they must be made again.
    """

    damaged: list[str]
    outdated: dict[str, str]


def compare(records: Iterable[Record], contents: Contents, artifacts: Iterable[str]) -> Findings:
    """Hold files against records.

    Args:
        records: of all jobs.
        contents: of the files.
        artifacts: paths that should have a record.
    """
    records = list(records)
    written = {path: sums["sha256"] for record in records for path, sums in record.outputs.items()}
    damaged = [path for path, wanted in written.items() if contents.sha256(path) not in (None, wanted)]
    outdated = {path: "it has no record" for path in artifacts if path not in written}
    for record in records:
        for path, read in record.inputs.items():
            # A file that a job writes is what that job's record says, whether it is there or not.
            now = written[path] if path in written else contents.sha256(path)
            if now not in (None, read):
                outdated |= dict.fromkeys(record.outputs, f"{path} has changed")
    return Findings(damaged, outdated)


def artifacts_in(results: Path) -> list[str]:
    """Return the paths of all artifacts below ``results/``: what jobs write, but for logs and benchmarks.

    Hidden files are temporary, and checkpoints belong to trainings that have not ended.
    """
    found = []
    for study in sorted(results.glob("*/")):
        for folder, subfolders, names in os.walk(study):
            hidden = {name for name in subfolders if name.startswith(".")}
            passing = {"logs", "benchmarks"} if Path(folder) == study else set()
            subfolders[:] = [name for name in subfolders if name not in hidden | passing]
            found += [
                os.path.join(folder, name)
                for name in names
                if not name.startswith(".") and not name.endswith(".checkpoint")
            ]
    return found
