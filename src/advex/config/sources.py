"""What sources say of themselves in modules of their own, found by name; a source may lack any of them.

A source is a package of :mod:`advex.discussion`, and a prefix of rows in ``config/experiments.yaml``.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from advex.common.errors import UserError
from advex.measure.columns import Columns
from advex.registries import CHECKS, EXPERIMENT_SECTIONS, SECTIONS, TABLES


def source_of(name: str) -> str:
    """Return the source of what is named ``source/name``."""
    return name.partition("/")[0]


def module_exists(reference: str) -> bool:
    """Tell whether there is a module behind ``"module:definition"``, importing only its packages."""
    try:
        return find_spec(reference.partition(":")[0]) is not None
    except ModuleNotFoundError:
        return False


def sections_of(sources: Iterable[str]) -> dict[str, type[Any]]:
    """Return the classes of all sections that a study's file may have: of instruments, and of experiments.

    Raises:
        UserError: two sources have a section of the same name.
    """
    found = dict(SECTIONS)
    for source in sources:
        if module_exists(EXPERIMENT_SECTIONS.reference(source)):
            for name, form in EXPERIMENT_SECTIONS[source].items():
                if name in found:
                    other = found[name].__module__
                    raise UserError(
                        f"{form.__module__}: SECTIONS: {other} has a section {name!r} too; rename one of them"
                    )
                found[name] = form
    return found


def tables_of(source: str, studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of the tables that a source describes, by the table's name."""
    return TABLES[source](studies) if module_exists(TABLES.reference(source)) else {}


def mistakes_of(source: str, plan: Any, study: str) -> Iterator[str]:
    """Yield what a source finds wrong in a study, ``key: found ...; allowed: ...``."""
    if module_exists(CHECKS.reference(source)):
        yield from CHECKS[source](plan, study)
