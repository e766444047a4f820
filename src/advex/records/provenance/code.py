"""The digest of the code that a job reaches."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from advex.records.provenance.library import LIBRARY, Library
from advex.records.provenance.memory import Memory
from advex.records.provenance.reached import Reached


@dataclass(frozen=True)
class Summary:
    """What a plan needs to know of what a job reaches; see :class:`advex.records.provenance.reached.Reached`.

    Attributes:
        digest: 64 hexadecimal digits.
        entries: names of the entries of registries that count, sorted.
        definitions: a short hash of every definition that counts, by its label.
    """

    digest: str
    entries: tuple[str, ...]
    definitions: Mapping[str, str]


class Code:
    """The code of the library as it is when it is first asked about; see :mod:`advex.records.provenance`.

    Args:
        folder: the package's folder.
        memory: a file that keeps what was read of each file, by its content, or what this process has read;
            none to read anew.
    """

    def __init__(self, folder: Path = LIBRARY, memory: Path | Memory | None = None) -> None:
        self._folder = folder
        self._memory = memory if isinstance(memory, Memory) else Memory(memory)
        self.library = Library(folder, self._memory)
        self._found: dict[tuple[Path, tuple[str, ...]], Reached] = {}

    def digest(self, script: str | Path, entries: Iterable[str] = ()) -> str:
        """Hash what a script reaches with the entries of registries that its job declares.

        Args:
            script: path of the job's script.
            entries: names of entries, ``"<registry> <name>"``, or references ``"advex.module:definition"``.
                Entries of registries that the job does not reach do not count.

        Returns:
            64 hexadecimal digits.

        Raises:
            UserError: a registry has no such entry.
        """
        return self.reached(script, entries).digest

    def definitions(self, script: str | Path, entries: Iterable[str] = ()) -> dict[str, str]:
        """Return a short hash of every definition that counts in :meth:`digest`, by its label."""
        return self.reached(script, entries).definitions

    def reached(self, script: str | Path, entries: Iterable[str] = ()) -> Reached:
        """Find out what a job reaches; arguments as of :meth:`digest`."""
        key = (Path(script), tuple(sorted(set(entries))))
        if key not in self._found:
            self._found[key] = Reached(self.library, *key)
            self._memory.save()
        return self._found[key]

    def summary(self, script: str | Path, entries: Iterable[str] = ()) -> Summary:
        """Return what a plan needs to know; remembered for a library, a script and entries that are the same.

        Arguments as of :meth:`digest`.
        """
        declared = tuple(sorted(set(entries)))
        parts = [self._content, Path(script).read_bytes(), *(entry.encode() for entry in declared)]
        key = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

        def found() -> list[object]:
            reached = self.reached(script, declared)
            return [reached.digest, sorted(reached.entries), reached.definitions]

        digest, names, definitions = self._memory.recall(key, found)
        self._memory.save()
        return Summary(digest, tuple(names), definitions)

    @cached_property
    def _content(self) -> bytes:
        """All of the library, as it is now: paths and contents of its files."""
        digest = hashlib.sha256()
        for path in sorted(self._folder.rglob("*.py")):
            for part in (path.relative_to(self._folder).as_posix().encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()
