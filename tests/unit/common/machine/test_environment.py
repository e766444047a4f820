"""What programs are given where the user has no name, no home and no cache, and what is taken from them."""

import os
from pathlib import Path

import pytest

from advex.common.machine import environment
from advex.common.machine.environment import settle


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id that the system does not know."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(environment.pwd, "getpwuid", unknown)


def settled(tmp_path: Path, **variables: str) -> dict[str, str]:
    settle(variables, tmp_path / "caches")
    return variables


def test_where_dvc_remembers_things_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "DVC_PLACE", tmp_path / "var" / "dvc")
    assert "DVC_SITE_CACHE_DIR" not in settled(tmp_path, HOME=str(tmp_path))
    assert not (tmp_path / "var").exists()  # who makes it first decides who else may write there


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP"]
)
def test_what_changes_python_is_taken_away(tmp_path: Path, name: str) -> None:
    assert name not in settled(tmp_path, **{name: "1", "HOME": str(tmp_path)})


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_another_repository_is_not_looked_at(tmp_path: Path, name: str) -> None:
    assert name not in settled(tmp_path, **{name: "elsewhere", "HOME": str(tmp_path)})


def test_all_else_is_left(tmp_path: Path) -> None:
    given = {
        "HOME": str(tmp_path), "USER": "someone", "PATH": "/bin", "ADVEX_MIRROR": "x", "PYTHONUTF8": "1",
        "GIT_SSH_COMMAND": "ssh", "XDG_CACHE_HOME": str(tmp_path / "own"), "MPLCONFIGDIR": "m",
        "DVC_SITE_CACHE_DIR": "d",
    }  # fmt: skip
    assert settled(tmp_path, **given) == {**given, "PYTHONNOUSERSITE": "1"}
    assert not (tmp_path / "caches").exists()


@pytest.mark.usefixtures("nobody")
def test_a_bare_user_id_gets_a_name_and_a_home(tmp_path: Path) -> None:
    found = settled(tmp_path)
    assert found["USER"] == f"uid{os.getuid()}"
    assert found["HOME"] == str(tmp_path / "caches" / "home")
    assert Path(found["HOME"]).is_dir()


def test_a_home_that_is_not_there_is_replaced(tmp_path: Path) -> None:
    assert settled(tmp_path, HOME=str(tmp_path / "none"))["HOME"] == str(tmp_path / "caches" / "home")


def test_caches_go_elsewhere_where_the_users_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(environment, "DVC_PLACE", tmp_path / "file" / "dvc")
    found = settled(tmp_path, HOME="/proc")  # nobody can write there, not even root
    assert found["HOME"] == "/proc"
    assert found["XDG_CACHE_HOME"] == str(tmp_path / "caches")
    assert found["MPLCONFIGDIR"] == str(tmp_path / "caches" / "matplotlib")
    assert found["DVC_SITE_CACHE_DIR"] == str(tmp_path / "caches" / "dvc")
    assert all(Path(found[name]).is_dir() for name in ("XDG_CACHE_HOME", "MPLCONFIGDIR"))
