"""The digest of the code that a job reaches."""

from collections.abc import Iterable
from pathlib import Path

from advex.records.provenance.library import LIBRARY, Library
from advex.records.provenance.memory import Memory
from advex.records.provenance.reached import Reached


class Code:
    """The code of the library as it is when it is first asked about; see :mod:`advex.records.provenance`.

    Args:
        folder: the package's folder.
        memory: a file that keeps what was read of each file, by its content, or what this process has read;
            none to read anew.
    """

    def __init__(self, folder: Path = LIBRARY, memory: Path | Memory | None = None) -> None:
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
