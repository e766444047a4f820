"""The rooms of the house are few and small, and tests lie where what they test does."""

from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "src/advex"
MOST = 12
"""Rooms of the house, and what a room may hold."""
TABLE = "registries.py"
"""The one module beside the rooms: what configurations choose by name."""
FOLDERS = sorted(path for path in LIBRARY.rglob("*") if path.is_dir() and path.name != "__pycache__")


def inside(folder: Path) -> set[str]:
    """Return the names of what a folder holds for people to find: files and folders."""
    return {path.name for path in folder.iterdir()} - {"__init__.py", "__pycache__", "py.typed"}


def test_there_are_at_most_twelve_rooms_and_a_table() -> None:
    rooms = {name for name in inside(LIBRARY) if (LIBRARY / name).is_dir()}
    assert 6 < len(rooms) <= MOST, rooms
    assert inside(LIBRARY) - rooms == {TABLE}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_room_holds_more_than_can_be_seen_at_once(folder: Path) -> None:
    assert len(inside(folder)) <= MOST, sorted(inside(folder))


def test_tests_lie_where_what_they_test_does() -> None:
    unit = Path(__file__).parent
    folders = {path.parent.relative_to(unit) for path in unit.rglob("test_*.py")}
    assert [str(folder) for folder in folders if not (LIBRARY / folder).is_dir()] == []
