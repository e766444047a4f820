"""The canonical form of code: without comments, docstrings, layout, and imports of our own modules."""

import ast
import builtins
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from advex.records.provenance.imports import PACKAGE, bindings, foreign, imports_at_top, origins_of
from advex.records.provenance.names import annotation, chain_of, is_string, own_names, parameters
from advex.records.provenance.parts import Chain, Imported, Part, hashed

_REFERENCE = re.compile(rf"{PACKAGE}(\.\w+)*:\w+")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_MODULE = re.compile(rf"{PACKAGE}(\.\w+)+")

# Names through which code reaches what its text does not name.
_REACHES_ANYTHING = frozenset({"exec", "eval", "__import__", "compile"})
_REACHING_ORIGINS = (
    "builtins", "ctypes", "gc", "importlib.import_module", "importlib.machinery", "importlib.reload",
    "importlib.util", "inspect", "pkgutil", "runpy", "sys.modules",
)  # fmt: skip
_REACHING_ATTRIBUTES = frozenset({"__subclasses__", "__globals__", "__builtins__", "f_globals"})

# Names through which fields are read that the text does not name.
_READS_ALL_FIELDS = frozenset(
    {
        "asdict", "astuple", "attrgetter", "dump_json", "dump_python", "fields", "getattr", "getmembers",
        "model_dump", "model_dump_json", "model_fields", "vars",
        "__dataclass_fields__", "__dict__", "__pydantic_fields__",
    }
)  # fmt: skip
_SKIPPED = frozenset({"ctx", "type_comment", "kind"})


