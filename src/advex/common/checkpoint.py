"""Checkpoints: what an interrupted computation has done so far, kept only for the computation it came from.

A checkpoint is sealed: a digest of its content and a fingerprint of all that it depends on are written with
it. One that does not fit, or of which a bit has changed, is set aside, and the computation begins anew.
"""

import hashlib
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from advex.common.artifacts import Array, Description, read_description, read_tensors, write_tensors
from advex.common.errors import UserError

_log = logging.getLogger(__name__)

ENDING = ".checkpoint"
"""How the names of checkpoints end, also of those that are set aside."""

_LIBRARIES = ("numpy", "torch")


@dataclass(frozen=True)
class Checkpoint:
    """A file that keeps what an interrupted computation has done so far.

    Attributes:
        path: the file; delete it once the whole is written (:meth:`remove`).
        made_by: fingerprint of what the computation depends on: code, settings, data.
    """

    path: Path
    made_by: str = ""

    def of(self, *parts: bytes) -> "Checkpoint":
        """Return the same file for what depends on these parts too, and on the libraries that compute."""
        digest = hashlib.sha256(self.made_by.encode())
        libraries = [f"{name} {version(name)}".encode() for name in _LIBRARIES]
        for part in (*parts, *libraries, sys.version.split()[0].encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
        return Checkpoint(self.path, digest.hexdigest())

    def member(self, index: int) -> "Checkpoint":
        """Return the checkpoint of one of several computations of a job."""
        stem = self.path.name.removesuffix(ENDING)
        return Checkpoint(self.path.with_name(f"{stem}.member{index}{ENDING}"), self.made_by)

    def write(self, arrays: Mapping[str, Array], progress: Description) -> None:
        """Keep arrays and JSON-serialisable progress, atomically."""
        sealed = {"made_by": self.made_by, "content": _digest(arrays, progress), "progress": dict(progress)}
        write_tensors(self.path, arrays, sealed)

    def read(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what was kept, arrays and progress; both empty if there is nothing that fits."""
        if not self.path.exists():
            return {}, {}
        try:
            sealed, arrays = read_description(self.path), read_tensors(self.path)
        except UserError as error:
            self.set_aside(str(error))
            return {}, {}
        progress = sealed.get("progress") if isinstance(sealed, dict) else None
        if not isinstance(progress, dict) or sealed.get("content") != _digest(arrays, progress):
            self.set_aside("its content is not what was written")
        elif sealed.get("made_by") != self.made_by:
            self.set_aside("it was written by other code, settings, data or libraries")
        else:
            return arrays, progress
        return {}, {}

    def set_aside(self, reason: str) -> None:
        """Move the file out of the way, beside where it lay, and say so."""
        aside = self.path.with_name(f"{self.path.name.removesuffix(ENDING)}.set_aside{ENDING}")
        self.path.replace(aside)
        _log.warning("start from the beginning: %s is set aside as %s: %s", self.path, aside.name, reason)

    def remove(self) -> None:
        """Remove the checkpoints of a job that is done: its own, those of its parts, those set aside."""
        stem = self.path.name.removesuffix(ENDING)
        for left in self.path.parent.iterdir() if self.path.parent.exists() else ():
            if left.name == self.path.name or (
                left.name.startswith(f"{stem}.") and left.name.endswith(ENDING)
            ):
                left.unlink()


def _digest(arrays: Mapping[str, Array], progress: Description) -> str:
    """Return a digest of names, types, shapes and numbers, whatever the order of the names."""
    digest = hashlib.sha256(json.dumps(dict(progress), sort_keys=True).encode())
    for name, given in sorted(arrays.items()):
        array = np.ascontiguousarray(given)  # as it is written: a number is an array of one
        digest.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
