"""Names in syntax trees: which a scope binds, and chains of attributes."""

import ast
from collections.abc import Iterable

from advex.records.provenance.parts import Chain


def chain_of(node: ast.AST) -> Chain | None:
    """Return a name with attributes as a chain; None for anything else."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None


def bound_by(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top of a module binds."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    return sorted(own_names([node]))


def own_names(body: Iterable[ast.AST]) -> set[str]:
    """Return the names that statements bind in their own scope, so not in functions or classes inside."""
    names: set[str] = set()
    released: set[str] = set()
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            waiting += [*node.decorator_list, *getattr(node, "bases", [])]
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            names |= {
                inner.target.id
                for inner in ast.walk(node)
                if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name)
            }
            waiting.append(node.generators[0].iter)
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            released |= set(node.names)
        else:
            names |= {
                name
                for attribute in ("name", "rest")
                if isinstance(name := getattr(node, attribute, None), str)
                and isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping))
            }
        waiting += ast.iter_child_nodes(node)
    return names - released


def parameters(arguments: ast.arguments) -> set[str]:
    """Return the names of a function's parameters."""
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return {each.arg for each in every if each is not None}


def is_string(node: ast.stmt) -> bool:
    """Tell whether a statement is a string, which says something to people only."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def annotation(node: ast.expr) -> ast.expr:
    """Return what a quoted annotation says."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return node
    return node
