"""What draws, judges and reports runs where there is no torch: as in the environment of its rules."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from copies import WITHOUT_TORCH, scripts_without_torch

from advex.config import load

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src"

# Every import of torch, or of pyplot with its global state, fails as if it were not installed.
PROGRAM = """
import ast, importlib, json, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision") or name == "matplotlib.pyplot":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
failed = {}
for name in json.load(sys.stdin):
    try:
        if name.endswith(".py"):
            tree = ast.parse(open(name).read())
            imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
            exec(compile(ast.Module(imports, []), name, "exec"), {})
        else:
            importlib.import_module(name)
    except Exception as error:
        failed[name] = str(error)
print(json.dumps(failed))
"""


def figure_modules() -> list[str]:
    """Return every module that draws, found by its place, as the workflow finds it by its name."""
    return sorted(
        ".".join(path.relative_to(LIBRARY).with_suffix("").parts)
        for path in LIBRARY.glob("advex/discussion/*/figures/*.py")
        if path.stem != "__init__"
    )


MODULES = [
    *figure_modules(),
    *(f"advex.judge.{name}" for name in ("judge", "pages.study.page", "report", "claims")),
]
PAGES = [
    "advex.discussion.goh_features.explorer",
    "advex.discussion.nakano.experiments.slider",
    "advex.records.costs",
]


@pytest.fixture(scope="module")
def failed() -> dict[str, str]:
    """Why modules and scripts could not be imported without torch, by name; all in one new process."""
    names = [*MODULES, *PAGES, *scripts_without_torch()]
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(names), cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    return json.loads(finished.stdout)


@pytest.mark.parametrize("name", [*MODULES, *PAGES, *scripts_without_torch()])
def test_it_can_be_imported(failed: dict[str, str], name: str) -> None:
    assert name not in failed, failed.get(name)


def test_every_figure_is_among_them() -> None:
    figures = load(ROOT / "config").experiments.figures
    names = [name.partition("/") for name in figures]
    assert {f"advex.discussion.{source}.figures.{name}" for source, _, name in names} <= set(MODULES)
    assert {"scripts/draw.py", "scripts/judge.py", "scripts/report.py"} <= set(scripts_without_torch())


def test_an_import_of_torch_is_found() -> None:
    """Else the tests above could not fail."""
    needing = ["advex.common.machine.devices", "scripts/train.py"]
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(needing),
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert set(json.loads(finished.stdout)) == set(needing)


def test_the_environment_has_no_torch() -> None:
    assert "torch" not in re.sub(r"#.*", "", (ROOT / WITHOUT_TORCH).read_text())
