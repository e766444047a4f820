"""The statements of a definition one by one."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, replace

from advex.records.provenance.imports import foreign
from advex.records.provenance.names import bound_by, is_string

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_BRANCHING = (ast.If, ast.While, ast.For)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PLAIN = (
    ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.List, ast.Set, ast.Dict,
    ast.operator, ast.unaryop, ast.expr_context,
)  # fmt: skip
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
        outline: what it says without its constants; of a value given on import, without its name too.
        constants: what it says that names nothing: ``3``, ``"text"``, ``10 ** 6``.
        values: what is given ahead of use, by name: on import, or to a parameter as its default.
        choices: its parts of which no line tells which were worked out: ``a if c else b``, ``a or b``.
        is_field: it gives a value in a class, so perhaps a default of settings.
    """

    text: str
    lines: range
    inside: int = 0
    ways: tuple[int, ...] = ()
    entered: int = 0
    lambdas: tuple[int, ...] = ()
    binds: frozenset[str] | None = None
    names: frozenset[str] = frozenset()
    outline: str = ""
    constants: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ()
    is_field: bool = False


def pieces(
    statements: Iterable[ast.stmt], called: bool = False, renamed: Mapping[str, str] | None = None
) -> list[Piece]:
    """Return the pieces of statements from the top of a module, in order.

    Args:
        statements: without docstrings, which are left out anyway, as are imports of our own modules.
        called: the statements run as a job's script does, not when something is imported.
        renamed: other names for local variables.
    """
    if renamed:
        statements = [_Renaming(renamed).visit(deepcopy(each)) for each in statements]
    found = list(_pieces(statements, "", called, ""))
    users = Counter(line for piece in found for line in piece.lines)
    return [
        replace(piece, lines=range(piece.lines.start, piece.lines.start))
        if any(users[line] > 1 for line in piece.lines)
        else piece
        for piece in found
    ]


def variables(statements: Iterable[ast.stmt], called: bool = False) -> list[str]:
    """Return the names of parameters and local variables, in the order in which they first stand there.

    Args:
        statements: from the top of a module.
        called: as of :func:`pieces`.
    """
    found = set()
    for statement in statements:
        for scope in [statement] if called else ast.walk(statement):
            if called or isinstance(scope, _FUNCTIONS):
                found |= {place for each in ast.walk(scope) if (place := _binding(each))}
    return list(dict.fromkeys(name for _, _, name in sorted(found)))


def _binding(node: ast.AST) -> tuple[int, int, str] | None:
    if isinstance(node, ast.arg):
        return node.lineno, node.col_offset, node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.lineno, node.col_offset, node.id
    return None


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._names.get(node.arg, node.arg)
        self.generic_visit(node)
        return node


class _Outlining(ast.NodeTransformer):
    """Leaves out what names nothing."""

    def __init__(self) -> None:
        self.constants: list[str] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and all(isinstance(each, _PLAIN) for each in ast.walk(node)):
            self.constants.append(ast.dump(node))
            return ast.Name("?")
        result: ast.AST = self.generic_visit(node)
        return result


def _pieces(statements: Iterable[_Compound], place: str, called: bool, owner: str) -> Iterator[Piece]:
    for node in statements:
        if isinstance(node, ast.stmt) and is_string(node):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not list(foreign(node)):
            continue
        blocks = _blocks(node)
        header = _without_blocks(node, blocks)
        inner = [child for block in blocks.values() for child in block]
        given = None if called else _given(node)
        outlining = _Outlining()
        outline = ast.dump(outlining.visit(deepcopy(header if given is None else given)))
        yield Piece(
            text=f"{place}{ast.dump(header)}",
            lines=_lines_of(node, header, inner),
            inside=node.body[0].lineno if isinstance(node, _BRANCHING) else 0,
            ways=_ways(node),
            entered=_code(node.body)[0].lineno if isinstance(node, _FUNCTIONS) and _code(node.body) else 0,
            lambdas=tuple(each.lineno for each in ast.walk(header) if isinstance(each, ast.Lambda)),
            binds=None if called else frozenset(_bound(node, owner)),
            names=_mentioned(header),
            outline=outline if given is None else f"given {outline}",
            constants=tuple(outlining.constants),
            values=() if called and not isinstance(node, _FUNCTIONS) else tuple(_values(node, place)),
            choices=tuple(ast.dump(each) for each in ast.walk(header) if _chooses(each)),
            is_field=given is not None and bool(owner),
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


def _given(node: _Compound) -> ast.expr | None:
    """Return the value that an assignment gives."""
    return node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None


def _values(node: _Compound, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield place + ast.dump(target), ast.dump(node.value)
    elif isinstance(node, _FUNCTIONS):
        arguments = node.args
        parameters = [*arguments.posonlyargs, *arguments.args]
        last = parameters[len(parameters) - len(arguments.defaults) :]
        for parameter, default in [
            *zip(last, arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]:
            if default is not None:
                yield f"{node.name} {parameter.arg}", ast.dump(default)


def _chooses(node: ast.AST) -> bool:
    """Tell whether a part of an expression need not be worked out with the rest."""
    if isinstance(node, (ast.IfExp, ast.BoolOp)):
        return True
    return (isinstance(node, ast.Compare) and len(node.ops) > 1) or (
        isinstance(node, ast.comprehension) and bool(node.ifs)
    )
