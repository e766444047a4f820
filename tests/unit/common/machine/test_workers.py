"""A job that is forked from a worker is the process that Python would have been, and dies as it would."""

import gc
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advex.common.machine import worker
from advex.common.machine import workers as workers_module
from advex.common.machine.workers import SHARED, Forked, Workers, script_of, sure_imports

ROOT = Path(__file__).parents[4]
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(sys.platform != "linux" or BASH is None, reason="workers are for Linux")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# Stands in for Snakemake: starts scripts one after the other, and says how they ended, twice.
STARTS = """
import os, shlex, subprocess, sys
from advex.common.machine.workers import Workers
how, bash, *commands = sys.argv[1:]
workers = Workers()
start = workers.start if how == "workers" else subprocess.Popen
kinds = set()
held = os.open(os.devnull, os.O_RDONLY)
for command in commands:
    script = shlex.split(command)[-1]
    os.chdir(os.environ["FOLDER"])
    process = start(
        command, shell=True, executable=bash, stdout=sys.stdout, pass_fds=(held,),
        env={**os.environ, "SNAKEMAKE": str(os.getpid())},
    )
    if "= =" not in open(script).read():  # what cannot be read is not forked
        kinds.add(type(process).__name__)
    for stream in (sys.stdout, sys.stderr):
        print("ended with", process.wait(), file=stream, flush=True)
workers.end()
assert kinds == {"Forked" if how == "workers" else "Popen"}, kinds
"""

ENDS = {
    "well": "print('out'); import sys; print('error', file=sys.stderr)",
    "with output that is not flushed": "print('some', end='')",
    "with a file that is left open": "kept = open('left_open', 'w'); kept.write('text')",
    "with what is to be done at the end": "import atexit; atexit.register(print, 'at the end')",
    "with a thread that still runs": (
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.3), print('thread'))).start()"
    ),
    "with a status": "import sys; sys.exit(3)",
    "with a word": "import sys; sys.exit('a word')",
    "by an error": "def f():\n    raise ValueError('wrong') from KeyError(1)\nf()",
    "by an error of syntax": "print('never')\nx = = 1\n",
    "as if interrupted": "raise KeyboardInterrupt",
    "by an interrupt": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "by an error of the system": "import ctypes; ctypes.string_at(0)",
    "without a place for its output": (
        "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('nowhere')"
    ),
}

STATE = """
import json, os, resource, signal, sys, threading
import numpy as np
import pandas as pd
if WITH_TORCH:
    import torch
state = {
    "environment": dict(os.environ), "arguments": [sys.argv, sys.orig_argv], "path": sys.path,
    "name": __name__, "file": __file__, "folder": os.getcwd(), "flags": list(sys.flags),
    "hash": hash("word"), "main": sorted(globals()), "open": sorted(os.listdir("/proc/self/fd")),
    "signals": [str(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
    "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
    "mask": os.umask(0), "limits": [resource.getrlimit(kind) for kind in range(16)],
    "threads": len(os.listdir("/proc/self/task")),
    "adopted": [os.getppid() == int(os.environ["SNAKEMAKE"]), os.getsid(0) == os.getsid(os.getppid())],
    "buffered": [sys.stdout.line_buffering, sys.stderr.line_buffering],
    "encodings": [sys.stdin.encoding, sys.stdout.encoding, sys.stdout.errors, sys.stderr.errors],
    "modules": sorted(name for name in sys.modules if name.split(".")[0] not in sys.stdlib_module_names),
    "torch_threads": torch.get_num_threads() if WITH_TORCH else None,
}
print(json.dumps(state))
"""

BITS = """
import hashlib
import numpy as np
import torch
x = torch.rand(300, 300, generator=torch.Generator().manual_seed(1))
images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(2))
y = torch.nn.functional.conv2d(images, torch.ones(4, 3, 3, 3)) @ torch.ones(30, 7)
for result in (x @ x, y):
    print(hashlib.sha256(result.numpy().tobytes()).hexdigest())
print(hashlib.sha256((x.numpy() @ x.numpy()).tobytes()).hexdigest(), torch.get_num_threads())
"""


