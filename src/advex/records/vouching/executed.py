"""What jobs executed, as ``hook/sitecustomize.py`` noted it with coverage."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Arc = tuple[int, int]
"""From which line execution went to which; -5 is outside of what begins in line 5, say a lambda."""


@dataclass(frozen=True)
class Executed:
    """What some jobs executed together.

    Attributes:
        arcs: by file, relative to the repository.
    """

    arcs: Mapping[str, frozenset[Arc]] = field(default_factory=dict)

    def executed(self, path: str, lines: Iterable[int]) -> bool:
        """Tell whether any of these lines, those of one statement, was executed."""
        wanted = set(lines)
        return any(wanted & set(arc) for arc in self.arcs.get(path, ()))

    def called(self, path: str, line: int) -> bool:
        """Tell whether the function or lambda that begins in a line was called."""
        return any(start == -line for start, _ in self.arcs.get(path, ()))

    def left_to(self, path: str, lines: Iterable[int]) -> set[int]:
        """Return the lines, below 0 for an end, to which execution went on from a statement's lines."""
        own = set(lines)
        return {end for start, end in self.arcs.get(path, ()) if start in own and end not in own}

    @classmethod
    def together(cls, several: Iterable["Executed"]) -> "Executed":
        """Return what several executed between them."""
        arcs: dict[str, frozenset[Arc]] = {}
        for each in several:
            for path, known in each.arcs.items():
                arcs[path] = arcs.get(path, frozenset()) | known
        return cls(arcs)


def read_executed(folder: Path) -> dict[str, Executed]:
    """Read what each job executed, by the path of its log."""
    found = {}
    for file in sorted(folder.iterdir()):
        noted = json.loads(file.read_text(encoding="utf-8"))
        arcs = {path: frozenset(map(tuple, pairs)) for path, pairs in noted["arcs"].items()}
        found[noted["log"]] = Executed(arcs)
    return found
