"""The library's definitions, and what names in them stand for."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from advex.records.provenance.definitions import read_module, read_script
from advex.records.provenance.imports import PACKAGE
from advex.records.provenance.memory import Memory
from advex.records.provenance.parts import Chain, Definition, Imported, Source

LIBRARY = Path(str(resources.files(PACKAGE)))
WHOLE = -1
"""In the place of a definition's index: all of its module."""


@dataclass(frozen=True)
class Node:
    """A definition by its module and index there, or a whole module."""

    module: str
    index: int = WHOLE


class Library:
    """The library's definitions, read when needed, each file once.

    Args:
        folder: the package's folder.
        memory: what was read of files.
    """

    def __init__(self, folder: Path, memory: Memory) -> None:
        self._library = folder
        self._memory = memory
        self._paths: dict[str, Path | None] = {}
        self._sources: dict[str, Source | None] = {}
        self._resolved: dict[tuple[str, Chain], tuple[frozenset[Node], str]] = {}
        self._acting: dict[str, bool] = {}
        self._looking: dict[str, bool] = {}

    def source(self, module: str) -> Source | None:
        """Return what is in a module of the library; None if there is no such module."""
        if module not in self._sources:
            path = self.path(module)
            self._sources[module] = None if path is None else self._memory.read(path, read_module)
        return self._sources[module]

    def script(self, path: Path) -> Source:
        """Return what is in a script."""
        return self._memory.read(path, read_script)

    def path(self, module: str) -> Path | None:
        """Return the file of a module, as it is when it is first asked for."""
        if module not in self._paths:
            _, *parts = module.split(".")
            base = self._library.joinpath(*parts)
            candidates = [base / "__init__.py", *([base.with_suffix(".py")] if parts else [])]
            self._paths[module] = next((path for path in candidates if path.is_file()), None)
        return self._paths[module]

    def modules(self) -> Iterator[str]:
        """Yield the names of all modules."""
        for path in sorted(self._library.rglob("*.py")):
            parts = path.relative_to(self._library).with_suffix("").parts
            yield ".".join([PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)])

    def definition(self, node: Node) -> Definition:
        """Return the definition that a node stands for."""
        source = self.source(node.module)
        assert source is not None
        return source.definitions[node.index]

    def inside(self, module: str) -> list[Node]:
        """Return all definitions of a module, in order, and of a package all its modules."""
        source, path = self.source(module), self.path(module)
        assert source is not None
        assert path is not None
        nodes = [Node(module, index) for index in range(len(source.definitions))]
        if path.name == "__init__.py":
            below = sorted({child.stem for child in path.parent.iterdir()} - {"__init__"})
            nodes += [Node(f"{module}.{name}") for name in below if self.path(f"{module}.{name}")]
        return nodes

    def named(
        self, module: str | None, chain: Chain, part: Mapping[str, list[Imported]]
    ) -> tuple[frozenset[Node], str]:
        """Return what a chain of names means in a module, and the attributes left over.

        Args:
            module: where it is written; None for a script.
            chain: a name and attributes.
            part: what imports inside the definition bind.
        """
        if module is None:
            meant = [self._imported("", imported, set()) for imported in part.get(chain[0], [])]
            return self._follow([each for some in meant for each in some], chain[1:])
        if chain[0] not in part:
            key = (module, chain)
            if key not in self._resolved:
                self._resolved[key] = self._follow(self._lookup(module, chain[0], set()), chain[1:])
            return self._resolved[key]
        meant = [self._imported(module, imported, set()) for imported in part[chain[0]]]
        meant.append(self._lookup(module, chain[0], set()))
        return self._follow([each for some in meant for each in some], chain[1:])

    def _follow(self, found: list["Node | str"], attributes: Chain) -> tuple[frozenset[Node], str]:
        """Follow attributes through modules down to definitions."""
        rest = list(attributes)
        while rest and found and all(isinstance(each, str) for each in found):
            name = rest.pop(0)
            found = [inner for each in found for inner in self._attribute(str(each), name, set())]
        return frozenset(Node(each) if isinstance(each, str) else each for each in found), ".".join(rest)

    def _lookup(self, module: str, name: str, seen: set[tuple[str, str]]) -> list["Node | str"]:
        """Return what a name means at the top of a module: definitions, or modules by their names."""
        source = self.source(module)
        if source is None or (module, name) in seen:
            return []
        seen.add((module, name))
        found: list[Node | str] = []
        bound = source.bound.get(name, [])
        binding = [index for index in bound if source.definitions[index].kind != "import"]
        if len(binding) > 1 or (binding and (len(bound) > 1 or name in source.imported)):
            found.append(Node(module))
        else:
            found += [Node(module, index) for index in bound]
        for imported in source.imported.get(name, []):
            found += self._imported(module, imported, seen)
        if not found:
            for star in source.stars:
                found += self._lookup(self._absolute(module, star), name, seen)
        return found

    def _imported(self, module: str, imported: Imported, seen: set[tuple[str, str]]) -> list["Node | str"]:
        origin = self._absolute(module, imported)
        return [origin] if imported.name is None else self._attribute(origin, imported.name, seen)

    def _attribute(self, module: str, name: str, seen: set[tuple[str, str]]) -> list["Node | str"]:
        """Return what an attribute of a module is; the whole module if that cannot be told."""
        if self.source(module) is None:
            return []
        found = self._lookup(module, name, seen)
        if not found and self.path(f"{module}.{name}"):
            return [f"{module}.{name}"]
        return found or [Node(module)]

    def _absolute(self, module: str, imported: Imported) -> str:
        if not imported.level:
            return imported.module
        parts = module.split(".")
        path = self.path(module)
        keep = len(parts) - imported.level + (path is not None and path.name == "__init__.py")
        return ".".join([*parts[:keep], *filter(None, [imported.module])])

    def runs(self, module: str, imports: Iterable[Imported]) -> set[str]:
        """Return the modules, with their packages, that imports in a module run."""
        names = set()
        for imported in imports:
            origin = self._absolute(module, imported)
            names |= {origin, f"{origin}.{imported.name}"} if imported.name else {origin}
        every = {
            ".".join(parts[:depth])
            for name in names
            for parts in [name.split(".")]
            for depth in range(1, len(parts) + 1)
        }
        return {name for name in every if self.source(name) is not None}

    def looks_on(self, module: str) -> bool:
        """Tell whether a module, or a package that it is in, only looks on while a job works."""
        if module not in self._looking:
            source, package = self.source(module), module.rpartition(".")[0]
            marked = source is not None and source.looks_on
            self._looking[module] = marked or (bool(package) and self.looks_on(package))
        return self._looking[module]

    def acts(self, module: str) -> bool:
        """Tell whether a module may do more than bind names when it is imported."""
        if module not in self._acting:
            source = self.source(module)
            assert source is not None
            self._acting[module] = any(
                definition.acts
                or not all(self._is_plain(module, chain, ("derived", "made")) for chain in definition.calls)
                or not all(self._is_plain(module, chain, ("derived",)) for chain in definition.bases)
                for definition in source.definitions
            )
        return self._acting[module]

    def _is_plain(self, module: str, chain: Chain, hooks: Collection[str]) -> bool:
        """Tell whether all that a name stands for are classes that do nothing by these hooks."""
        found, _ = self.named(module, chain, {})
        for node in found:
            if node.index == WHOLE:
                return False
            definition = self.definition(node)
            if definition.kind == "import":
                if "made" in hooks:
                    return False
                continue
            if definition.kind != "class":
                return "made" not in hooks and definition.kind == "assignment"
            if definition.hooks in hooks:
                return False
            if not all(self._is_plain(node.module, base, ("derived",)) for base in definition.bases):
                return False
        return True

    def reference(self, text: str) -> frozenset[Node]:
        """Return the definitions that a reference ``advex.module:definition`` names, or a whole module."""
        module, _, name = text.partition(":")
        if self.source(module) is None:
            return frozenset()
        if not name:
            return frozenset({Node(module)})
        return frozenset(
            Node(each) if isinstance(each, str) else each for each in self._attribute(module, name, set())
        )
