"""Programs that tests fork are like programs that are started, as far as these can tell."""

import os
import subprocess
import sys
import time
from pathlib import Path

import programs
import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="programs are forked on Linux"),
    pytest.mark.slow,  # libraries are imported first
]
PROGRAMS = {
    "what it is": "import os, sys; print(__name__, sys.argv, sys.orig_argv[1:], sys.path[0], os.getcwd())",
    "what it has": "import os, sys; print(sorted(os.environ.items()), sys.flags, sys.stdin.read())",
    "what lies there": "import neighbour; print(neighbour.NAME)",
    "both outputs": "import sys; print('x' * 200_000); print('y', file=sys.stderr); print('z')",
    "a status": "import sys; sys.exit(3)",
    "words at the end": "import sys; sys.exit('no')",
    "an end without a status": "import sys; sys.exit()",
    "an error": "raise ValueError('wrong')",
    "a signal": "import os; os.kill(os.getpid(), 9)",
    "what is registered": "import atexit; atexit.register(print, 'last'); print('first')",
    "a thread": "import threading, time; threading.Timer(0.2, print, ['later']).start(); print('now')",
    "a program of its own": (
        "import os, subprocess, sys\n"
        "if len(sys.argv) < 3:\n"
        "    command = [sys.executable, '-m', 'neighbour']\n"
        "    print(subprocess.run(command, capture_output=True, text=True, cwd='library'))\n"
        "    told = {**os.environ, 'LC_ALL': 'C.UTF-8'}\n"
        "    command = [sys.executable, '-m', 'program', '1', '2']\n"
        "    print(subprocess.run(command, capture_output=True, text=True, env=told))\n"
        "    sys.exit(subprocess.run([*command, '3'], check=False).returncode)\n"
        "print(sys.argv[1:])\nsys.exit(len(sys.argv))"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    (tmp_path / "library/neighbour.py").write_text("import os\n\nNAME = __name__\nprint(os.getcwd())\n")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder / "library")}


@pytest.mark.parametrize("way", ["module", "file"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_forked_program_does_what_a_started_one_does(folder: Path, name: str, way: str) -> None:
    (folder / "program.py").write_text(PROGRAMS[name])
    told = environment(folder)
    command = [sys.executable, *(["-m", "program"] if way == "module" else ["program.py"]), "--word"]
    assert programs.start()
    assert programs.is_forkable(command, told)
    forked = programs.run(command, folder, told, seconds=60)
    started = subprocess.run(
        command, cwd=folder, env=told, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert forked.returncode == started.returncode
    assert forked.stdout == started.stdout
    if name == "an error":  # what is below the program differs
        assert forked.stderr.splitlines()[-2:] == started.stderr.splitlines()[-2:]
    else:
        assert forked.stderr == started.stderr


def test_a_program_that_takes_too_long_is_killed(folder: Path) -> None:
    (folder / "program.py").write_text("import time; time.sleep(60)")
    command = [sys.executable, "-m", "program"]
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        programs.run(command, folder, environment(folder), seconds=0.5)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LC_ALL", "OMP_NUM_THREADS", "ANYTHING_ELSE"])
def test_what_may_act_on_pythons_start_has_python_start(name: str) -> None:
    command = [sys.executable, "-m", "snakemake"]
    assert programs.is_forkable(command, {**os.environ, "PYTHONPATH": "src"})
    assert not programs.is_forkable(command, {**os.environ, name: "3"})
    assert not programs.is_forkable(["git", "status"], os.environ)
