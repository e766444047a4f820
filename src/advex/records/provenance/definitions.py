"""The definitions of one module, read from its source and not run: what each says, and what it names.

A *definition* is a statement at the top of a module: a function, a class, an assignment, an import. Each is
reduced to a canonical form of its syntax: without comments, docstrings, layout and imports of the library's
own modules, and with every name that is bound at the top of a module replaced by a number, so that where a
definition lives, and under which name another module knows it, does not matter. Who uses this
(:mod:`advex.records.provenance`) finds out what the numbers stand for.

Nothing here depends on the version of Python: forms are written from the tree's non-empty fields.
"""

import ast

from advex.records.provenance.effects import acts, hooks
from advex.records.provenance.forms import Reader
from advex.records.provenance.imports import (
    bindings,
    foreign,
    imports_at_top,
    is_ours,
    is_type_checking,
    origins_of,
    runs,
)
from advex.records.provenance.names import annotation, bound_by, chain_of, is_string, own_names
from advex.records.provenance.parts import Definition, Imported, Source, hashed

LOOKS_ON = "LOOKS_ON"
"""A module or package that sets this to True only looks on while a job works, so it does not count."""
SETTINGS_MARK = "STRICT"
"""Dataclasses with ``config=STRICT`` are settings: their fields with defaults count where they are read."""
WRITES_NO_DEFAULTS = "WRITES_NO_DEFAULTS"
"""Here a module names functions that read all fields of settings but leave out those at their default."""
IMPORTS_OTHERS = "IMPORTS_OTHERS"
"""Here a module names functions that import by name, or forget, modules that are not ours and no others."""


def read_module(text: str) -> Source:
    """Read the definitions of a module of the library from its source."""
    tree = ast.parse(text)
    source = Source(looks_on=_is_marked(tree, LOOKS_ON))
    sparing, importing = (_strings_of(tree, mark) for mark in (WRITES_NO_DEFAULTS, IMPORTS_OTHERS))
    statements = [node for node in tree.body if not is_string(node) and not _is_main(node)]
    unrun = {id(inner) for node in statements if is_type_checking(node) for inner in ast.walk(node)}
    for each in imports_at_top(statements):
        _note_import(each, source, run=id(each) not in unrun)
    kept: list[ast.stmt] = []
    others: list[tuple[str, str]] = []
    for node in statements:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            others += foreign(node)
        elif is_type_checking(node):
            others += [pair for inner in ast.walk(node) for pair in foreign(inner)]
        else:
            kept.append(node)
    origins = origins_of(others)
    top = {name for node in kept for name in bound_by(node)} | set(source.imported) | set(origins)
    for name, origin in others:
        source.definitions.append(_definition_of_import(name, origin))
    for node in kept:
        definition = _read_statement(node, top, origins)
        if set(definition.names) & sparing:
            definition.reads_all_fields = False
        # What a registry looks up is declared, entry by entry.
        if set(definition.names) & {"Registry", *importing}:
            definition.reach = ""
            definition.reads_all_fields = False
        source.definitions.append(definition)
    for index, definition in enumerate(source.definitions):
        for name in definition.names:
            source.bound.setdefault(name, []).append(index)
    _find_unused_imports(source, tree)
    return source


def read_script(text: str) -> Source:
    """Read a script, which is a single statement: it counts whole, in its order."""
    tree = ast.parse(text)
    source = Source()
    for node in imports_at_top(tree.body):
        _note_import(node, source)
    others = [pair for node in tree.body for pair in foreign(node)]
    kept = [node for node in tree.body if not is_string(node)]
    reader = Reader(set(source.imported), origins_of(others), at_top=own_names(kept) | {"snakemake"})
    reader.body(kept, frozenset())
    script = Definition(names=[], kind="script", line=1, **vars(reader.part()))
    script.form = hashed(script.form, *(f"{name} {origin}" for name, origin in sorted(others)))
    source.definitions.append(script)
    return source


def _is_main(node: ast.stmt) -> bool:
    """Tell whether a statement is ``if __name__ == "__main__"``, which does not run on import."""
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and isinstance(node.test, ast.Compare)
        and ast.dump(node.test) == ast.dump(ast.parse('__name__ == "__main__"', mode="eval").body)
    )


def _is_marked(tree: ast.Module, mark: str) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and [getattr(target, "id", None) for target in node.targets] == [mark]
        and isinstance(node.value, ast.Constant)
        and node.value.value is True
        for node in tree.body
    )


def _strings_of(tree: ast.Module, name: str) -> set[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", None) for target in node.targets] == [
            name
        ]:
            return set(ast.literal_eval(node.value))
    return set()


