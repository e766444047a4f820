"""The statements of a definition one by one, and which of them differ between two versions."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from advex.provenance.imports import foreign
from advex.provenance.names import bound_by, is_string

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_CHOOSING = (ast.If, ast.While, ast.For)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Compound = ast.stmt | ast.ExceptHandler


@dataclass(frozen=True)
class Piece:
    """A statement without those inside it.

    Attributes:
        text: where it stands in its definition, and what it says in canonical form.
        lines: the lines it takes, without those of statements inside it; none if another one is in one of
            them, so that it cannot be told which was executed.
        inside: the first line of what a condition or a loop holds, 0 if it is none.
        ways: where a condition may lead, each of which must be gone to; 0 is anything but ``inside``.
        entered: the first line of a function's body, 0 if it is no function.
        lambdas: the lines of its lambdas, each of which must be called.
        binds: names it binds when its module is imported; None if it runs when something is called.
        names: the names and attributes it mentions.
    """

    text: str
    lines: range
    inside: int = 0
    ways: tuple[int, ...] = ()
    entered: int = 0
    lambdas: tuple[int, ...] = ()
    binds: frozenset[str] | None = None
    names: frozenset[str] = frozenset()


def pieces(statements: Iterable[ast.stmt], called: bool = False) -> list[Piece]:
    """Return the pieces of statements from the top of a module, in order.

    Args:
        statements: without docstrings, which are left out anyway, as are imports of our own modules.
        called: the statements run as a job's script does, not when something is imported.
    """
    found = list(_pieces(statements, "", called, ""))
    users = Counter(line for piece in found for line in piece.lines)
    return [
        replace(piece, lines=range(piece.lines.start, piece.lines.start))
        if any(users[line] > 1 for line in piece.lines)
        else piece
        for piece in found
    ]


def _pieces(statements: Iterable[_Compound], place: str, called: bool, owner: str) -> Iterator[Piece]:
    for node in statements:
        if isinstance(node, ast.stmt) and is_string(node):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not list(foreign(node)):
            continue
        blocks = _blocks(node)
        header = _without_blocks(node, blocks)
        inner = [child for block in blocks.values() for child in block]
        yield Piece(
            text=f"{place}{ast.dump(header)}",
            lines=_lines_of(node, header, inner),
            inside=node.body[0].lineno if isinstance(node, _CHOOSING) else 0,
            ways=_ways(node),
            entered=_code(node.body)[0].lineno if isinstance(node, _FUNCTIONS) and _code(node.body) else 0,
            lambdas=tuple(each.lineno for each in ast.walk(header) if isinstance(each, ast.Lambda)),
            binds=None if called else frozenset(_bound(node, owner)),
            names=_mentioned(header),
        )
        for name, block in blocks.items():
            inside = called or isinstance(node, _FUNCTIONS)
            holder = node.name if isinstance(node, ast.ClassDef) else owner
            yield from _pieces(block, f"{place}{type(node).__name__}.{name} ", inside, holder)


def _blocks(node: _Compound) -> dict[str, list[_Compound]]:
    """Return the statements inside a statement; a `match` counts as one, of which no line tells enough."""
    if isinstance(node, ast.Match):
        return {}
    return {name: block for name in _BLOCKS if (block := getattr(node, name, None))}


def _without_blocks(node: _Compound, blocks: Iterable[str]) -> ast.AST:
    header = copy(node)
    for name in blocks:
        setattr(header, name, [])
    return header


def _lines_of(node: _Compound, header: ast.AST, inner: list[_Compound]) -> range:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    if isinstance(node, ast.Match):
        return range(node.lineno, node.lineno)
    first = min([node.lineno, *(each.lineno for each in decorators)])
    end = min((child.lineno for child in inner), default=(node.end_lineno or node.lineno) + 1)
    own = max((getattr(each, "end_lineno", 0) for each in ast.iter_child_nodes(header)), default=0)
    return range(first, max(end, own + 1, node.lineno + 1))


def _code(block: Iterable[ast.stmt]) -> list[ast.stmt]:
    return [node for node in block if not is_string(node)]


def _ways(node: _Compound) -> tuple[int, ...]:
    """Return where a condition may lead; ways that lead to an error change no result in silence."""
    if isinstance(node, ast.For):
        return (node.body[0].lineno,)
    if not isinstance(node, (ast.If, ast.While)):
        return ()
    first, other = node.body[0], node.orelse[0] if node.orelse else None
    inside = () if isinstance(first, ast.Raise) else (first.lineno,)
    return inside if isinstance(other, ast.Raise) else (*inside, 0)


def _bound(node: _Compound, owner: str) -> set[str]:
    if isinstance(node, ast.ExceptHandler):
        return set()
    names = set(bound_by(node)) if not _blocks(node) or hasattr(node, "decorator_list") else set()
    if isinstance(node, _FUNCTIONS) and node.name.startswith("__"):
        names.add(owner)  # called through its class
    return names


def _mentioned(node: ast.AST) -> frozenset[str]:
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            names.add(each.id)
        elif isinstance(each, ast.Attribute):
            names.add(each.attr)
        elif isinstance(each, ast.keyword) and each.arg:
            names.add(each.arg)
    return frozenset(names)


def differing(old: list[Piece], new: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of two versions that differ."""
    matcher = SequenceMatcher(None, [each.text for each in old], [each.text for each in new], autojunk=False)
    gone, added = [], []
    for kind, first, last, other_first, other_last in matcher.get_opcodes():
        if kind != "equal":
            gone += old[first:last]
            added += new[other_first:other_last]
    return gone, added
