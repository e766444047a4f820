"""The digest of code: definitions decide, and everything a job can reach counts."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.records.provenance import Code

JOB = "job.py"


REORDERED = "from advex.watch import log\nfrom advex.attack import climb\n"


def cases(file: str) -> dict[str, str]:
    """Read modules from a file in which each stands below a line with its name."""
    parts = (Path(__file__).with_name(file)).read_text().split("# --- ")[1:]
    return {name: f"{text.strip()}\n" for name, _, text in (part.partition("\n") for part in parts)}


LIBRARY = cases("library.py.txt")


class Tree:
    """A small library in a folder, and a job's script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in LIBRARY.items():
            self.write(name, text)

    def path(self, name: str) -> Path:
        return self.folder / JOB if name == JOB else self.folder / "advex" / name

    def write(self, name: str, text: str) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.path(name)
        text = path.read_text()
        assert old in text, (name, old)
        path.write_text(text.replace(old, new, 1))

    def digest(self, *entries: str) -> str:
        return Code(self.folder / "advex").digest(self.folder / JOB, entries)

    def labels(self, *entries: str) -> set[str]:
        return set(Code(self.folder / "advex").definitions(self.folder / JOB, entries))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_what_a_script_names_is_followed_through_imports(tree: Tree) -> None:
    assert tree.labels() == {"script", "climb", "STEPS", "Ball", "_rows", "first", "Registry"}
    assert tree.labels("norm cube") == {*tree.labels(), "Cube", "norm cube"}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("attack.py", "STEPS = 3", "STEPS = 4"),
        ("attack.py", "range(STEPS)", "range(1, STEPS)"),
        ("attack.py", "loss=losses.first", "loss=losses.second"),
        ("attack.py", "import math\n", "import cmath as math\n"),
        ("norms.py", "@dataclass\n", "@dataclass(frozen=True)\n"),
        ("norms.py", "epsilon: float", "epsilon: int"),
        ("norms.py", "return _rows(images)", "return _rows(-images)"),
        ("norms.py", "    return images", "    return images * 2"),
        ("norms.py", "class Ball:", "class Ball(Cube):"),
        ("losses.py", "return x", "return x + 1"),
        ("tables.py", '"norm"', '"norms"'),
        (JOB, "print(climb", "print(-climb"),
        (JOB, "climb\n", "unused as climb\n"),
        (JOB, "from advex.watch", "import numpy\nfrom advex.watch"),
    ],
)
def test_an_edit_of_what_is_reached_counts(tree: Tree, name: str, old: str, new: str) -> None:
    before = tree.digest()
    tree.replace(name, old, new)
    assert tree.digest() != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("attack.py", "return losses.second", "return losses.second(1)"),
        ("attack.py", '"""Climb."""', '"""Go up.\n\n    Far.\n    """'),
        ("attack.py", "range(STEPS):", "range(STEPS):  # as often"),
        ("attack.py", "range(STEPS)", "range(\n        STEPS,\n    )"),
        ("attack.py", "STEPS = 3", "STEPS = (\n    3\n)"),
        ("attack.py", "import math\n", "import math\nimport numpy as np\nprinted = np.pi\n"),
        ("attack.py", "import math\n", "import math\nfrom advex.inner import value\n"),
        ("attack.py", "from advex.norms import Ball as B\n", "from advex import norms\n\nB = norms.Ball\n"),
        ("losses.py", "return 2 * x", "return 3 * x"),
        ("losses.py", "def first", "def zeroth(x):\n    return 0\n\n\ndef first"),
        ("norms.py", "sides = 6", "sides = 7"),
        ("tables.py", '"l2": "advex.norms:Ball", ', ""),
        ("tables.py", '"cube":', '"sphere": "advex.norms:Sphere", "cube":'),
        ("watch.py", "print(x)", "print(2 * x)"),
        ("inner/deep.py", "HIDDEN = 1", "HIDDEN = 2"),
        ("__init__.py", '"1"', '"2"'),
        (JOB, "print(climb", "print(  climb"),
        (JOB, "from advex.attack import climb\nfrom advex.watch import log\n", REORDERED),
    ],
)  # fmt: skip
def test_any_other_edit_does_not(tree: Tree, name: str, old: str, new: str) -> None:
    before = tree.digest()
    tree.replace(name, old, new)
    if "B = norms.Ball" in new:  # an alias is a definition of its own
        assert tree.digest() != before
    else:
        assert tree.digest() == before


