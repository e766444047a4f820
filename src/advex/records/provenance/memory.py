"""What was read of files, remembered by their content."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from advex.common.files import write_text
from advex.records.provenance.parts import Source

_READERS = hashlib.sha256(
    b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
).digest()
"""What is remembered was read by this code: by other code it is read anew."""

_MOST = 2000


class Memory:
    """What was read of files, by their content, and what followed from that, kept in a file between runs."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._changed = False
        self._known: dict[str, Any] = {}
        self._sources: dict[str, Source] = {}
        if file is not None:
            try:
                self._known = dict(json.loads(file.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                self._known = {}

    def read(self, path: Path, reader: Callable[[str], Source]) -> Source:
        """Return what a reader, a function with a name of its own, makes of a file's text."""
        content = path.read_bytes()
        key = hashlib.sha256(content + reader.__name__.encode() + _READERS).hexdigest()
        if key not in self._known:
            if len(self._known) > _MOST:  # most of it is of files as they were
                self._known = {}
            self._known[key] = asdict(reader(content.decode("utf-8")))
            self._changed = True
        if key not in self._sources:
            self._sources[key] = Source.restored(self._known[key])
        return self._sources[key]

    def recall(self, key: str, find: Callable[[], Any]) -> Any:
        """Return what is remembered under a key that says all it depends on; find it if nothing is."""
        key = hashlib.sha256(key.encode() + _READERS).hexdigest()
        if key not in self._known:
            self._known[key] = find()
            self._changed = True
        return self._known[key]

    def save(self) -> None:
        """Write down what is known; a folder that cannot be written to costs time, not the run."""
        if self._changed and self._file is not None:
            try:
                write_text(self._file, json.dumps(self._known))
            except OSError:
                return
            self._changed = False
