"""What one job reaches, and the digest of that."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from advex.common.errors import UserError
from advex.records.provenance.imports import PACKAGE
from advex.records.provenance.library import WHOLE, Library, Node
from advex.records.provenance.parts import Definition, Imported, hashed


class Reached:
    """What one job reaches.

    Attributes:
        nodes: the definitions, and modules that count whole.
        entries: the declared entries that count, and those that code names, each with what it stands for.
    """

    def __init__(self, library: Library, script: Path, entries: tuple[str, ...]) -> None:
        self._library = library
        self._script_path = script
        self._script = library.script(script).definitions[0]
        self._script_source = library.script(script)
        self._attributes: set[str] = set()
        self._words: set[str] = set()
        self._bases: set[Node] = set()
        self._reads_all = False
        self._declared = entries
        self.nodes: dict[Node, None] = {}
        self.entries: dict[str, frozenset[Node]] = {}
        self._run: set[str] = set()
        self._names_of: dict[int, list[tuple[frozenset[Node], str]]] = {}
        self._find()

    def _find(self) -> None:
        """Follow names until nothing new is found; fields are followed once something reads them."""
        self._note(self._script)
        self._import("", self._script_source.runs)
        waiting = [node for nodes, _ in self._targets(None, self._script) for node in nodes]
        while True:
            while waiting:
                node = waiting.pop()
                if node in self.nodes or self._looks_on(node):
                    continue
                self.nodes[node] = None
                waiting += self._visit(node)
            known = len(self._attributes), len(self._words), self._reads_all
            self._note_fields()
            waiting += [node for nodes in self._new_entries() for node in nodes]
            waiting += map(Node, self._acting())
            waiting += [node for each in self.nodes for nodes, _ in self.names(each) for node in nodes]
            waiting = [node for node in waiting if node not in self.nodes and not self._looks_on(node)]
            if not waiting and known == (len(self._attributes), len(self._words), self._reads_all):
                return

    def _note_fields(self) -> None:
        for node in self.nodes:
            if node.index != WHOLE:
                for part in self._fields(node, self._library.definition(node)):
                    self._note(part)

    def _acting(self) -> list[str]:
        """Return the modules that are run and do more than bind names."""
        return [name for name in sorted(self._run) if not self._looks(name) and self._library.acts(name)]

    def _visit(self, node: Node) -> Iterator[Node]:
        if node.module not in self._run:
            self._import(node.module, [Imported(node.module)])
        if node.index != WHOLE:
            definition = self._library.definition(node)
            self._note(definition)
            for chain in definition.bases:  # fields of a base shift those of what is derived from it
                self._bases |= self._library.named(node.module, chain, {})[0]
            self._import(node.module, [each for some in definition.local.values() for each in some])
        for nodes, _ in self.names(node):
            yield from nodes

    def _note(self, definition: Definition) -> None:
        self._attributes |= set(definition.attributes)
        self._words |= set(definition.words)
        self._reads_all |= definition.reads_all_fields

    def _import(self, module: str, imports: Iterable[Imported]) -> None:
        """Note the modules that are run, and those that they import."""
        waiting = list(self._library.runs(module, imports))
        while waiting:
            name = waiting.pop()
            if name not in self._run:
                self._run.add(name)
                source = self._library.source(name)
                assert source is not None
                waiting += self._library.runs(name, source.runs)

    def _looks(self, module: str) -> bool:
        return self._library.looks_on(module)

    def _looks_on(self, node: Node) -> bool:
        return self._looks(node.module)

    def _new_entries(self) -> Iterator[frozenset[Node]]:
        """Find what declared entries stand for, of those whose registry is reached."""
        registries: dict[str, Definition] = {}
        for node in self.nodes:
            if node.index != WHOLE and (definition := self._library.definition(node)).kind == "registry":
                registries[definition.registry] = definition
        named = [
            f"{name} {word}"
            for name, registry in registries.items()
            for word in registry.table
            if word in self._words
        ]
        for entry in [*self._declared, *named]:
            if entry in self.entries:
                continue
            registry, _, name = entry.partition(" ")
            if not name:
                found = self._library.reference(entry)
                if not found:
                    raise UserError(f"{entry}: there is no such definition")
            elif registry in registries:
                found = self._entry(registries[registry], name)
            else:
                continue
            self.entries[entry] = found
            yield found

    def _entry(self, registry: Definition, name: str) -> frozenset[Node]:
        reference = registry.table.get(name) or (
            registry.pattern.format(*name.split("/")) if registry.pattern else None
        )
        found = self._library.reference(reference) if reference else frozenset()
        if not found:
            known = f"; there are: {', '.join(sorted(registry.table))}" if registry.table else ""
            raise UserError(f"no {registry.registry} is named {name!r}{known}")
        return found

    @property
    def modules(self) -> frozenset[str]:
        """The modules that the job may run, those that only look on among them."""
        return frozenset(self._run)

    def names(self, node: Node) -> list[tuple[frozenset[Node], str]]:
        """Return what the numbers in a definition's form stand for, with attributes left over."""
        if node.index == WHOLE:
            source = self._library.source(node.module)
            assert source is not None
            stars = [
                Node(name)
                for star in source.stars
                for name in sorted(self._library.runs(node.module, [star]))
            ]
            return [(frozenset({inner}), "") for inner in [*self._library.inside(node.module), *stars]]
        definition = self._library.definition(node)
        parts = [definition, *self._fields(node, definition)]
        named = [each for part in parts for each in self._targets(node.module, part)]
        anything = {"module": node.module, "library": PACKAGE}.get(definition.reach)
        return [*named, (frozenset({Node(anything)}), "")] if anything else named

    def _fields(self, node: Node, definition: Definition) -> list[Definition]:
        """Return the fields of settings that count: up to the last that is read."""
        if self._reads_all or node in self._bases:
            return definition.fields
        read = [index for index, each in enumerate(definition.fields) if each.names[0] in self._attributes]
        return definition.fields[: read[-1] + 1] if read else []

    def _targets(self, module: str | None, part: Definition) -> list[tuple[frozenset[Node], str]]:
        key = id(part)
        if key not in self._names_of:
            self._names_of[key] = list(self._resolve(module, part))
        return self._names_of[key]

    def _resolve(self, module: str | None, part: Definition) -> Iterator[tuple[frozenset[Node], str]]:
        for chain in [*part.chains, *((name,) for name in part.perhaps)]:
            if module is None:
                imports = self._script_source.imported | part.local
                yield self._library.named(None, chain, imports)
            else:
                yield self._library.named(module, chain, part.local)
        for text in part.strings:
            found = self._library.reference(text)
            yield found, "" if found else text

    # --- what is written down about it ---

    @cached_property
    def digest(self) -> str:
        """The digest: the same for two jobs just if they reach the same definitions in the same way."""
        acting = sorted(self._graph([Node(module)]) for module in self._acting())
        roots: list[Node] = []
        lines = [self._script.form]
        for nodes, rest in self._targets(None, self._script):
            lines.append(f"{rest} {self._numbered(nodes, roots)}")
        for entry in sorted(self.entries):
            name = entry if " " in entry else ""
            lines.append(f"{name} {self._numbered(self.entries[entry], roots)}")
        return hashed(*lines, self._graph(roots), *acting)

    def _numbered(self, nodes: Iterable[Node], order: list[Node]) -> list[int]:
        """Return numbers of nodes in ``order``, which is extended by those that are new."""
        numbers = []
        for node in sorted(nodes, key=self._sort_key):
            if self._looks_on(node):
                continue
            if node not in order:
                order.append(node)
            numbers.append(order.index(node))
        return numbers

    def _identity(self, node: Node) -> Node | str:
        """Return what makes a node one and no other; what is imported is the same for all who import it."""
        if node.index == WHOLE or self._library.definition(node).kind != "import":
            return node
        return self._library.definition(node).form

    def _sort_key(self, node: Node) -> tuple[str, str, int]:
        return (self._form(node), node.module, node.index)

    def _graph(self, roots: Iterable[Node]) -> str:
        """Hash the graph of what some definitions reach, in an order that comes from the graph alone."""
        number: dict[Node | str, int] = {}
        order: list[Node] = []

        def numbered(node: Node) -> int:
            key = self._identity(node)
            if key not in number:
                number[key] = len(order)
                order.append(node)
            return number[key]

        for node in roots:
            numbered(node)
        lines = []
        for node in order:  # grows while it is walked through
            lines.append(self._form(node))
            for nodes, rest in self.names(node):
                counted = [each for each in nodes if not self._looks_on(each)]
                lines.append(
                    f"{rest} {sorted(numbered(each) for each in sorted(counted, key=self._sort_key))}"
                )
        return hashed(*lines)

    def _form(self, node: Node) -> str:
        if node.index == WHOLE:
            return "module"
        definition = self._library.definition(node)
        return " ".join([definition.form, *(each.form for each in self._fields(node, definition))])

    @cached_property
    def definitions(self) -> dict[str, str]:
        """A short hash of each definition by its label, for people who ask what has changed."""
        labels = self._labels()
        result = {"script": self._short([self._script.form, *self._means(None, self._script)])}
        for node in self.nodes:
            if node.index != WHOLE and (definition := self._library.definition(node)).kind not in (
                "import",
                "registry",
            ):
                parts = [definition, *self._fields(node, definition)]
                means = [line for part in parts for line in self._means(node.module, part)]
                result[labels[node]] = self._short([self._form(node), *means])
        for entry, nodes in self.entries.items():
            result[entry] = self._short(sorted(self._title(node) for node in nodes))
        return dict(sorted(result.items()))

    def _means(self, module: str | None, part: Definition) -> list[str]:
        return [f"{rest} {sorted(map(self._title, nodes))}" for nodes, rest in self._targets(module, part)]

    def _title(self, node: Node) -> str:
        """Name a definition without its module; an import by what it imports."""
        if node.index == WHOLE:
            return "module"
        definition = self._library.definition(node)
        return definition.form if definition.kind == "import" else "/".join(definition.names)

    def _short(self, texts: list[str]) -> str:
        return hashed(*texts)[:12]

    def _labels(self) -> dict[Node, str]:
        """Name reached definitions, with as much of their modules' names as tells them apart."""
        titles: dict[Node, list[str]] = {}
        for node in self.nodes:
            if node.index != WHOLE:
                definition = self._library.definition(node)
                title = "/".join(definition.names) or f"statement {node.index}"
                titles[node] = [*node.module.split("."), title]
        labels: dict[Node, str] = {}
        depth = 1
        while remaining := [node for node in titles if node not in labels]:
            named: dict[str, list[Node]] = {}
            for node in remaining:
                named.setdefault(".".join(titles[node][-depth:]), []).append(node)
            for label, nodes in named.items():
                if len(nodes) == 1 or depth > 8:
                    labels |= dict.fromkeys(nodes, label)
            depth += 1
        return labels

    def place(self, label: str) -> tuple[Path, int] | None:
        """Return the file and line where a labelled definition is today."""
        for node, known in self._labels().items():
            if known == label and (path := self._library.path(node.module)) is not None:
                return path, self._library.definition(node).line
        return None

    # --- for those who compare two versions of it ---

    @property
    def library(self) -> Library:
        """The library that it is part of."""
        return self._library

    @property
    def script_path(self) -> Path:
        """Where the script lies."""
        return self._script_path

    def labels(self) -> dict[Node, str]:
        """Return the label of each definition in :attr:`definitions`."""
        return self._labels()

    def form(self, node: Node | None) -> str:
        """Return a definition's canonical form, with the fields that count; the script's for None."""
        return self._script.form if node is None else self._form(node)

    def meanings(self, node: Node | None) -> list[tuple[str, frozenset[Node], str]]:
        """Return names in a definition (None: the script), what each stands for, and attributes left over."""
        if node is None:
            parts: list[Definition] = [self._script]
        elif node.index == WHOLE:
            return []
        else:
            definition = self._library.definition(node)
            parts = [definition, *self._fields(node, definition)]
        found = []
        for part in parts:
            texts = [*map(".".join, part.chains), *part.perhaps, *part.strings]
            targets = self._targets(node.module if node else None, part)
            found += [(text, *target) for text, target in zip(texts, targets, strict=True)]
        return found
