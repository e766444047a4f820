"""The tutorials, executed as they stand there, one after the other in one folder; and the notebook's form."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import programs
import pytest
from copies import clean_environment, notebook_program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/tutorials"
PAGES = ("prepare", "train", "measure", "draw", "judge", "attack", "construct", "evaluate", "others", "own")
AFTER = {"draw": "measure", "judge": "measure"}
"""Pages that go on after another besides the first two."""
NEEDS = {"others": ("foolbox", "pyautoattack")}


def code(page: str) -> str:
    """Return a page's blocks as one program."""
    text = (FOLDER / f"{page}.md").read_text()
    return "\n\n".join(re.findall(r"^```python\n(.*?)^```\n", text, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the first two pages have been followed."""
    folder = tmp_path_factory.mktemp("tutorials")
    for page in PAGES[:2]:
        follow(page, folder)
    return folder


def follow(page: str, folder: Path) -> str:
    program = folder / f"{page}.py"
    program.write_text(code(page))
    finished = subprocess.run(
        [sys.executable, program], cwd=folder, capture_output=True, text=True, timeout=600, check=False,
        env={"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-4000:]
    return finished.stdout


def test_every_page_is_among_them() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(PAGES)
    first = (FOLDER / "prepare.md").read_text()
    assert all(f"({page}.md)" in first for page in PAGES[1:])


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES[2:])
def test_a_page_does_what_it_says(workplace: Path, page: str) -> None:
    missing = [name for name in NEEDS.get(page, ()) if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{page}.md needs {', '.join(missing)}")
    before = AFTER.get(page)
    if before and not (workplace / f"{before}.py").exists():
        follow(before, workplace)
    assert follow(page, workplace)


@pytest.mark.parametrize("page", PAGES)
def test_its_code_is_in_the_style_of_the_library(page: str, tmp_path: Path) -> None:
    file = tmp_path / f"{page}.py"
    file.write_text(code(page))
    ignored = ["--ignore", "D1,E402,I001,PLC0415"]  # blocks follow each other, with imports of their own
    for command in (["check", *ignored], ["format", "--diff"]):
        finished = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", ROOT / "pyproject.toml", file],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stdout


def test_the_notebook_is_one() -> None:
    """Of the published form, without anything that was computed: its own test executes it."""
    book = json.loads((FOLDER / "table10.ipynb").read_text())
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    for cell in book["cells"]:
        assert cell["cell_type"] in ("markdown", "code")
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.slow
def test_the_notebook_is_executed(built: Path) -> None:
    """Of the study `test`; tests of what is shipped execute it as it stands."""
    program = notebook_program(FOLDER / "table10.ipynb")
    assert program.count('STUDY = "digits"') == 1
    program = program.replace('STUDY = "digits"', 'STUDY = "test"') + "\nprint(len(measured))"
    told = {**clean_environment(), "PYTHONPATH": str(built / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    finished = programs.run((sys.executable, "-c", program), built, told, seconds=600)
    assert finished.returncode == 0, finished.stderr[-4000:]
    assert int(finished.stdout.split()[-1]) > 1