def test_an_entry_of_a_registry_counts_where_it_is_declared(tree: Tree) -> None:
    without, ball, cube = tree.digest(), tree.digest("norm l2"), tree.digest("norm cube")
    assert len({without, ball, cube}) == 3
    tree.replace("norms.py", "sides = 6", "sides = 7")
    assert (tree.digest(), tree.digest("norm l2")) == (without, ball)
    assert tree.digest("norm cube") != cube
    tree.replace("tables.py", '"l2": "advex.norms:Ball"', '"l2": "advex.norms:Cube"')
    assert tree.digest("norm l2") != ball
    assert tree.digest("loss of no registry that is reached") == without
    with pytest.raises(UserError, match="no norm is named 'l3'; there are: cube, l2"):
        tree.digest("norm l3")


def test_a_pattern_of_a_registry_is_followed(tree: Tree) -> None:
    tree.replace("tables.py", '"cube": "advex.norms:Cube"}', '}, pattern="advex.{}.{}:value"')
    before = tree.digest("norm inner/deep")
    assert {"value", "HIDDEN"} <= tree.labels("norm inner/deep")
    tree.replace("inner/deep.py", "HIDDEN = 1", "HIDDEN = 2")
    assert tree.digest("norm inner/deep") != before


def _rename(tree: Tree) -> None:
    for path in [tree.folder / JOB, *tree.folder.rglob("advex/**/*.py")]:
        text = path.read_text()
        for name in ("attack", "norms", "losses", "tables", "inner", "watch"):
            text = text.replace(f"advex.{name}", f"advex.house.{name}_room")
            text = text.replace(f"import {name}\n", f"import {name}_room as {name}\n")
        path.write_text(text.replace("from advex import losses", "from advex.house import losses"))
    house = tree.folder / "advex/house"
    house.mkdir()
    (house / "__init__.py").write_text("")
    for name in ("attack.py", "norms.py", "losses.py", "tables.py", "inner", "watch.py"):
        stem, _, suffix = name.partition(".")
        shutil.move(tree.folder / "advex" / name, house / f"{stem}_room{'.' if suffix else ''}{suffix}")


def _split(tree: Tree) -> None:
    text = LIBRARY["norms.py"]
    rows = "def _rows(images):\n    return images\n"
    tree.write("rows.py", rows)
    tree.write(
        "norms.py",
        text.replace(rows, "").replace(
            "import dataclass\n", "import dataclass\nfrom advex.rows import _rows\n"
        ),
    )


def _reorder(tree: Tree) -> None:
    tree.write("losses.py", "def second(x):\n    return 2 * x\n\n\ndef first(x):\n    return x\n")
    head, steps, rest = LIBRARY["attack.py"].partition("STEPS = 3\n")
    tree.write("attack.py", head + rest + "\n\n" + steps)


def _import_otherwise(tree: Tree) -> None:
    tree.replace("attack.py", "from advex import losses\n", "import advex.losses as other\n")
    tree.replace("attack.py", "losses.first", "other.first")
    tree.replace("attack.py", "from advex.norms import Ball as B\n", "from .norms import Ball\n")
    tree.replace("attack.py", "B(math.pi)", "Ball(math.pi)")
    tree.replace("attack.py", "import math\n", "import math as m\n")
    tree.replace("attack.py", "math.pi", "m.pi")


def _reexport(tree: Tree) -> None:
    tree.write(
        "inner/__init__.py", "from advex.inner.deep import value\nfrom advex.norms import Ball as Round\n"
    )
    tree.replace("attack.py", "advex.norms import Ball as B", "advex.inner import Round as B")


def _touch_and_move(tree: Tree) -> None:
    for file in tree.folder.rglob("*.py"):
        os.utime(file, (1, 1))
    shutil.copytree(tree.folder, tree.folder / "elsewhere")
    tree.folder = tree.folder / "elsewhere"


@pytest.mark.parametrize("move", [_rename, _split, _reorder, _import_otherwise, _reexport, _touch_and_move])
def test_moving_changes_nothing(tree: Tree, move: Callable[[Tree], None]) -> None:
    before = tree.digest(), tree.digest("norm cube")
    move(tree)
    assert (tree.digest(), tree.digest("norm cube")) == before


