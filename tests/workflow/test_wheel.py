"""The library as a wheel, in an environment that has nothing of the workflow: what researchers install."""

import email
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

import advex

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = {"pillow": "PIL", "pyyaml": "yaml", "scikit-image": "skimage", "scikit-learn": "sklearn"}
"""Under which name a package is imported, where that is another."""

REFUSING = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
import advex
assert advex.__file__.startswith({environment!r}), advex.__file__
"""


def modules(requirements: list[str]) -> set[str]:
    """Return the names under which packages are imported."""
    names = {re.split(r"[^\w-]", requirement)[0].lower() for requirement in requirements} - {"advex"}
    return {MODULES.get(name, name).replace("-", "_") for name in names}


def run(*command: str | Path, folder: Path) -> str:
    finished = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=900, check=False
    )
    assert finished.returncode == 0, (finished.stdout + finished.stderr)[-4000:]
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built in a copy: setuptools writes beside what it builds."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", source / "src", ignore=ignored)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    run(
        *pip,
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--wheel-dir",
        source / "dist",
        ".",
        folder=source,
    )
    (built,) = (source / "dist").iterdir()
    return built


def test_one_version_stands_everywhere() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == PROJECT["version"] == advex.__version__


@pytest.mark.slow
def test_the_wheel_holds_the_library_and_asks_for_little(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(archive.read(metadata))
    ours = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src/advex").rglob("*.py")}
    assert ours | {"advex/py.typed"} == {name for name in names if name.startswith("advex/")}
    asked = [text for text in told.get_all("Requires-Dist") or [] if "extra ==" not in text]
    assert {re.split(r"[^\w-]", text)[0] for text in asked} == {
        re.split(r"[^\w-]", text)[0] for text in PROJECT["dependencies"]
    }
    assert not modules(asked) & {"snakemake", "dvc", "matplotlib", "jinja2"}
    assert {"workflow", "report"} <= set(told.get_all("Provides-Extra") or [])


@pytest.mark.slow
def test_the_api_works_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Its tests run in a new environment; what only the extras bring cannot be imported there.

    The packages that the wheel asks for are this environment's: there is no network here.
    """
    environment, python = tmp_path / "environment", tmp_path / "environment/bin/python"
    run(sys.executable, "-m", "venv", "--without-pip", environment, folder=tmp_path)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=tmp_path)
    (packages,) = environment.glob("lib/python*/site-packages")
    own = [line for line in sys.path if line.endswith("-packages")] or [sysconfig.get_path("purelib")]
    (packages / "shared.pth").write_text("\n".join(own) + "\n")

    extras = PROJECT["optional-dependencies"]
    refused = modules(extras["report"] + extras["workflow"]) - modules(PROJECT["dependencies"])
    assert {"snakemake", "dvc", "matplotlib", "jinja2", "sklearn"} <= refused
    tests = tmp_path / "tests"
    tests.mkdir()
    for name in ("test_api.py", "samples.py"):
        shutil.copy(ROOT / "tests/unit" / name, tests)
    (tests / "conftest.py").write_text(
        REFUSING.format(refused=sorted(refused), environment=str(environment.resolve()))
    )
    told = run(
        python, "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib",
        "-m", "not slow", "-o", f"pythonpath={tests}", "-o", "markers=slow: as there", tests, folder=tests,
    )  # fmt: skip
    assert re.search(r"\d\d+ passed", told), told
