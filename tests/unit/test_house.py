"""The house: few rooms, and small ones; tests lie where what they test does. Its arrows: test_rooms.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from advex.records.provenance.imports import is_type_checking

LIBRARY = Path(__file__).parents[2] / "src/advex"
MOST = 12
"""Rooms of the house, and what a room may hold."""
TABLE = "registries"
"""What configurations choose by name, one of two modules beside the rooms. Every room may look into it."""
DOOR = "api"
"""The other: what researchers call. It may look into every room, and no room into it."""
FOLDERS = sorted(
    path for path in [LIBRARY, *LIBRARY.rglob("*")] if path.is_dir() and path.name != "__pycache__"
)


def inside(folder: Path) -> set[str]:
    """Return the names of what a folder holds for people to find: files and folders."""
    return {path.name for path in folder.iterdir()} - {"__init__.py", "__pycache__", "py.typed"}


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the modules of ours, and names in them, that code imports when it runs, in functions too."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ImportFrom) and str(inner.module).split(".")[0] == "advex":
            yield from (f"{inner.module}.{alias.name}" for alias in inner.names)
        elif isinstance(inner, ast.Import):
            yield from (alias.name for alias in inner.names if alias.name.split(".")[0] == "advex")
        elif not (isinstance(inner, ast.stmt) and is_type_checking(inner)):
            yield from imported(inner)


def room(module: str) -> str:
    """Return the room of a module: a package, and of the discussion a source."""
    first, *others = module.split(".")[1:] or [""]
    return f"{first}.{others[0]}" if first == "discussion" and others else first


def arrows() -> dict[str, dict[str, set[str]]]:
    """Return which modules make each room import another, by room and by the other."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in LIBRARY.rglob("*.py"):
        module = ".".join(("advex", *path.relative_to(LIBRARY).with_suffix("").parts))
        for name in imported(ast.parse(path.read_text())):
            if room(name) not in ("", room(module)):
                found.setdefault(room(module), {}).setdefault(room(name), set()).add(module)
    return found


def test_there_are_at_most_twelve_rooms_a_table_and_a_door() -> None:
    rooms = {name for name in inside(LIBRARY) if (LIBRARY / name).is_dir()}
    assert len(rooms) <= MOST, rooms
    assert inside(LIBRARY) - rooms == {f"{TABLE}.py", f"{DOOR}.py"}


def test_no_room_looks_through_the_door() -> None:
    assert [room for room, others in arrows().items() if DOOR in others] == []


@pytest.mark.parametrize("folder", FOLDERS[1:], ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_room_holds_more_than_can_be_seen_at_once(folder: Path) -> None:
    assert len(inside(folder)) <= MOST, sorted(inside(folder))


def test_no_room_but_a_source_knows_a_source() -> None:
    """What belongs to one source alone is found by names in the table, so that a source is its own folder."""
    knowing = {
        (one, other)
        for one, others in arrows().items()
        for other in others
        if other.startswith("discussion") and not one.startswith("discussion")
    }
    assert not knowing


def test_tests_lie_where_what_they_test_does() -> None:
    unit = Path(__file__).parent
    folders = {path.parent.relative_to(unit) for path in unit.rglob("test_*.py")}
    assert [str(folder) for folder in folders if not (LIBRARY / folder).is_dir()] == []
