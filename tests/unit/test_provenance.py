"""The digest of code: content decides, and everything a job can reach counts."""

import os
import shutil
from pathlib import Path

import pytest

from advex import provenance
from advex.provenance import code_digest, forget_code, modules_reached


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small library in the place of ours: a script reaches b through a; c stands alone."""
    root = tmp_path / "advex"
    (root / "inner").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "a.py": "from advex import b\n",
        "b.py": "import numpy\n",
        "c.py": "VALUE = 1\n",
        "inner/__init__.py": "",
        "inner/d.py": "def late():\n    from advex.c import VALUE\n    return VALUE\n",
    }.items():
        (root / name).write_text(text)
    (tmp_path / "job.py").write_text("from advex.a import b\n")
    monkeypatch.setattr(provenance, "LIBRARY", root)
    return root


def digest(library: Path, *modules: str) -> str:
    forget_code()
    return code_digest(library.parent / "job.py", modules)


@pytest.mark.parametrize(
    ("edited", "modules", "changes"),
    [
        ("a.py", (), True),
        ("b.py", (), True),
        ("c.py", (), False),
        ("__init__.py", (), True),
        ("c.py", ("advex.inner.d",), True),
        ("inner/d.py", ("advex.inner.d",), True),
        ("inner/__init__.py", ("advex.inner.d",), True),
        ("inner/d.py", (), False),
    ],
)
def test_editing_what_a_job_reaches_changes_its_digest(
    library: Path, edited: str, modules: tuple[str, ...], changes: bool
) -> None:
    before = digest(library, *modules)
    with (library / edited).open("a") as file:
        file.write("EDITED = 1\n")
    assert (digest(library, *modules) != before) == changes


def test_editing_the_script_changes_the_digest(library: Path) -> None:
    before = digest(library)
    (library.parent / "job.py").write_text("from advex.a import b\nprint(b)\n")
    assert digest(library) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("VALUE = 1\n", "VALUE = 1  # of what\n"),
        ("VALUE = 1\n", "# A line of its own\nVALUE = 1\n"),
        ("VALUE = 1\n", '"""What this is."""\nVALUE = 1\n'),
        ("def f():\n    return 1\n", 'def f():\n    """Say.\n\n    More.\n    """\n    return 1\n'),
        ("class C:\n    x = 1\n", 'class C:\n    """Say."""\n    x = 1\n'),
        ('X = "a # b"\n', 'X = "a # b"  # c\n'),
    ],
)
def test_comments_and_docstrings_do_not_count(library: Path, old: str, new: str) -> None:
    (library / "b.py").write_text(old)
    before = digest(library)
    (library / "b.py").write_text(new)
    assert digest(library) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('X = "a # b"\n', 'X = "a # c"\n'),
        ('X = """a\n\nb"""\n', 'X = """a\nb"""\n'),
        ('X = """a\n# b\n"""\n', 'X = """a\n"""\n'),
        ("if 1:\n    x = 1\n    y = 2\n", "if 1:\n    x = 1\ny = 2\n"),
        ('x = f"{1}#"\n', 'x = f"{1}##"\n'),
    ],
)
def test_everything_else_counts(library: Path, old: str, new: str) -> None:
    (library / "b.py").write_text(old)
    before = digest(library)
    (library / "b.py").write_text(new)
    assert digest(library) != before


def test_modules_that_only_watch_do_not_count(library: Path) -> None:
    (library / "logs.py").write_text("VALUE = 1\n")
    (library / "b.py").write_text("from advex import logs\n")
    before = digest(library)
    (library / "logs.py").write_text("VALUE = 2\n")
    assert digest(library) == before
    assert modules_reached(library.parent / "job.py") == ["advex", "advex.a", "advex.b", "advex.logs"]


def test_touching_and_moving_change_nothing(library: Path, tmp_path: Path) -> None:
    before = digest(library)
    for file in library.rglob("*.py"):
        os.utime(file, (1, 1))
    assert digest(library) == before
    moved = tmp_path / "elsewhere"
    shutil.copytree(library.parent, moved, ignore=shutil.ignore_patterns("elsewhere"))
    provenance.LIBRARY = moved / "advex"
    assert digest(moved / "advex") == before


def test_figures_and_tables_reach_no_torch() -> None:
    scripts = Path(__file__).parents[2] / "scripts"
    for script in (
        "draw.py",
        "collect.py",
        "judge.py",
        "costs.py",
        "report.py",
        "experiment.py",
        "picture.py",
    ):
        reached: set[Path] = set()
        waiting = [scripts / script]
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                waiting += provenance._imported(path)
        assert not [path for path in reached if "import torch\n" in path.read_text()], script
