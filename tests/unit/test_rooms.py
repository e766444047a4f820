"""The rooms of the library, as docs/architecture.md draws them, against what the modules import."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src/advex"
DOCUMENT = (ROOT / "docs/architecture.md").read_text()
ROOMS = DOCUMENT.partition("\n## Rooms\n")[2].partition("\n## ")[0]
REGISTRIES = "registries"
DOOR = "api"
"""No room, and imports what it likes: test_house.py sees that no room imports it."""


def drawn() -> dict[str, set[str]]:
    """Return what each room imports, as the document's table says."""
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", ROOMS, re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)`", imports)) for room, imports in rows}


def lines() -> list[list[str]]:
    """Return the lines of the document's picture, from the top."""
    return [line.split() for line in ROOMS.split("```")[1].strip().splitlines()]


def imported(file: Path) -> Iterator[list[str]]:
    """Yield the parts of every module of ours that a file imports, for types too, below ``advex``."""
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import, which this test does not follow"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1:] for name in names if name.startswith("advex."))


def found(folder: Path, depth: int) -> dict[str, set[str]]:
    """Return what each part of the library imports of others, parts being those at a depth below advex."""
    arrows: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("*.py")):
        here = file.relative_to(LIBRARY).with_suffix("").parts
        if len(here) > depth and here not in ((REGISTRIES,), (DOOR,)):
            above, part = list(here[:depth]), here[depth]
            others = {name[depth] for name in imported(file) if name[:depth] == above and len(name) > depth}
            arrows[part] = arrows.get(part, set()) | others - {part, REGISTRIES, "__init__"}
    arrows.pop("__init__", None)
    return arrows


def test_the_table_says_what_rooms_import() -> None:
    assert found(LIBRARY, 0) == drawn()


def test_rooms_import_only_from_lines_below() -> None:
    height = {room: index for index, line in enumerate(reversed(lines())) for room in line}
    assert height.keys() == drawn().keys()
    for room, others in found(LIBRARY, 0).items():
        assert [other for other in others if height[other] >= height[room]] == [], room


def test_every_room_is_a_folder_and_every_folder_a_room() -> None:
    folders = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert folders == drawn().keys()


def test_sources_import_from_each_other_only_as_is_said() -> None:
    arrows = {
        (source, other) for source, others in found(LIBRARY / "discussion", 1).items() for other in others
    }
    said = re.findall(r"but for `(\w+)`, which uses\s.*\s?of\s`(\w+)`", ROOMS)
    assert arrows == set(said)


def test_registries_import_nothing_that_stands_behind_a_name() -> None:
    """When it runs: what types need is imported for them alone."""
    tree = ast.parse((LIBRARY / "registries.py").read_text())
    run = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert [name for name in run if name and name.startswith("advex")] == ["advex.common.names.registry"]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(advex(?:\.\w+)+)`", DOCUMENT))))
def test_every_module_that_the_document_names_is_there(name: str) -> None:
    module, _, last = name.rpartition(".")
    assert find_spec(name) if last.islower() else hasattr(import_module(module), last)


def test_every_path_that_the_document_names_is_there() -> None:
    before, _, recipes = DOCUMENT.partition("\n## Recipes\n")
    after = recipes.partition("\n## ")[2]
    places = ("config", "docs", "report", "rules", "scripts", "src", "tests")
    paths = re.findall(rf"`((?:{'|'.join(places)})/[\w/.-]+)`", before + after)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
