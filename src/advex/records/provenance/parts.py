"""What reading code gives: definitions in a form that tells what they say, and what they name."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

Chain = tuple[str, ...]
"""A name and the attributes asked of it: ``large.resnet18`` is ("large", "resnet18")."""


@dataclass
class Imported:
    """What an import binds a name to: a module, or a name in it.

    Attributes:
        module: the module, dotted; relative to the one that imports it by ``level``.
        name: the name in it, or a module below it; None for the module itself.
        level: how many dots stand before a relative import, 0 for an absolute one.
    """

    module: str
    name: str | None = None
    level: int = 0


@dataclass
class Part:
    """A piece of code in canonical form, and what it names.

    Attributes:
        form: SHA-256 of the canonical form.
        chains: what its numbers stand for, as written in its module.
        perhaps: names of a class body that may also be the module's.
        local: what imports inside it bind.
        attributes: names of all attributes it asks for.
        words: other strings of one word outside subscripts, which may name entries of registries.
        strings: references ``advex.module:definition`` and names of modules among its strings, which are
            numbered after the chains.
        reach: "" for what it names; "module" or "library" if it may reach anything in those.
        reads_all_fields: it may read fields that it does not name.
    """

    form: str = ""
    chains: list[Chain] = field(default_factory=list)
    perhaps: list[str] = field(default_factory=list)
    local: dict[str, list[Imported]] = field(default_factory=dict)
    attributes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    reach: str = ""
    reads_all_fields: bool = False


@dataclass
class Definition(Part):
    """A statement at the top of a module.

    Attributes:
        names: the names it binds.
        kind: function, class, assignment, import (of something that is not ours), registry, or statement.
        line: where it begins, for people.
        acts: it may do more than bind its names.
        calls: our own definitions that it calls for its value, on which it depends whether it acts.
        bases: the classes that a class is derived from.
        hooks: a class that takes part when others are derived from it, or when one is made.
        fields: of settings, the last ones with defaults, which count where they are read.
        registry: of a registry, its name, with which the names of its entries begin.
        table: of a registry, the reference behind each name.
        pattern: of a registry, the reference behind names that are not in the table.
    """

    names: list[str] = field(default_factory=list)
    kind: str = "statement"
    line: int = 0
    acts: bool = False
    calls: list[Chain] = field(default_factory=list)
    bases: list[Chain] = field(default_factory=list)
    hooks: str = ""
    fields: list["Definition"] = field(default_factory=list)
    registry: str = ""
    table: dict[str, str] = field(default_factory=dict)
    pattern: str = ""

    @classmethod
    def restored(cls, values: dict[str, Any]) -> "Definition":
        """Make a definition of what :func:`dataclasses.asdict` made of one, after a passage through JSON."""
        values = dict(values)
        values["fields"] = [cls.restored(each) for each in values["fields"]]
        values["local"] = {
            name: [Imported(**each) for each in imported] for name, imported in values["local"].items()
        }
        for name in ("chains", "calls", "bases"):
            values[name] = [tuple(chain) for chain in values[name]]
        return cls(**values)


@dataclass
class Source:
    """What is at the top of one module, in order.

    Attributes:
        definitions: all but imports of our own modules.
        bound: the definitions that bind each name, by index.
        imported: what imports of our own modules bind.
        runs: our own modules whose import it runs.
        stars: our own modules from which it imports everything.
        looks_on: see :data:`LOOKS_ON`.
    """

    definitions: list[Definition] = field(default_factory=list)
    bound: dict[str, list[int]] = field(default_factory=dict)
    imported: dict[str, list[Imported]] = field(default_factory=dict)
    runs: list[Imported] = field(default_factory=list)
    stars: list[Imported] = field(default_factory=list)
    looks_on: bool = False

    @classmethod
    def restored(cls, values: dict[str, Any]) -> "Source":
        """Make a source of what :func:`dataclasses.asdict` made of one, after a passage through JSON."""
        values = dict(values)
        values["definitions"] = [Definition.restored(each) for each in values["definitions"]]
        values["imported"] = {
            name: [Imported(**each) for each in imported] for name, imported in values["imported"].items()
        }
        for name in ("runs", "stars"):
            values[name] = [Imported(**each) for each in values[name]]
        return cls(**values)


def hashed(*texts: str) -> str:
    """Hash texts, in their order."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