def command_of(folder: Path, name: str, text: str) -> str:
    """Write a script where Snakemake puts those of jobs; return the command by which it starts them."""
    script = folder / ".snakemake/scripts" / f"{name}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text)
    return f"set -euo pipefail;  {shlex.quote(sys.executable)} {shlex.quote(str(script))}"


def run(how: str, folder: Path, *commands: str, threads: int = 1) -> subprocess.CompletedProcess[str]:
    assert BASH is not None
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {"FOLDER": str(folder), "PYTHONHASHSEED": "0"} | dict.fromkeys(THREADS, str(threads))
    return subprocess.run(
        [sys.executable, "-c", STARTS, how, BASH, *commands],
        env=environment, input="", capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip


Ends = dict[str, tuple[str, ...]]
"""What a job said, as output and as errors, and its status, by its name."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ends]:
    """How jobs ended, by how they were started."""
    found: dict[str, Ends] = {}
    folder = tmp_path_factory.mktemp("ends")
    commands = [command_of(folder, f"job{index}", text) for index, text in enumerate(ENDS.values())]
    for how in ("plain", "workers"):
        done = run(how, folder, *commands)
        said = [re.split(r"(?<=ended with)( .+)\n", stream) for stream in (done.stdout, done.stderr)]
        parts = [["".join(pair) for pair in zip(each[::2], each[1::2], strict=False)] for each in said]
        found[how] = dict(zip(ENDS, zip(*parts, strict=True), strict=True))
        left = folder / "left_open"
        assert left.read_text() == "text"
        left.unlink()
    return found


@pytest.mark.parametrize("name", ENDS)
def test_a_job_ends_as_it_would_by_itself(ended: dict[str, Ends], name: str) -> None:
    assert ended["workers"][name] == ended["plain"][name]
    assert "ended with" in ended["workers"][name][0]


def test_endings_differ(ended: dict[str, Ends]) -> None:
    """Else the test above would compare nothing."""
    statuses = {told[0].rpartition("ended with ")[2].strip() for told in ended["plain"].values()}
    assert {"0", "1", "3", "120", "-2", "-9", "-11", "-15"} <= statuses
    assert "thread" in ended["plain"]["with a thread that still runs"][0]
    assert "wrong" in ended["plain"]["by an error"][1]


@pytest.mark.parametrize("with_torch", [False, True])
@pytest.mark.slow
def test_a_job_finds_what_it_would_find_by_itself(tmp_path: Path, with_torch: bool) -> None:
    """The environment, descriptors, signals, and what is loaded, as it imports torch or does not."""
    text = f"WITH_TORCH = {with_torch}\n{STATE}"
    other = command_of(tmp_path, "other", "import pandas as pd\nimport torch\nimport scipy.stats\n")
    job = command_of(tmp_path, "job", text.replace("if WITH_TORCH:\n    ", "") if with_torch else text)
    states = []
    for how in ("plain", "workers"):
        lines = run(how, tmp_path, other, job).stdout.splitlines()
        (state,) = (json.loads(line) for line in lines if line.startswith("{"))
        del state["environment"]["SNAKEMAKE"]  # the number of the process that started it
        states.append(state)
    plain, forked = states
    assert ("torch" in plain["modules"]) == with_torch
    assert plain["adopted"] == [True, True]
    for key, value in plain.items():
        assert forked[key] == value, key


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.slow
def test_a_job_computes_the_same_bits_on_its_number_of_threads(tmp_path: Path, threads: int) -> None:
    job = command_of(tmp_path, "job", BITS)
    forked = run("workers", tmp_path, job, threads=threads).stdout
    assert forked == run("plain", tmp_path, job, threads=threads).stdout
    assert forked.split()[-4] == str(threads)


def test_jobs_draw_other_random_numbers(tmp_path: Path) -> None:
    """What is not seeded is as new as in a new process."""
    text = "import numpy as np, numpy.random, random\nprint('drew', np.random.rand(), random.random())"
    drawn = run("workers", tmp_path, *[command_of(tmp_path, "job", text)] * 3).stdout.split("drew")[1:]
    assert len(set(drawn)) == 3


# --- what is killed ---


def processes() -> dict[int, str]:
    """Return the workers and jobs of this machine: the folder of each, as its environment has it."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(worker.__file__).encode() in (entry / "cmdline").read_bytes():
                    variables = (entry / "environ").read_bytes().decode().split("\0")
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z":
                        found[int(entry.name)] = next((v[7:] for v in variables if v[:7] == "FOLDER="), "")
            except OSError:
                continue
    return found


def of(folder: Path) -> set[int]:
    return {pid for pid, place in processes().items() if place == str(folder)}


def eventually(true: Callable[[], object], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def workers() -> Iterator[Workers]:
    own = Workers()
    yield own
    own.end()


WAITS = """
import pathlib, time
pathlib.Path({0!r}).touch()
while not pathlib.Path({1!r}).exists():
    time.sleep(0.02)
"""


def waiting(folder: Path, name: str = "job") -> str:
    """Return the command of a job that says that it began, and waits until it may go on."""
    return command_of(folder, name, WAITS.format(str(folder / "began"), str(folder / "go")))


def start(workers: Workers, folder: Path, command: str) -> "Forked | subprocess.Popen[str]":
    environment = {**os.environ, "FOLDER": str(folder), **dict.fromkeys(THREADS, "1")}
    return workers.start(command, shell=True, executable=BASH, env=environment)


def test_a_killed_worker_touches_no_job_and_the_next_starts_by_itself(
    tmp_path: Path, workers: Workers
) -> None:
    job = start(workers, tmp_path, waiting(tmp_path))
    eventually((tmp_path / "began").exists)
    for pid in of(tmp_path) - {job.pid}:
        os.kill(pid, signal.SIGKILL)
    second = start(workers, tmp_path, command_of(tmp_path, "second", "import sys; sys.exit(5)"))
    assert isinstance(second, subprocess.Popen)
    assert second.wait() == 5
    assert workers.last is None
    (tmp_path / "go").touch()
    assert isinstance(job, Forked)
    assert job.wait() == 0


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_job_can_be_ended(tmp_path: Path, workers: Workers, end: str) -> None:
    job = start(workers, tmp_path, waiting(tmp_path))
    eventually((tmp_path / "began").exists)
    getattr(job, end)()
    assert job.wait() == {"kill": -signal.SIGKILL, "terminate": -signal.SIGTERM}[end]
    getattr(job, end)()  # whoever has the number now is left alone
    again = start(workers, tmp_path, command_of(tmp_path, "again", "pass"))
    assert isinstance(again, Forked)
    assert again.wait() == 0
    assert again.usage.ru_maxrss > 1000
    workers.end()
    assert not of(tmp_path)


def beginning(folder: Path) -> "subprocess.Popen[str]":
    """Start what stands in for Snakemake, with a job that waits, in a session of its own."""
    assert BASH is not None
    environment = {**os.environ, "FOLDER": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS, "workers", BASH, waiting(folder)],
        env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    eventually((folder / "began").exists)
    return process


def test_no_worker_outlives_a_killed_run_and_its_job_goes_on(tmp_path: Path) -> None:
    run = beginning(tmp_path)
    assert len(of(tmp_path)) > 1
    run.kill()
    run.wait(10)
    eventually(lambda: len(of(tmp_path)) == 1)
    (job,) = of(tmp_path)
    assert str(tmp_path) in Path(f"/proc/{job}/environ").read_text()
    (tmp_path / "go").touch()
    eventually(lambda: not of(tmp_path))


def test_ctrl_c_reaches_jobs_and_leaves_nothing(tmp_path: Path) -> None:
    run = beginning(tmp_path)
    os.killpg(run.pid, signal.SIGINT)
    run.wait(10)
    eventually(lambda: not of(tmp_path))


INTERRUPTED = """
import os, shlex, signal, subprocess, sys
from advex.common.machine import workers as module
workers, (when, bash, first, second) = module.Workers(), sys.argv[1:]
def start(command):
    os.chdir(os.environ["FOLDER"])
    return workers.start(command, shell=True, executable=bash, env=dict(os.environ))
def interrupt(*_):
    os.killpg(0, signal.SIGINT)
assert start(first).wait() == 0
signal.signal(signal.SIGINT, lambda *_: None)  # this process learns of it later
if when == "on its way":
    os.waitid = interrupt
    print(start(second).wait())
elif when == "its worker knows":
    interrupt()
    start(second)
else:
    workers.interrupted = True
    start(second)
"""


@pytest.mark.parametrize(
    ("when", "says"), [("on its way", "-2\n"), ("its worker knows", ""), ("this process knows", "")]
)
def test_no_job_begins_after_ctrl_c(tmp_path: Path, when: str, says: str) -> None:
    """Where it came between, the job would never hear of it, and the run would wait for its end."""
    assert BASH is not None
    commands = [command_of(tmp_path, "first", "pass"), waiting(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, when, BASH, *commands], start_new_session=True, timeout=60,
        env={**os.environ, "FOLDER": str(tmp_path)}, capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert run.stdout == says
    assert "KeyboardInterrupt" in run.stderr
    assert not (tmp_path / "began").exists()
    eventually(lambda: not of(tmp_path))


def test_a_job_does_not_begin_for_a_run_that_does_not_know_of_it(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the worker's answer had come too late: the job would otherwise run twice."""
    command = command_of(tmp_path, "job", f"open({str(tmp_path / 'runs')!r}, 'a').write('once ')")
    monkeypatch.setattr(os, "waitid", lambda *_: (_ for _ in ()).throw(ChildProcessError()))
    job = start(workers, tmp_path, command)
    assert isinstance(job, subprocess.Popen)
    assert job.wait() == 0
    time.sleep(0.3)
    assert (tmp_path / "runs").read_text() == "once "


# --- what is forked ---


def test_only_plain_starts_of_scripts_are_forked(tmp_path: Path, workers: Workers) -> None:
    python, script = shlex.quote(sys.executable), "/a/.snakemake/scripts/tmp.train.py"
    assert script_of(f"set -euo pipefail;  {python} {script}") == script
    for other in (
        f"set -euo pipefail;  python {script}", f"{python} -u {script}", f"{python} /a/train.py",
        f"source activate x; {python} {script}", f"{python} {script} | tee log", f"{python} '{script}",
    ):  # fmt: skip
        assert script_of(other) is None, other
    read = workers.start(
        command_of(tmp_path, "job", "print(1)"), shell=True, executable=BASH, env={}, stdout=subprocess.PIPE
    )
    assert isinstance(read, subprocess.Popen)
    assert read.communicate()[0] == b"1\n"


def test_sure_imports_are_those_that_every_run_makes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json, pandas as pd\nfrom scipy import stats\nfrom advex.common.errors import UserError\n"
        "if json:\n    import torch\ntry:\n    import sklearn\nfinally:\n    pass\n"
        "def later():\n    import matplotlib\n"
    )
    assert sure_imports(str(script)) == {"import pandas as pd", "from scipy import stats"}
    assert "import torch" in sure_imports(str(script), ["advex.networks.classifier"])


def test_scripts_are_read_by_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that start together: Python's parser, where it is interrupted by itself, raises SystemError."""
    said: list[BaseException | threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", said.append)

    def interrupted(*_: object) -> None:
        time.sleep(0.0002)  # another thread goes on

    def read(depth: int) -> None:
        if depth:
            read(depth - 1)
            return
        for _ in range(3):
            workers_module._imports_of_module.cache_clear()
            sure_imports(str(ROOT / "scripts/experiment.py"), ["advex.networks.classifier"])

    threads = [threading.Thread(target=read, args=(10 * number,)) for number in range(3)]
    before = gc.get_threshold()
    gc.callbacks.append(interrupted)
    gc.set_threshold(200)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(interrupted)
    assert said == []


def test_what_is_shared_is_imported_by_several_scripts() -> None:
    per_script = [sure_imports(str(path)) for path in (ROOT / "scripts").glob("*.py")]
    for statement in SHARED[1:]:  # the first is Snakemake's own, in each
        assert sum(statement in imports for imports in per_script) > 2, statement


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("*.py")), ids=lambda path: path.stem)
@pytest.mark.slow
def test_scripts_load_what_is_imported_for_them(path: Path) -> None:
    """Else records would name libraries that a job does not use."""
    head = path.read_text().split("\nwith recorded")[0]
    sure = "\n".join(sorted(sure_imports(str(path))))
    text = f"{head}\nimport sys\nknown = set(sys.modules)\n{sure}\nprint(*(sys.modules.keys() - known))"
    finished = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=120, check=True
    )
    assert not finished.stdout.split()
