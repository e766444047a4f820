"""Registries: tables of names for what a configuration may choose, such as norms and architectures.

One entry in a table is all it takes to add something: configuration is checked against the names without
importing what they stand for, and the digest of a job's code (:mod:`advex.records.provenance`) counts only
the entries that the job declares or that its code names. That these suffice is made sure at run time: within
a job, looking up another one raises.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Entry_co = TypeVar("Entry_co", covariant=True)

_declared: list[frozenset[str]] = []


class Registry(Mapping[str, Entry_co]):
    """Names, and what each stands for as ``"advex.module:definition"``, imported when it is looked up.

    The digest reads the table from the source, so all of it is written out where the registry is made.

    Args:
        name: what an entry is, in one or two words joined by ``_``; no other registry has it.
        table: the reference behind each name.
        pattern: the reference behind names that are not in the table, which it takes apart at ``/``:
            ``"advex.discussion.{}.figures.{}:draw"`` stands for ``source/figure``.
    """

    def __init__(self, name: str, table: Mapping[str, str] | None = None, pattern: str = "") -> None:
        self.name = name
        self._table = dict(table or {})
        self._pattern = pattern

    def __getitem__(self, key: str) -> Entry_co:
        """Import what a name stands for.

        Raises:
            KeyError: there is no such name.
            UndeclaredError: a job looks up what its rule does not declare.
        """
        reference = self.reference(key)
        entry = self.entry(key)
        if _declared and entry not in _declared[-1]:
            raise UndeclaredError(
                f"this job looks up {entry!r}, which its rule does not declare in `uses`, so that editing it "
                f"would not run the job again; declared: {', '.join(sorted(_declared[-1])) or 'none'}"
            )
        module, _, name = reference.partition(":")
        found: Entry_co = getattr(importlib.import_module(module), name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in the table."""
        return iter(self._table)

    def __len__(self) -> int:
        """Return how many names are in the table."""
        return len(self._table)

    def __contains__(self, key: object) -> bool:
        """Tell whether a name is known, without importing what it stands for."""
        return isinstance(key, str) and (key in self._table or self._matches(key))

    def __eq__(self, other: object) -> bool:
        """Tell whether this is the same registry."""
        return self is other

    def __hash__(self) -> int:
        """Hash by identity."""
        return id(self)

    def _matches(self, key: str) -> bool:
        return bool(self._pattern) and key.count("/") + 1 == self._pattern.count("{}")

    def reference(self, key: str) -> str:
        """Return the reference behind a name.

        Raises:
            KeyError: there is no such name.
        """
        if key in self._table:
            return self._table[key]
        if not self._matches(key):
            raise KeyError(key)
        return self._pattern.format(*key.split("/"))

    def entry(self, key: str) -> str:
        """Return how a job declares an entry."""
        return f"{self.name} {key}"


class UndeclaredError(RuntimeError):
    """A job looks up an entry of a registry that its rule does not declare: a mistake of the rule's."""


@contextmanager
def declaring(entries: Iterable[str]) -> Iterator[None]:
    """Let the body, a job, look up these entries and no others."""
    _declared.append(frozenset(entries))
    try:
        yield
    finally:
        _declared.pop()


@dataclass(frozen=True)
class OneOf:
    """Says of a field, in ``Annotated[str, OneOf(NORMS)]``, that it names an entry of a registry."""

    registry: Registry[Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the name when a value is validated."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, name: str) -> str:
        if name not in self.registry:
            expected = ", ".join(f"'{known}'" for known in self.registry)
            raise PydanticCustomError("one_of", "Input should be one of {expected}", {"expected": expected})
        return name


def parts_of(settings: Any) -> Iterator[Any]:
    """Yield settings (dataclasses and models of pydantic) and all settings nested in them."""
    if isinstance(settings, Mapping):
        settings = list(settings.values())
    if isinstance(settings, (list, tuple)):
        for each in settings:
            yield from parts_of(each)
    elif fields := _fields(settings):
        yield settings
        yield from parts_of([getattr(settings, name) for name in fields])


def entries_of(settings: Any) -> set[str]:
    """Return the entries that settings name, in whatever they are nested: see :func:`parts_of`."""
    found: set[str] = set()
    for part in parts_of(settings):
        for name, field in _fields(part).items():
            value = getattr(part, name)
            values = value if isinstance(value, (list, tuple)) else [value]
            for mark in _marks(field.annotation, field.metadata):
                # A field may allow other texts besides, which are no entries.
                found |= {mark.registry.entry(each) for each in values if each in mark.registry}
    return found


def _fields(settings: Any) -> Mapping[str, Any]:
    if isinstance(settings, BaseModel):
        return type(settings).model_fields
    if is_pydantic_dataclass(type(settings)):
        fields: Mapping[str, Any] = type(settings).__pydantic_fields__
        return fields
    return {}


def _marks(annotation: Any, metadata: Iterable[Any] = ()) -> Iterator[OneOf]:
    """Yield the registries that an annotation speaks of, however deep."""
    yield from (
        each for each in [*metadata, *getattr(annotation, "__metadata__", ())] if isinstance(each, OneOf)
    )
    inner = (
        [annotation.__origin__]
        if hasattr(annotation, "__metadata__")
        else getattr(annotation, "__args__", ())
    )
    for each in inner:
        yield from _marks(each)
