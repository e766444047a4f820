"""The installer, with packages made for the test: what it takes, what it leaves, what it says."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from outside_modules import module_at

from advex.common.errors import UserError

ROOT = Path(__file__).parents[4]


installer = module_at("envs/install.py")

PARTS = (
    "src/advex/__init__.py", "src/advex/common/__init__.py", "src/advex/common/errors.py",
    "src/advex/common/machine/__init__.py", "src/advex/common/machine/environment.py",
    "src/advex/common/machine/launch.py", "src/advex/common/machine/leftovers.py",
    "src/advex/common/machine/locks.py",
    "envs/install.py", "Makefile", "pyproject.toml",
)  # fmt: skip
LISTING = """\
:env:.default-timeout='9'
:env:.find-links='/wheels of mine'
:env:.user='1'
:env:.require-virtualenv='1'
global.find-links='/old'
global.index-url='https://mirror.example.org/simple'
global.timeout='60'
install.target='/elsewhere'
install.no-deps='true'
install.timeout='70'
install.trusted-host='\\na.example.org\\nb.example.org'
download.dest='/x'
"""


def test_of_pips_settings_those_hold_that_say_where_packages_come_from() -> None:
    assert installer.package_sources(LISTING) == {
        "PIP_INDEX_URL": "https://mirror.example.org/simple",
        "PIP_TIMEOUT": "70",
        "PIP_TRUSTED_HOST": "\na.example.org\nb.example.org",
        "PIP_DEFAULT_TIMEOUT": "9",
        "PIP_FIND_LINKS": "/wheels of mine",
    }


def test_pip_sees_no_other_setting() -> None:
    user = {"PATH": "/bin", "PIP_USER": "1", "PIP_TARGET": "/x", "PIP_CONFIG_FILE": "/y", "HOME": "/z"}
    found = installer.environment_for_pip(user, LISTING)
    assert found["PIP_CONFIG_FILE"] == os.devnull
    assert {"PIP_USER", "PIP_TARGET", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_DEPS"}.isdisjoint(found)
    assert (found["PATH"], found["HOME"]) == ("/bin", "/z")


@pytest.mark.parametrize(
    ("choice", "system", "nvidia", "wanted"),
    [
        ("auto", "Linux", False, True),
        ("auto", "Linux", True, False),
        ("auto", "Darwin", False, False),
        ("cpu", "Linux", True, True),
        ("cuda", "Linux", False, False),
    ],
)
def test_which_torch_is_looked_for(choice: str, system: str, nvidia: bool, wanted: bool) -> None:
    assert installer.wants_cpu_build(choice, system, nvidia) is wanted


def test_a_build_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="TORCH_BUILD=rocm: it is one of auto, cpu, cuda"):
        installer.wants_cpu_build("rocm", "Linux", False)


def test_what_pip_prints_becomes_few_words() -> None:
    lines = [
        "Requirement already satisfied: six==1.17.0 in ./x (from -r requirements.lock (line 1)) (1.17.0)\n",
        "Collecting torch==2.13.0 (from -r requirements.lock (line 2))\n",
        "  Downloading torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl (526.6 MB)\n",
        "Progress 263300000 of 526600000\n",
        "Collecting yte==1.9.4 (from -r requirements.lock (line 3))\n",
        "  Downloading yte-1.9.4-py3-none-any.whl (10 kB)\n",
        "WARNING: something\n",
        "Installing collected packages: torch, yte\n",
    ]
    assert list(installer.progress(lines, 3)) == [
        ("1 of 3 packages: six", False),
        ("2 of 3 packages: torch", False),
        ("downloading torch, 526.6 MB", True),
        ("downloading torch, 526.6 MB: 50 %", False),
        ("3 of 3 packages: yte", False),
        ("unpacking; this takes a minute or more", True),
    ]


def test_a_full_disk_is_refused_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=10**9)
    monkeypatch.setattr(installer.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(UserError, match=r"1\.0 GB are free in .*; installing needs 8\.5 GB"):
        installer._refuse_full_disk(installer.LARGE[1])


def wheel(folder: Path, name: str, version: str) -> None:
    """Make a package that holds nothing but its version."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"__version__ = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    record = "".join(f"{path},sha256={sums[path]},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{about}/RECORD": record + f"{about}/RECORD,,\n"}.items():
            archive.writestr(path, text)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository, in a folder with an awkward name, that pins two packages and has a folder with them."""
    folder = tmp_path / "it's [my] $HOME (1) Ü"
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, folder / part)
    (folder / "requirements.lock").write_text("# pinned\nsix==1.0\ntorch==9.1\n")
    (folder / "requirements-test.lock").write_text("iniconfig==2.0\n")
    (tmp_path / "wheels").mkdir()
    for name, version in (("six", "1.0"), ("torch", "9.1"), ("iniconfig", "2.0")):
        wheel(tmp_path / "wheels", name, version)
    return folder


def make(folder: Path, target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make with the settings of a user for whom nothing should work."""
    wheels = folder.parent / "wheels"
    configuration = folder.parent / "pip.conf"
    configuration.write_text(
        f"[global]\nuser = true\nno-index = true\nfind-links = {wheels}\n"
        f"[install]\ntarget = {wheels}/target\nrequire-hashes = true\n"
    )
    foreign = folder.parent / "foreign" / "advex"
    foreign.mkdir(parents=True, exist_ok=True)
    (foreign / "__init__.py").write_text("raise SystemExit('the wrong advex')\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE"))}
    hostile = {
        "PIP_CONFIG_FILE": str(configuration), "PIP_USER": "1", "PIP_PREFIX": str(wheels / "prefix"),
        "PIP_REQUIRE_VIRTUALENV": "1", "PIP_CONSTRAINT": "/nonexistent", "PYTHONPATH": str(foreign.parent),
        "PYTHONHOME": "/nonexistent", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error",
        "PYTHONSTARTUP": "/nonexistent", "MAKEFLAGS": "-j8 -k", "TORCH_BUILD": "cpu",
    }  # fmt: skip
    python = sys._base_executable  # type: ignore[attr-defined]
    return subprocess.run(
        ["make", target, f"PYTHON={python}"],
        cwd=folder, env={**clean, **hostile, **variables},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def version_in(folder: Path, module: str) -> str:
    code = f"import {module}; print({module}.__version__)"
    return subprocess.check_output([folder / ".venv/bin/python", "-I", "-c", code], text=True).strip()


@pytest.mark.slow
def test_the_build_for_cpus_is_taken_whatever_else_the_user_has_set(small: Path) -> None:
    wheel(small.parent / "wheels", "torch", "9.1+cpu")
    finished = make(small, ".venv/testable")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Installing 2 pinned packages" in finished.stdout
    assert "without NVIDIA's libraries" in finished.stdout
    assert [version_in(small, name) for name in ("torch", "six", "iniconfig")] == ["9.1+cpu", "1.0", "2.0"]
    assert version_in(small, "advex") == version_in(ROOT, "advex")
    assert {path.name for path in (small.parent / "wheels").iterdir()}.isdisjoint({"target", "prefix"})
    moved = small.rename(small.parent / "moved elsewhere")
    told = subprocess.run(
        [moved / ".venv/bin/snakemake"], cwd="/", capture_output=True, text=True, timeout=60, check=False
    )
    assert "No module named snakemake" in told.stderr  # the command starts, and runs what is installed


@pytest.mark.slow
def test_the_usual_build_comes_with_a_word_where_pip_finds_no_other(small: Path) -> None:
    finished = make(small, ".venv/installed")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert version_in(small, "torch") == "9.1"
    if sys.platform == "linux":
        assert "Your pip finds none, so the usual build for Linux comes" in finished.stdout
        assert installer.LARGE[0] in finished.stdout


@pytest.mark.slow
def test_what_was_begun_is_made_again_and_what_fails_says_why(small: Path) -> None:
    half_made = small / ".venv"
    (half_made / "bin").mkdir(parents=True)
    (half_made / "bin/python").write_text("")
    (half_made / "installing").touch()
    (small.parent / "wheels/six-1.0-py3-none-any.whl").unlink()
    failed = make(small, ".venv/installed")
    assert failed.returncode != 0
    assert "is unfinished or no longer works; making it again" in failed.stdout
    assert "not installed: pip could not install all packages" in failed.stderr
    assert "No matching distribution found for six==1.0" in failed.stderr
    assert "run the same command again" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (half_made / "installed").exists()
    wheel(small.parent / "wheels", "six", "1.0")
    assert make(small, ".venv/installed").returncode == 0
    assert version_in(small, "six") == "1.0"


def test_a_python_that_is_too_old_is_refused_in_words(small: Path) -> None:
    text = (small / "Makefile").read_text()
    (small / "Makefile").write_text(text.replace("(3, 11) and", "(99, 0) and"))
    refused = make(small, ".venv/installed")
    assert refused.returncode != 0
    assert "Name another one: make PYTHON=python3.12" in refused.stderr
    assert not (small / ".venv").exists()