def test_modules_that_import_the_same_can_be_put_together(tree: Tree) -> None:
    """They import it once then, and twice before."""
    first = "def first(x):\n    return math.e * x\n"
    tree.write("losses.py", f"import math\n\n\n{first}")
    before = tree.digest()
    tree.replace("attack.py", "from advex import losses\n", "")
    tree.replace("attack.py", "losses.second", "second")
    tree.replace("attack.py", "losses.first", "first")
    tree.replace("attack.py", "STEPS = 3\n", f"STEPS = 3\n\n\n{first}")
    assert tree.digest() == before
    tree.replace("attack.py", "import math", "import cmath as math")
    assert tree.digest() != before


def test_what_a_name_stands_for_counts(tree: Tree) -> None:
    """Though both functions are reached before and after, with the same texts."""
    tree.write(
        "attack.py",
        "from advex.losses import first, second\n\n\ndef climb(x):\n    return first(x) - second(x)\n",
    )
    before = tree.digest()
    tree.write(
        "attack.py",
        "from advex.losses import first as second, second as first\n\n\n"
        "def climb(x):\n    return first(x) - second(x)\n",
    )
    swapped = tree.digest()
    assert swapped != before
    tree.write(
        "attack.py",
        "from advex import losses\n\n\ndef climb(x):\n    return losses.first(x) - losses.second(x)\n",
    )
    assert tree.digest() == before
    tree.write(
        "attack.py",
        "from advex import losses\n\n\ndef climb(x):\n    return losses.second(x) - losses.first(x)\n",
    )
    assert tree.digest() == swapped


def test_equal_texts_in_two_modules_are_told_apart(tree: Tree) -> None:
    for name, value in (("one", 1), ("two", 2)):
        tree.write(f"{name}.py", f"def f():\n    return V\n\n\nV = {value}\n")
    digests = set()
    for a, b in (("one", "two"), ("two", "one")):
        tree.write(
            "attack.py",
            f"from advex.{a} import f as g\nfrom advex.{b} import f as h\n\n\n"
            "def climb(x):\n    return g() - h()\n",
        )
        digests.add(tree.digest())
    assert len(digests) == 2


UNFOLLOWED = cases("unfollowed.py.txt")


@pytest.mark.parametrize("kind", UNFOLLOWED)
def test_what_cannot_be_followed_counts_as_everything_it_might_be(tree: Tree, kind: str) -> None:
    tree.write("inner/base.py", "from advex.inner.deep import value\n\n\nclass Base:\n    x = value\n")
    tree.write("attack.py", UNFOLLOWED[kind])
    before = tree.digest()
    tree.replace("inner/deep.py", "HIDDEN = 1", "HIDDEN = 2")
    assert tree.digest() != before


ACTING = cases("acting.py.txt")


@pytest.mark.parametrize("kind", ACTING)
def test_a_module_that_acts_when_it_is_imported_counts_wherever_it_is_imported(tree: Tree, kind: str) -> None:
    tree.replace(
        "norms.py",
        "class Cube",
        "class Hooked:\n    def __init_subclass__(cls):\n        print(cls)\n\n\nclass Cube",
    )
    quiet = tree.digest()
    tree.write("acting.py", "Y = 1\n")
    tree.replace("losses.py", "def first", "from advex import acting\n\n\ndef first")
    assert tree.digest() == quiet
    tree.write("acting.py", ACTING[kind])
    acting = tree.digest()
    assert acting != quiet
    tree.write("acting.py", f"{ACTING[kind]}\n\nY = 2\n")
    assert tree.digest() != acting


def test_what_only_runs_as_a_program_does_not_count(tree: Tree) -> None:
    before = tree.digest()
    with (tree.folder / "advex/norms.py").open("a") as file:
        file.write('\n\nif __name__ == "__main__":\n    print(1)\n')
    assert tree.digest() == before


def test_a_module_that_only_types_are_taken_from_is_not_imported(tree: Tree) -> None:
    tree.write("acting.py", "X = 1\nprint('imported')\n")
    before = tree.digest()
    importing = "from typing import TYPE_CHECKING\n\nif {}:\n    from advex.acting import X\n\n\ndef first"
    tree.replace("losses.py", "def first", importing.format("TYPE_CHECKING"))
    assert tree.digest() == before
    tree.replace("losses.py", "if TYPE_CHECKING:", "if not TYPE_CHECKING:")
    assert tree.digest() != before


