"""One version of the code that a job reaches, statement by statement."""

import ast
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

from advex.records.provenance import Reached
from advex.records.provenance.library import WHOLE, Node
from advex.records.vouching.pieces import Piece, pieces

Key = Node | None
"""A definition; None is the job's script."""


class Side:
    """What a job reaches in one version of the code.

    Args:
        root: the folder of the repository in that version.
        reached: what the job reaches there.
    """

    def __init__(self, root: Path, reached: Reached) -> None:
        self.root = root
        self.reached = reached

    @cached_property
    def keys(self) -> dict[Key, str]:
        """The definitions with statements of their own, with their labels."""
        labels = self.reached.labels()
        found: dict[Key, str] = {None: "script"}
        for node in self.reached.nodes:
            if node.index != WHOLE and self._definition_kind(node) not in ("import", "registry"):
                found[node] = labels[node]
        return found

    @cached_property
    def wholes(self) -> dict[str, list[Node]]:
        """The modules that count whole, with what is in them, in order."""
        library = self.reached.library
        return {
            node.module: library.inside(node.module) for node in self.reached.nodes if node.index == WHOLE
        }

    @cached_property
    def others(self) -> dict[Node, str]:
        """Imports of what is not ours, and registries, by what they are."""
        return {
            node: f"{kind} {self.reached.form(node)}"
            for node in self.reached.nodes
            if node.index != WHOLE and (kind := self._definition_kind(node)) in ("import", "registry")
        }

    def path(self, key: Key) -> str:
        """Return the file of a definition, relative to the repository."""
        return self._file(key).resolve().relative_to(self.root.resolve()).as_posix()

    def statements(self, key: Key) -> list[ast.stmt]:
        """Return the syntax of a definition."""
        return _statements_at(self._file(key), self._line(key))

    def pieces(self, key: Key) -> list[Piece]:
        """Return the statements of a definition one by one."""
        return _pieces_at(self._file(key), self._line(key))

    def naming(self, names: frozenset[str]) -> Iterator[tuple[Key, Piece]]:
        """Yield the statements that mention one of these names, under whatever name they know it."""
        for key in self.keys:
            known = names | self._aliases(key, names)
            for piece in self.pieces(key):
                if piece.names & known:
                    yield key, piece

    def entries_of(self, node: Node) -> list[str]:
        """Return the entries of registries that stand for a definition."""
        return [entry for entry, nodes in self.reached.entries.items() if node in nodes]

    def _definition_kind(self, node: Node) -> str:
        return self.reached.library.definition(node).kind

    def _file(self, key: Key) -> Path:
        if key is None:
            return self.reached.script_path
        path = self.reached.library.path(key.module)
        assert path is not None
        return path

    def _line(self, key: Key) -> int:
        return 0 if key is None else self.reached.library.definition(key).line

    def _aliases(self, key: Key, names: frozenset[str]) -> set[str]:
        """Return what these names are called where they are imported as something else."""
        library = self.reached.library
        source = library.script(self.reached.script_path) if key is None else library.source(key.module)
        local = {} if key is None else library.definition(key).local
        assert source is not None
        return {
            bound
            for imported in (source.imported, local)
            for bound, meant in imported.items()
            if any(each.name in names for each in meant)
        }


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _statements_at(path: Path, line: int) -> list[ast.stmt]:
    """Return what begins at a line at the top of a module; for 0 all of a script."""
    return [node for node in _tree(path).body if line in (0, _first_line(node))]


@cache
def _pieces_at(path: Path, line: int) -> list[Piece]:
    return pieces(_statements_at(path, line), called=not line)


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