def _note_import(node: ast.Import | ast.ImportFrom, source: Source, *, run: bool = True) -> None:
    for name, imported in bindings(node):
        source.imported.setdefault(name, []).append(imported)
    if run:
        source.runs += [imported for imported in runs(node) if imported.name != "*"]
    stars = any(alias.name == "*" for alias in node.names)
    if stars and isinstance(node, ast.ImportFrom) and is_ours(node, node.module or ""):
        source.stars.append(Imported(node.module or "", None, node.level))


def _definition_of_import(name: str, origin: str) -> Definition:
    acts = origin.startswith("__future__") or name == "*"
    return Definition(form=hashed("import", origin), names=[name], kind="import", acts=acts)


def _find_unused_imports(source: Source, tree: ast.Module) -> None:
    """Count an import that nothing in its module uses as one made for what it does."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            quoted = annotation(node)
            used |= {node.value} | {inner.id for inner in ast.walk(quoted) if isinstance(inner, ast.Name)}
    spared = {name for node in tree.body if is_type_checking(node) for name in own_names([node])}
    for definition in source.definitions:
        if definition.kind == "import" and not (used | spared) & set(definition.names):
            definition.acts = True


def _read_statement(node: ast.stmt, top: set[str], origins: dict[str, str]) -> Definition:
    names = bound_by(node)
    registry = _read_registry(node)
    if registry is not None:
        return registry
    fields: list[Definition] = []
    whole = node
    if isinstance(node, ast.ClassDef) and _is_settings(node):
        last = _last_with_defaults(node)
        fields = [_read_field(each, top, origins) for each in last]
        node = _without(node, last)
    reader = Reader(top, origins, at_top=names)
    reader.statement(node, frozenset())
    result = Definition(names=names, line=_first_line(node), fields=fields, **vars(reader.part()))
    result.kind = _kind(node)
    result.acts, result.calls = acts(whole, top, origins)
    if isinstance(node, ast.ClassDef):
        result.bases = [chain for base in node.bases if (chain := chain_of(base))]
        result.hooks = hooks(node)
    return result


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _kind(node: ast.stmt) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return "function"
    if isinstance(node, ast.ClassDef):
        return "class"
    return "assignment" if isinstance(node, (ast.Assign, ast.AnnAssign)) else "statement"


def _read_registry(node: ast.stmt) -> Definition | None:
    """Read ``NAME = Registry("name", {...}, pattern="...")`` whose parts are all written out."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(call := node.value, ast.Call):
        return None
    function = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    chain = chain_of(function)
    if chain is None or chain[-1] != "Registry":
        return None
    parts = dict(zip(("name", "table", "pattern"), call.args, strict=False))
    parts |= {str(keyword.arg): keyword.value for keyword in call.keywords}
    try:
        values = {name: ast.literal_eval(value) for name, value in parts.items()}
        name = values["name"]
    except (ValueError, KeyError):
        return None
    return Definition(
        form=hashed("registry", name),
        chains=[chain],
        names=bound_by(node),
        kind="registry",
        line=node.lineno,
        registry=name,
        table=values.get("table", {}),
        pattern=values.get("pattern") or "",
    )


def _is_settings(node: ast.ClassDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and any(
            keyword.arg == "config"
            and isinstance(keyword.value, ast.Name)
            and keyword.value.id == SETTINGS_MARK
            for keyword in decorator.keywords
        )
        for decorator in node.decorator_list
    )


def _last_with_defaults(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """Return the fields with defaults after which there is none without."""
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    last: list[ast.AnnAssign] = []
    for each in reversed(fields):
        # A field that only tells one class from another is written down whatever its value.
        if each.value is None or _is_tag(each):
            break
        last.insert(0, each)
    return last


def _is_tag(node: ast.AnnAssign) -> bool:
    annotation = node.annotation
    return (
        isinstance(annotation, ast.Subscript)
        and (chain_of(annotation.value) or ("",))[-1] == "Literal"
        and isinstance(annotation.slice, ast.Constant)
    )


def _without(node: ast.ClassDef, left_out: list[ast.AnnAssign]) -> ast.ClassDef:
    kept = [each for each in node.body if each not in left_out]
    copy = ast.ClassDef(**{name: getattr(node, name) for name in node._fields if hasattr(node, name)})
    copy.body = kept
    return ast.copy_location(copy, node)


def _read_field(node: ast.AnnAssign, top: set[str], origins: dict[str, str]) -> Definition:
    reader = Reader(top, origins)
    reader.statement(node, frozenset({getattr(node.target, "id", "")}))
    return Definition(
        names=[getattr(node.target, "id", "")], kind="field", line=node.lineno, **vars(reader.part())
    )
