"""Verification: are the files that lie here what the records say, and were they made from each other?

A job can have two records, that of a run in this checkout and the shipped one (:mod:`advex.records.records`).
Content decides which of them holds for a file:

- a file that lies here: the own record if that names its digest, else the shipped one if that does;
- an absent file: the record that names the digest which those files were made from that lie here.
"""

import json
import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advex.common.files import write_text
from advex.records.records import OWN, RESULTS, Record, own_records, sha256_of, shipped_records

MEMORY = Path(".snakemake/contents.json")
"""Where digests of files are remembered between runs."""

LOCAL = ("logs", "benchmarks", OWN, "costs.csv", "comparison.html")
"""What tells of runs on this machine, in a study's results: no artifacts, so neither recorded nor versioned
(``.dvcignore`` names the same)."""


_ENTRY = 5  # size, two times, inode, digest


class Contents:
    """The SHA-256 of files, remembered by size and time so that large files are hashed only once.

    A remembered digest is trusted while a file's size, time of change (in nanoseconds) and inode stay.
    """

    def __init__(self, memory: Path) -> None:
        """Remember in the file ``memory``; one that does not exist yet or cannot be read is begun anew."""
        self._memory = memory
        self._known = _remembered(memory)
        self._changed = False

    def sha256(self, path: str, expected: Container[str | None] | None = None) -> str | None:
        """Return the digest of a file, None if there is no such file.

        Where it is none of those ``expected`` it is taken again: what is remembered may be wrong, and
        accuses nobody.
        """
        try:
            found = os.stat(path)
        except OSError:
            return None
        # Both times: content can be changed and the modification time set back, but not the other.
        mark = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        known = self._known.get(path)
        if known is None or known[:-1] != mark or (expected is not None and known[-1] not in expected):
            known = self._known[path] = [*mark, sha256_of(path)]
            self._changed = True
        return str(known[-1])

    def save(self) -> None:
        """Write down what is known; a folder that cannot be written to costs time, not the run."""
        if self._changed:
            try:
                write_text(self._memory, json.dumps(self._known))
            except OSError:
                return


def _remembered(memory: Path) -> dict[str, list[Any]]:
    """Return what is remembered: four numbers and a digest for each path; nothing if that is not so."""
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
        whole = all(
            len(entry) == _ENTRY and all(isinstance(number, int) for number in entry[:-1]) and entry[-1] + ""
            for entry in known.values()
        )
    except (OSError, ValueError, AttributeError, TypeError, KeyError, RecursionError):
        return {}
    return known if whole else {}


@dataclass(frozen=True)
class Findings:
    """How the files that are there compare with the records.

    Attributes:
        records: the record that holds for each artifact of a recorded job, by path.
        damaged: files whose content no record of the job that wrote them names.
        outdated: for outputs of jobs that did not end, that read something else than lies there now, or
            that have no record: why they must be made again.
    """

    records: dict[str, Record]
    damaged: list[str]
    outdated: dict[str, str]


def compare(
    own: Iterable[Record], shipped: Iterable[Record], contents: Contents, artifacts: Iterable[str]
) -> Findings:
    """Hold files against records.

    Args:
        own: the records of runs in this checkout.
        shipped: the records of what is published.
        contents: of the files.
        artifacts: paths that should have a record.
    """
    own = list(own)
    ended = [record for record in own if record.ended]
    records, strange = _choose([*ended, *shipped], contents)
    unrecorded = set(artifacts) - records.keys()
    begun = {path for record in own if not record.ended for path in record.outputs}
    outdated = dict.fromkeys(sorted(unrecorded - begun), "it has no record")
    outdated |= dict.fromkeys(sorted(begun & {*strange, *unrecorded}), "the job that writes it did not end")
    for path, record in records.items():
        for source, read in record.inputs.items():
            # A file that a job writes is what that job's record says, whether it is there or not.
            made = records.get(source)
            now = made.outputs[source]["sha256"] if made else contents.sha256(source, expected=(read,))
            if now not in (None, read):
                outdated.setdefault(path, f"{source} has changed")
    return Findings(records, [path for path in strange if path not in begun], outdated)


def _choose(records: Sequence[Record], contents: Contents) -> tuple[dict[str, Record], list[str]]:
    """Return the record that holds for each path that records name, and the files that are as none says.

    Where several could hold, an earlier one does.
    """
    naming: dict[str, list[Record]] = {}
    for record in records:
        for path in record.outputs:
            if not is_local(path):
                naming.setdefault(path, []).append(record)
    named = {path: {one.outputs[path]["sha256"] for one in those} for path, those in naming.items()}
    here = {path: digest for path in naming if (digest := contents.sha256(path, named[path])) is not None}
    chosen: dict[str, Record] = {}

    def choose(record: Record) -> None:
        for path in record.outputs:
            if path in naming:
                chosen.setdefault(path, record)

    for record in records:  # all files of a job by one record, if they can be
        lying = [path for path in record.outputs if path in here]
        if lying and all(here[path] == record.outputs[path]["sha256"] for path in lying):
            choose(record)
    for path, digest in here.items():
        if path not in chosen and (found := _with(digest, path, naming[path])):
            chosen[path] = found
    strange = [path for path in here if path not in chosen]
    waiting = list(chosen.values())[::-1]
    while waiting:
        for path, digest in waiting.pop().inputs.items():
            if path in naming and path not in chosen and (found := _with(digest, path, naming[path])):
                choose(found)
                waiting.append(found)
    for path, candidates in naming.items():
        chosen.setdefault(path, candidates[-1])
    return chosen, strange


def _with(digest: str, path: str, records: Iterable[Record]) -> Record | None:
    """Return the first record that gives a file this digest."""
    return next((record for record in records if record.outputs[path]["sha256"] == digest), None)


def is_local(path: str) -> bool:
    """Tell whether a path below ``results/`` tells of runs on this machine (:data:`LOCAL`)."""
    parts = path.split("/", 3)
    return len(parts) > 2 and parts[0] == RESULTS.name and parts[2] in LOCAL


def records_that_hold() -> dict[str, Record]:
    """Return the record that holds for each path that records name, given the files that lie here."""
    contents = Contents(MEMORY)
    found = compare(own_records(), shipped_records(), contents, artifacts=())
    contents.save()
    return dict(found.records)


def artifacts_in(results: Path) -> list[str]:
    """Return the paths of all artifacts below ``results/``: what jobs write, but for what is local.

    Hidden files are temporary, and checkpoints belong to trainings that have not ended.
    """
    found = []
    for study in sorted(results.glob("*/")):
        for folder, subfolders, names in os.walk(study):
            passing = LOCAL if Path(folder) == study else ()
            subfolders[:] = [name for name in subfolders if not name.startswith(".") and name not in passing]
            found += [
                os.path.join(folder, name)
                for name in names
                if not name.startswith(".") and not name.endswith(".checkpoint") and name not in passing
            ]
    return found