class Reader:
    """Writes the canonical form of code and collects what it names; scopes are those of the language.

    Args:
        top: the names bound at the top of the module.
        origins: what those stand for that are imported from elsewhere, dotted.
        at_top: those that the statement itself binds.
    """

    def __init__(self, top: set[str], origins: Mapping[str, str], at_top: Iterable[str] = ()) -> None:
        self._top = top
        self._origins = dict(origins)
        self._own = set(at_top)
        self._known_import: ast.AST | None = None
        self._out: list[str] = []
        self._chains: dict[Chain, int] = {}
        self._strings: dict[str, int] = {}
        self._perhaps: set[str] = set()
        self._local: dict[str, list[Imported]] = {}
        self._attributes: set[str] = set()
        self._words: set[str] = set()
        self._reach = ""
        self._reads_all_fields = False
        self._looked_up = False
        self._special: dict[type, Callable[[Any, frozenset[str]], None]] = {
            ast.Name: self._name,
            ast.Attribute: self._name,
            ast.Constant: self._constant,
            ast.Call: self._call,
            ast.Lambda: self._lambda,
            ast.Subscript: self._subscript,
            ast.ClassDef: self._class,
            ast.Import: self._import,
            ast.ImportFrom: self._import,
            **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), self._function),
            **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp), self._comprehension),
        }

    def part(self) -> Part:
        """Return what has been read."""
        named = {chain[0] for chain in self._chains}
        unnamed: list[Chain] = [(name,) for name in sorted(self._local) if name not in named]
        return Part(
            form=hashed(*self._out),
            chains=[*self._chains, *unnamed],
            perhaps=sorted(self._perhaps),
            local=self._local,
            attributes=sorted(self._attributes),
            words=sorted(self._words),
            strings=list(self._strings),
            reach=self._reach,
            reads_all_fields=self._reads_all_fields,
        )

    def body(self, statements: Iterable[ast.stmt], scope: frozenset[str]) -> None:
        """Read statements; strings that stand alone say something to people only."""
        self._out.append("[")
        for statement in statements:
            if not is_string(statement):
                self.statement(statement, scope)
        self._out.append("]")

    def statement(self, node: ast.stmt, scope: frozenset[str]) -> None:
        """Read one statement."""
        self._read(node, scope)

    def _read(self, node: Any, scope: frozenset[str]) -> None:
        special = self._special.get(type(node))
        if special is not None:
            special(node, scope)
        elif isinstance(node, ast.AST):
            self._fields(node, scope)
        elif not isinstance(node, list):
            self._out.append("-" if node is None else repr(node))
        elif node and isinstance(node[0], ast.stmt):
            self.body(node, scope)
        else:
            self._out.append("[")
            for each in node:
                self._read(each, scope)
            self._out.append("]")

    def _fields(self, node: ast.AST, scope: frozenset[str], skipped: Iterable[str] = ()) -> None:
        self._out.append(type(node).__name__)
        for name, value in ast.iter_fields(node):
            if value is None or value == [] or name in _SKIPPED or name in skipped:
                continue
            if name == "kwd_attrs":
                self._attributes |= set(value)
            self._out.append(f"{name}=")
            self._read(annotation(value) if name == "annotation" else value, scope)
        self._out.append(".")

    def _name(self, node: ast.Name | ast.Attribute, scope: frozenset[str]) -> None:
        chain = chain_of(node)
        if chain is None:
            assert isinstance(node, ast.Attribute)
            self._note_attributes([node.attr])
            self._out.append(f"Attribute {node.attr}")
            self._read(node.value, scope)
            return
        self._note_attributes(chain[1:])
        name = chain[0]
        if name not in scope or name in self._origins:  # a parameter may be called gc
            self._note_origin(node, chain)
        if name in scope or (name in self._own and isinstance(getattr(node, "ctx", None), ast.Store)):
            self._out.append(f"Name {'.'.join(chain)}")
            if f"?{name}" in scope and name in self._top:
                self._perhaps.add(name)
            if name in self._local:
                self._chains.setdefault(chain, len(self._chains))
        elif name in self._top or name in self._local:
            self._out.append(f"Name #{self._chains.setdefault(chain, len(self._chains))}")
        else:
            self._out.append(f"Name {'.'.join(chain)}")
            self._note_builtin(name)
        if chain[0] in _READS_ALL_FIELDS and chain[0] != "getattr":
            self._reads_all_fields = True

    def _note_origin(self, node: ast.AST, chain: Chain) -> None:
        """Note what comes from elsewhere and may reach anything."""
        origin = ".".join([self._origins.get(chain[0], chain[0]), *chain[1:]])
        if node is not self._known_import and any(
            f"{origin}.".startswith(f"{reaching}.") for reaching in _REACHING_ORIGINS
        ):
            self._reach = "library"

    def _note_builtin(self, name: str) -> None:
        if name in self._own:
            return
        if name in _REACHES_ANYTHING:
            self._reach = "library"
        elif name in ("globals",) and self._reach != "library":
            self._reach = "module"
        elif name not in vars(builtins) and not name.startswith("__") and self._reach != "library":
            self._reach = "module"  # bound at run time, whoever does it

    def _note_attributes(self, names: Iterable[str]) -> None:
        for name in names:
            self._attributes.add(name)
            if name in _READS_ALL_FIELDS:
                self._reads_all_fields = True
            if name in _REACHING_ATTRIBUTES:
                self._reach = "library"

    def _call(self, node: ast.Call, scope: frozenset[str]) -> None:
        """Read a call, and note if it reaches what the text does not name."""
        chain = chain_of(node.func) or ("",)
        if chain[-1] in ("getattr", "setattr", "delattr", "hasattr"):
            second = node.args[1] if len(node.args) > 1 else None
            if isinstance(second, ast.Constant) and isinstance(second.value, str):
                self._note_attributes([second.value])
            else:
                self._reads_all_fields = True
        if chain[-1] == "import_module" and node.args and isinstance(node.args[0], ast.Constant):
            self._known_import = node.func  # a constant is followed, or is not ours
        self._fields(node, scope)

    def _subscript(self, node: ast.Subscript, scope: frozenset[str]) -> None:
        """Read a subscript; what is looked up by a constant is left for the job to declare."""
        self._out.append("Subscript")
        self._read(node.value, scope)
        before, self._looked_up = self._looked_up, True
        self._read(node.slice, scope)
        self._looked_up = before

    def _lambda(self, node: ast.Lambda, scope: frozenset[str]) -> None:
        self._out.append("Lambda")
        self._arguments(node.args, scope)
        self._read(node.body, scope | parameters(node.args))

    def _constant(self, node: ast.Constant, scope: frozenset[str]) -> None:
        del scope
        value = node.value
        if isinstance(value, str) and (_REFERENCE.fullmatch(value) or _MODULE.fullmatch(value)):
            number = self._strings.setdefault(value, len(self._strings))
            self._out.append(f"Reference #{number}")
        else:
            if isinstance(value, str) and _WORD.fullmatch(value) and not self._looked_up:
                self._words.add(value)
            self._out.append(f"Constant {value!r}")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: frozenset[str]) -> None:
        self._out.append(f"{type(node).__name__} {node.name}")
        self._read(node.decorator_list, scope)
        self._arguments(node.args, scope)
        if node.returns is not None:
            self._read(annotation(node.returns), scope)
        inner = {name for name in scope if not name.startswith("?")}
        own = own_names(node.body) | parameters(node.args)
        outer = {name for each in ast.walk(node) if isinstance(each, ast.Global) for name in each.names}
        # Names of a class body are not seen by its methods.
        seen = {name for name in inner if f"?{name}" not in scope}
        scope = frozenset((seen - outer) | own)
        self._imports_inside(node.body)
        if generic := getattr(node, "type_params", []):
            self._read(generic, scope)
        self.body(node.body, scope)

    def _class(self, node: ast.ClassDef, scope: frozenset[str]) -> None:
        self._out.append(f"ClassDef {node.name}")
        for part in (node.decorator_list, node.bases, node.keywords, getattr(node, "type_params", [])):
            self._read(part, scope)
        own = own_names(node.body)
        self._imports_inside(node.body)
        self.body(node.body, scope | own | {f"?{name}" for name in own - scope})

    def _arguments(self, arguments: ast.arguments, scope: frozenset[str]) -> None:
        for name, value in ast.iter_fields(arguments):
            if value is None or value == []:
                continue
            self._out.append(f"{name}=")
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, ast.arg):
                    self._out.append(each.arg)
                    if each.annotation is not None:
                        self._read(annotation(each.annotation), scope)
                else:
                    self._read(each, scope)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: frozenset[str]
    ) -> None:
        self._out.append(type(node).__name__)
        self._read(node.generators[0].iter, scope)
        inner = scope | {
            each.id
            for generator in node.generators
            for each in ast.walk(generator.target)
            if isinstance(each, ast.Name)
        }
        for index, generator in enumerate(node.generators):
            self._fields(generator, inner, () if index else ("iter",))
        for name in ("key", "value", "elt"):
            if hasattr(node, name):
                self._read(getattr(node, name), inner)

    def _imports_inside(self, body: Iterable[ast.stmt]) -> None:
        for node in imports_at_top(body):
            for name, imported in bindings(node):
                if imported not in self._local.setdefault(name, []):
                    self._local[name].append(imported)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: frozenset[str]) -> None:
        """Read an import inside a function or a class; those of our own modules say only what names mean."""
        del scope
        for name, imported in bindings(node):
            if imported not in self._local.setdefault(name, []):
                self._local[name].append(imported)
        for name, origin in foreign(node):
            self._origins |= origins_of([(name, origin)])
            self._out.append(f"Import {name} {origin}")
