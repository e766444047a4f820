"""Which statements at the top of a module may do more than bind names when it is imported."""

import ast

from advex.records.provenance.names import chain_of
from advex.records.provenance.parts import Chain

# What a call at the top of a module may be without doing more than give a value.
_QUIET_BUILTINS = frozenset(
    {
        "abs", "bool", "bytes", "classmethod", "dict", "enumerate", "float", "frozenset", "int",
        "isinstance", "len", "list", "map", "max", "min", "property", "range", "reversed", "round",
        "set", "slice", "sorted", "staticmethod", "str", "sum", "tuple", "zip",
    }
)  # fmt: skip
_QUIET = frozenset(
    {
        "abc.abstractmethod", "collections.Counter", "collections.OrderedDict",
        "collections.defaultdict", "collections.namedtuple", "contextlib.contextmanager",
        "dataclasses.dataclass", "dataclasses.field", "enum.auto", "fractions.Fraction",
        "functools.cache", "functools.cached_property", "functools.lru_cache", "functools.partial",
        "logging.getLogger", "numpy.arange", "numpy.array", "numpy.linspace", "pathlib.Path",
        "pydantic.AfterValidator", "pydantic.BeforeValidator", "pydantic.ConfigDict",
        "pydantic.Discriminator", "pydantic.Field", "pydantic.Tag", "pydantic.dataclasses.dataclass",
        "pydantic.field_validator", "pydantic.model_validator", "re.compile", "torch.no_grad",
        "types.MappingProxyType", "typing.NewType", "typing.ParamSpec", "typing.TypeVar",
        "typing.overload", "typing.runtime_checkable",
    }
)  # fmt: skip
_QUIET_METHODS = frozenset(
    {
        "copy", "format", "get", "items", "join", "keys", "lower", "removeprefix", "removesuffix",
        "replace", "split", "strip", "upper", "values",
    }
)  # fmt: skip


def acts(node: ast.stmt, top: set[str], origins: dict[str, str]) -> tuple[bool, list[Chain]]:
    """Tell whether a statement may do more than bind names.

    Args:
        node: a statement at the top of a module.
        top: the names bound there.
        origins: what those stand for that are imported from elsewhere.

    Returns:
        Whether it may, whatever our own definitions do; and those of them that it calls, on which it depends.
    """
    calls: list[Chain] = []

    def quiet(function: ast.AST) -> bool:
        if isinstance(function, ast.Subscript):
            return quiet(function.value)
        chain = chain_of(function)
        if chain is None:  # a method of a literal or of a result
            return isinstance(function, ast.Attribute) and function.attr in _QUIET_METHODS
        origin = origins.get(chain[0])
        if origin is not None:
            return ".".join([origin, *chain[1:]]) in _QUIET
        if chain[0] not in top:
            return chain[0] in _QUIET_BUILTINS or (
                len(chain) > 1 and chain[-1] in _QUIET_METHODS | {"setter"}
            )
        if len(chain) > 1 and chain[-1] in _QUIET_METHODS:
            return True
        calls.append(chain)
        return True

    def act(statement: ast.stmt) -> bool:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = statement.args
            defaults = [each for each in [*arguments.defaults, *arguments.kw_defaults] if each is not None]
            return not all(map(calm_decorator, statement.decorator_list)) or not all(map(calm, defaults))
        if isinstance(statement, ast.ClassDef):
            return (
                bool(statement.keywords)
                or not all(map(calm_decorator, statement.decorator_list))
                or not all(map(calm, statement.bases))
                or any(act(inner) for inner in statement.body)
            )
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            simple = all(isinstance(inner, (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context))
                         for target in targets for inner in ast.walk(target))  # fmt: skip
            return not simple or not calm(statement)
        if isinstance(statement, ast.Expr):
            return not isinstance(statement.value, ast.Constant)
        return not isinstance(statement, (ast.Pass, ast.Import, ast.ImportFrom))

    def calm_decorator(decorator: ast.expr) -> bool:
        return calm(decorator) if isinstance(decorator, ast.Call) else quiet(decorator)

    def calm(part: ast.AST) -> bool:
        waiting: list[ast.AST] = [part]
        while waiting:
            inner = waiting.pop()
            if isinstance(inner, ast.Lambda):
                continue
            if isinstance(inner, ast.Call) and not quiet(inner.func):
                return False
            waiting += ast.iter_child_nodes(inner)
        return True

    return act(node), calls


def hooks(node: ast.ClassDef) -> str:
    """Say whether a class takes part when others are derived from it, or only when one of it is made."""
    methods = {
        inner.name for inner in node.body if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    if "__init_subclass__" in methods or any(keyword.arg == "metaclass" for keyword in node.keywords):
        return "derived"
    return "made" if methods & {"__init__", "__new__", "__post_init__", "__set_name__"} else ""