SETTINGS = """
from pydantic.dataclasses import dataclass

STRICT = {}


@dataclass(config=STRICT)
class Sizes:
    images: int
    steps: int = 3
    unread: int = 4
"""


@pytest.fixture
def settings(tree: Tree) -> Tree:
    tree.write("settings.py", SETTINGS)
    tree.write(
        "attack.py", "from advex.settings import Sizes\n\n\ndef climb(x):\n    return Sizes(**x).steps\n"
    )
    return tree


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("    unread: int = 4\n", "    unread: int = 4\n    late: int = 5\n", False),
        ("    unread: int = 4\n", "", False),
        ("unread: int = 4", "unread: int = 5", False),
        ("steps: int = 3", "steps: int = 4", True),
        ("    steps: int = 3\n", "    early: int = 1\n    steps: int = 3\n", True),
        ("    unread: int = 4\n", "    unread: int = 4\n    needed: int\n", True),
        ("images: int", "images: float", True),
        ("config=STRICT", "config=STRICT, frozen=True", True),
    ],
)
def test_fields_with_defaults_count_where_they_are_read(
    settings: Tree, old: str, new: str, counts: bool
) -> None:
    before = settings.digest()
    settings.replace("settings.py", old, new)
    assert (settings.digest() != before) == counts


@pytest.mark.parametrize(
    "reading",
    [
        "x.unread", "getattr(x, 'unread')", "getattr(x, y)", "dataclasses.asdict(x)", "vars(x)", "x.__dict__",
        "attrgetter('unread')(x)", "dataclasses.fields(x)",
    ],
)  # fmt: skip
def test_fields_count_where_anything_reads_them(settings: Tree, reading: str) -> None:
    with (settings.folder / JOB).open("a") as file:
        file.write(f"import dataclasses\nfrom operator import attrgetter\n\nprint({reading})\n")
    before = settings.digest()
    settings.replace("settings.py", "unread: int = 4", "unread: int = 5")
    assert settings.digest() != before


def test_all_fields_of_a_base_count(settings: Tree) -> None:
    settings.replace("attack.py", "def climb", "class More(Sizes):\n    more: int\n\n\ndef climb")
    settings.replace("attack.py", "Sizes(**x)", "More(**x)")
    before = settings.digest()
    settings.replace("settings.py", "unread: int = 4", "unread: int = 5")
    assert settings.digest() != before


def test_a_summary_is_remembered_while_nothing_changes(tree: Tree, tmp_path: Path) -> None:
    memory, script = tmp_path / "memory.json", tree.folder / JOB
    first = Code(tree.folder / "advex", memory)
    before = first.summary(script)
    assert before.digest == tree.digest()
    assert before.definitions == first.definitions(script)
    again = Code(tree.folder / "advex", memory)
    assert again.summary(script) == before
    assert not again._found, "it was not found anew"
    for place in ("losses.py", JOB):
        folder = tree.folder if place == JOB else tree.folder / "advex"
        path = folder / place
        path.write_text(path.read_text() + "\n\nprint(1)\n")
        now = Code(tree.folder / "advex", memory).summary(script)
        assert now.digest == tree.digest()
        assert now.digest != before.digest
    assert Code(tree.folder / "advex").summary(script) == now


def test_what_was_read_is_remembered_by_content(tree: Tree, tmp_path: Path) -> None:
    memory = tmp_path / "memory.json"
    first = Code(tree.folder / "advex", memory)
    before, known = first.digest(tree.folder / JOB), memory.read_bytes()
    again = Code(tree.folder / "advex", memory)
    assert again.digest(tree.folder / JOB) == before == tree.digest()
    assert again.definitions(tree.folder / JOB) == first.definitions(tree.folder / JOB)
    assert memory.read_bytes() == known
    tree.replace("losses.py", "return x", "return -x")
    assert Code(tree.folder / "advex", memory).digest(tree.folder / JOB) == tree.digest() != before
    memory.write_text("damaged")
    assert Code(tree.folder / "advex", memory).digest(tree.folder / JOB) == tree.digest()
