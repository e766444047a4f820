"""What import statements bind and run."""

import ast
from collections.abc import Iterable, Iterator

from advex.records.provenance.parts import Imported

PACKAGE = "advex"


def imports_at_top(statements: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield imports that run in the module's own scope, in whatever they are nested."""
    for node in statements:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for name in ("body", "orelse", "finalbody", "handlers", "cases"):
                for inner in getattr(node, name, []):
                    yield from imports_at_top(
                        inner.body if hasattr(inner, "body") and name in ("handlers", "cases") else [inner]
                    )


def is_ours(node: ast.Import | ast.ImportFrom, name: str) -> bool:
    """Tell whether an import is of a module of ours."""
    return bool(getattr(node, "level", 0)) or name == PACKAGE or name.startswith(f"{PACKAGE}.")


def bindings(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    """Yield the names that an import binds to something of ours."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if is_ours(node, alias.name):
                yield (alias.asname, Imported(alias.name)) if alias.asname else (PACKAGE, Imported(PACKAGE))
    elif is_ours(node, node.module or ""):
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name, Imported(node.module or "", alias.name, node.level)


def runs(node: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    """Yield the modules of ours that an import may run."""
    if isinstance(node, ast.Import):
        yield from (Imported(alias.name) for alias in node.names if is_ours(node, alias.name))
    elif is_ours(node, node.module or ""):
        yield Imported(node.module or "", None, node.level)
        yield from (Imported(node.module or "", alias.name, node.level) for alias in node.names)


def foreign(node: ast.AST) -> list[tuple[str, str]]:
    """Return the names that an import binds to something that is not ours, and what that is.

    ``import a.b`` binds ``a``, but loads ``a.b`` as well: that is written ``a.b!``.
    """
    if isinstance(node, ast.Import):
        return [
            (
                alias.asname or alias.name.split(".")[0],
                alias.name if alias.asname or "." not in alias.name else f"{alias.name}!",
            )
            for alias in node.names
            if not is_ours(node, alias.name)
        ]
    if isinstance(node, ast.ImportFrom) and not is_ours(node, node.module or ""):
        return [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
    return []


def origins_of(others: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what each name stands for, dotted, of those that :func:`foreign` gives."""
    return {name: name if origin.endswith("!") else origin for name, origin in others}


def is_type_checking(node: ast.stmt) -> bool:
    """Tell whether a statement is ``if TYPE_CHECKING`` with imports alone, which does not run."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        and not node.orelse
        and all(isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in node.body)
    )
