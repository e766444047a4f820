"""The workflow in folders with any name, for users without a name, under anybody's settings, after kills."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from copies import ROOT, copy_repository

from advex.common.machine.workers import SWITCH

FIGURE = "results/test/figures/ilyas/robust_and_accurate.svg"
LAUNCH = (".venv/bin/python", "-I", "-m", "advex.common.machine.launch")

NAMES = {
    "spaces and brackets": "My Documents/advex (1) [a]",
    "quotes and the shell's signs": 'it\'s "mine" & $HOME; `id` <b> | *? !x',
    "letters of other languages": "Übung mit Ä/日本語/Ωμέγα",
    "signs of addresses and patterns": "a%20b#c~d\\e@f=g,h",
    "long": "/".join([letter * 200 for letter in "abcd"]),
}

FOREIGN = {
    "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONHOME": "/nonexistent", "PYTHONSAFEPATH": "1",
    "PYTHONSTARTUP": "/nonexistent", "GIT_DIR": "/nonexistent", "SNAKEMAKE_OUTPUT_CACHE": "/proc/none",
    "SNAKEMAKE_CONDA_PREFIX": "/proc/self", "MAKEFLAGS": "-j8 -k",
}  # fmt: skip
"""Settings that a user may have for other programs."""


def installed(folder: Path) -> Path:
    """A copy of the repository with an environment of its own, as `make` leaves it, but with our packages."""
    copy_repository(folder)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / name)
    python = sys._base_executable  # type: ignore[attr-defined]
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", folder / ".venv"], check=True, timeout=60)
    (packages,) = (folder / ".venv/lib").glob("*/site-packages")
    (packages / "all.pth").write_text("".join(f"{path}\n" for path in sys.path if path.endswith("-packages")))
    finish = (
        "import sys; sys.path.insert(0, 'envs'); import install; install.Environment().finish(['installed'])"
    )
    subprocess.run([".venv/bin/python", "-c", finish], cwd=folder, check=True, timeout=60)
    subprocess.run(["git", "init", "--quiet", "."], cwd=folder, check=True, timeout=60)
    return folder


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def said(finished: subprocess.CompletedProcess[str]) -> str:
    return (finished.stdout + finished.stderr)[-4000:]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return installed(tmp_path / "place")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_jobs_run_in_a_folder_with_any_name(tmp_path: Path, name: str) -> None:
    folder = installed(tmp_path / name)
    finished = run(folder, ".venv/bin/snakemake", FIGURE)
    assert finished.returncode == 0, said(finished)
    assert (folder / FIGURE).exists()
    status = run(folder, ".venv/bin/dvc", "status")
    assert status.returncode == 0, said(status)


def test_jobs_run_behind_a_link(tmp_path: Path) -> None:
    installed(tmp_path / "the place itself")
    (tmp_path / "a link").symlink_to("the place itself")
    link = tmp_path / "a link"
    finished = run(link, str(link / ".venv/bin/snakemake"), FIGURE, PWD=str(link))
    assert finished.returncode == 0, said(finished)


def test_a_folder_that_snakemake_cannot_read_is_refused_before_planning(tmp_path: Path) -> None:
    folder = installed(tmp_path / "{a}")
    for command in (
        (".venv/bin/python", "-m", "snakemake"),
        (*LAUNCH, "snakemake"),
        (*LAUNCH, "dvc", "pull"),
    ):
        refused = run(folder, *command)
        assert refused.returncode != 0
        assert "cannot work in a folder whose path holds '{'" in said(refused)
        assert "Traceback" not in said(refused)


def test_nothing_is_submitted_to_a_cluster_from_a_folder_that_its_plugin_cannot_quote(tmp_path: Path) -> None:
    folder = installed(tmp_path / "My Documents")
    refused = run(folder, ".venv/bin/snakemake", "--profile", "profiles/slurm", FIGURE)
    assert refused.returncode != 0
    assert "jobs cannot be submitted from a folder" in said(refused)
    assert "Traceback" not in said(refused)


def test_results_as_a_link_are_refused_by_everything(place: Path, tmp_path: Path) -> None:
    (place / "results").rename(tmp_path / "scratch")
    (place / "results").symlink_to(tmp_path / "scratch")
    commands = (
        (".venv/bin/python", "-m", "snakemake", "-n", FIGURE),
        (".venv/bin/snakemake", "-n", FIGURE),
        (".venv/bin/dvc", "pull"),
        ("make", "pull"),
        ("make",),
    )
    for command in commands:
        refused = run(place, *command)
        assert refused.returncode != 0, command
        assert "results: it is a link, which DVC does not follow" in said(refused), command
        assert "Traceback" not in said(refused)


def test_the_users_settings_for_other_programs_change_nothing(place: Path, tmp_path: Path) -> None:
    (tmp_path / "foreign/advex").mkdir(parents=True)
    (tmp_path / "foreign/advex/__init__.py").write_text("raise SystemExit('the wrong advex')\n")
    foreign = {**FOREIGN, "PYTHONPATH": str(tmp_path / "foreign")}
    first = run(place, ".venv/bin/snakemake", FIGURE)
    assert first.returncode == 0, said(first)
    before = {path: path.read_bytes() for path in (place / "records").rglob("*.json")}
    (place / FIGURE).unlink()
    again = run(place, ".venv/bin/snakemake", FIGURE, **foreign)
    assert again.returncode == 0, said(again)
    assert {path: path.read_bytes() for path in (place / "records").rglob("*.json")} == before
    python = sys._base_executable  # type: ignore[attr-defined]
    asked = run(place, "make", "STUDY=none", f"PYTHON={python}", SNAKEMAKE_PROFILE="nowhere", **foreign)
    assert "no study is named 'none'" in said(asked)  # so the workflow was read, with no other profile


def test_the_repositorys_own_settings_of_dvc_win(place: Path, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[core]\n  remote = mine\n  autostage = true\n  analytics = true\n  hardlink_lock = true\n"
        "[cache]\n  type = hardlink\n['remote \"mine\"']\n  url = /nonexistent\n"
    )
    settings = {"cache.type": "reflink,copy", "core.remote": "store", "core.autostage": "false",
                "core.analytics": "false", "core.hardlink_lock": "false"}  # fmt: skip
    for name, wanted in settings.items():
        for variable in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
            found = run(place, ".venv/bin/dvc", "config", name, **{variable: str(tmp_path)})
            assert found.stdout.strip().lower() == wanted, said(found)


@pytest.fixture
def bare_user() -> tuple[str, ...]:
    """The beginning of a command that runs it with a user id that has neither name nor home."""
    command = ("unshare", "--user", "--map-user=54321", "--map-group=54321")
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("user ids cannot be mapped here (unshare)")
    return (*command, "env", "-i", f"PATH={os.environ['PATH']}")


@pytest.mark.parametrize("home", [None, "/proc"])
def test_a_bare_user_id_without_a_home_is_enough(
    place: Path, bare_user: tuple[str, ...], home: str | None
) -> None:
    command = (*bare_user, *([f"HOME={home}"] if home else []))
    finished = run(place, *command, ".venv/bin/snakemake", FIGURE)
    assert finished.returncode == 0, said(finished)
    status = run(place, *command, ".venv/bin/dvc", "status")
    assert status.returncode == 0, said(status)
    ignored = run(place, "git", "status", "--short", "--ignored", "--untracked-files=all", ".cache")
    assert all(line.startswith("!!") for line in ignored.stdout.splitlines())
    assert (place / ".cache").is_dir()
    for log in (place / "results/test/logs").rglob("*.log"):
        assert "cache" not in log.read_text().lower()


def eventually(true: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


@pytest.mark.parametrize("workers", ["yes", "no"])
def test_a_killed_run_is_put_right_once_nothing_of_it_is_left(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    """One run at a time; after a kill its jobs still count; then `make` goes on."""
    monkeypatch.setenv(SWITCH, workers)
    script = place / "scripts/experiment.py"
    waiting = (
        "import pathlib, time\n"
        f"pathlib.Path({str(tmp_path)!r}, f'began{{snakemake.wildcards.seed}}').touch()\n"
        f"while not pathlib.Path({str(tmp_path / 'go')!r}).exists():\n    time.sleep(0.05)\n"
    )
    text = script.read_text()
    script.write_text(waiting + text)
    make = (*LAUNCH, "--alone", "snakemake", FIGURE)
    first = subprocess.Popen(
        make, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        eventually(lambda: len(list(tmp_path.glob("began*"))) > 0)
        second = run(place, *make)
        assert second.returncode == 1
        assert f"another run is going on in this folder (process {first.pid} on " in second.stderr
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        third = run(place, *make)
        assert third.returncode == 1
        assert "was killed" in third.stderr
        assert "a job of it is still computing" in third.stderr
    finally:
        (tmp_path / "go").touch()
        first.kill()
    script.write_text(text)
    assert list((place / ".snakemake/locks").iterdir())
    eventually(lambda: "a job of it is still computing" not in run(place, *make[:-1], "--lint").stderr)
    ended = run(place, *make)
    assert ended.returncode == 0, said(ended)


def test_a_bare_run_is_told_of_a_killed_one_and_changes_nothing(place: Path) -> None:
    marks = place / ".snakemake/locks/0.output.lock"
    marks.parent.mkdir(parents=True)
    marks.write_text(f"{FIGURE}\n")
    bare = run(place, ".venv/bin/snakemake", FIGURE)
    assert bare.returncode != 0
    assert "`make` removes them by itself" in bare.stderr
    assert marks.exists()
    assert run(place, ".venv/bin/snakemake", "--unlock").returncode == 0
    assert not marks.exists()
