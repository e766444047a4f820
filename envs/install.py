"""Make ``.venv``: every package that is pinned, and the library itself where it lies. ``make`` calls this.

Usage: ``python3 -I envs/install.py [--tests]``. Only the standard library is used. What pip is told comes
from here; of the user's own settings of pip, only those hold that say where packages come from.
"""

import ast
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from advex.common.errors import UserError  # noqa: E402
from advex.common.machine.environment import CACHES, settle  # noqa: E402
from advex.common.machine.launch import refuse_folder  # noqa: E402
from advex.common.machine.locks import only_one  # noqa: E402

VENV = Path(os.path.relpath(ROOT / ".venv"))
PYTHON = VENV / "bin" / "python"

SOURCES = {
    "cache-dir", "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url",
    "keyring-provider", "no-cache-dir", "no-index", "proxy", "retries", "timeout", "trusted-host",
    "use-feature",
}  # fmt: skip
"""pip's settings that say where packages come from and how they are reached. All others could change what
is installed or where (``user``, ``target``, ``constraint``, ``no-deps``, ``require-hashes``, ...)."""

SMALL = "about 0.4 GB to download, 1.5 GB on disk", 2.5
LARGE = "about 2.9 GB to download, 5.5 GB on disk", 8.5
"""What everything needs with a torch for CPUs alone, and with NVIDIA's libraries: in words, and the free
space in GB that suffices for it (measured with torch 2.13 on Linux, x86-64)."""

LAUNCHER = """#!/bin/sh
# Written by envs/install.py: finds its Python beside itself, wherever the repository lies.
exec "$(dirname -- "$0")/python" -I -m advex.common.machine.launch {module} "$@"
"""

ADVICE = """
What was downloaded is kept, so run the same command again once this is put right. Where the packages' usual
place cannot be reached, tell pip of another: PIP_INDEX_URL (a mirror), HTTPS_PROXY (a proxy), or a folder of
wheels (PIP_FIND_LINKS with PIP_NO_INDEX=1)."""


def package_sources(listing: str) -> dict[str, str]:
    """Return environment variables for pip with those of the user's settings that are in :data:`SOURCES`.

    Args:
        listing: what ``pip config list`` prints: ``section.option='value'`` in each line, where the section
            ``:env:`` holds environment variables. These win over ``install``, which wins over ``global``.
    """
    settings = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            place, _, option = name.rpartition(".")
            if place == section and option in SOURCES:
                settings["PIP_" + option.upper().replace("-", "_")] = str(ast.literal_eval(value))
    return settings


def environment_for_pip(user: Mapping[str, str], listing: str) -> dict[str, str]:
    """Return the environment for pip: the user's, with no settings of pip but :func:`package_sources`."""
    kept = {name: value for name, value in user.items() if not name.startswith("PIP_")}
    ours = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    return kept | package_sources(listing) | ours


def has_nvidia() -> bool:
    """Tell whether this machine has an NVIDIA GPU that can be used: its driver then lists it."""
    listed = Path("/proc/driver/nvidia/gpus")
    return Path("/dev/nvidiactl").exists() or (listed.is_dir() and any(listed.iterdir()))


def wants_cpu_build(choice: str, system: str, nvidia: bool) -> bool:
    """Tell whether to look for a torch without NVIDIA's libraries.

    Args:
        choice: ``cpu``, ``cuda``, or ``auto``: what this machine can use.
        system: as :func:`platform.system` names it. On macOS every torch is one for CPUs.
        nvidia: whether there is an NVIDIA GPU.

    Raises:
        UserError: no such choice.
    """
    if choice not in ("auto", "cpu", "cuda"):
        raise UserError(f"TORCH_BUILD={choice}: it is one of auto, cpu, cuda")
    return choice == "cpu" or (choice == "auto" and system == "Linux" and not nvidia)


def pinned(lock: str, package: str) -> str:
    """Return the version that a lock file names of a package."""
    return next(line.split("==")[1] for line in lock.splitlines() if line.startswith(f"{package}=="))


def progress(lines: Iterable[str], packages: int) -> Iterator[tuple[str, bool]]:
    """Turn what pip prints into few words, each with whether it is worth a line of its own."""
    seen: set[str] = set()
    current = ""
    for line in lines:
        if found := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
            seen.add(found[1].lower())
            current = f"{min(len(seen), packages)} of {packages} packages: {found[1]}"
            yield current, False
        elif found := re.match(r"\s*Downloading (\S+?)-\d\S* \(([\d.]+) (MB|GB)\)", line):
            large = found[3] == "GB" or float(found[2]) >= 50
            current = f"downloading {found[1]}, {found[2]} {found[3]}"
            yield current, large
        elif found := re.match(r"Progress (\d+) of (\d+)", line):
            yield f"{current}: {100 * int(found[1]) // max(int(found[2]), 1)} %", False
        elif line.startswith("Installing collected packages"):
            yield "unpacking; this takes a minute or more", True


class Environment:
    """The virtual environment being made, and its pip."""

    def __init__(self) -> None:
        self._marker = VENV / "installing"
        self._log = VENV / "install.log"
        self.pip_environment: dict[str, str] = {}

    def begin(self) -> None:
        """Make the environment, or again if making it was interrupted or its Python is gone.

        Raises:
            UserError: it cannot be made.
        """
        works = _works(PYTHON)
        if self._marker.exists() or not works:
            if VENV.exists():
                print(f"{VENV} is unfinished or no longer works; making it again.", flush=True)
            command = [sys.executable, "-I", "-m", "venv", "--clear", str(VENV)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                raise UserError(
                    "no virtual environment could be made; on Debian and Ubuntu, try `apt install "
                    f"python3-venv`:\n{(made.stdout + made.stderr).strip()}"
                )
        for stamp in ("installed", "testable"):
            (VENV / stamp).unlink(missing_ok=True)
        self._marker.touch()
        self._log.write_text("", encoding="utf-8")
        # For this command of pip's, a user's `user = true` would mean to list one file alone.
        everywhere = dict.fromkeys(("PIP_USER", "PIP_GLOBAL", "PIP_SITE"), "0")
        listing = subprocess.check_output(
            [PYTHON, "-I", "-m", "pip", "config", "list"], env={**os.environ, **everywhere}, text=True
        )
        self.pip_environment = environment_for_pip(os.environ, listing)

    def pip(self, *arguments: str, packages: int) -> bool:
        """Install packages, telling how far it is; return whether it worked."""
        version = subprocess.run(
            [PYTHON, "-I", "-m", "pip", "--version"], capture_output=True, text=True, check=True
        )
        bar = "raw" if int(version.stdout.split()[1].split(".")[0]) >= 25 else "off"
        command = [str(PYTHON), "-I", "-m", "pip", "install", "--progress-bar", bar, *arguments]
        terminal = sys.stdout.isatty()
        process = subprocess.Popen(
            command, env=self.pip_environment, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        with self._log.open("a", encoding="utf-8") as log, process:
            for words, line in progress(_copied(process.stdout, log), packages):
                if terminal:
                    print(f"\r\033[K  {words[:100]}", end="\n" if line else "", flush=True)
                elif line:
                    print(f"  {words}", flush=True)
        if terminal:
            print("\r\033[K", end="", flush=True)
        return process.returncode == 0

    def complaints(self) -> str:
        """Return what pip complained of in the end, or that there is no room."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [
            line
            for line in lines
            if line.startswith("ERROR:") or "Retrying" in line or "No space left" in line
        ]
        return "\n".join(f"  {line[:300]}" for line in errors[-3:]) + f"\n  (all of it: {self._log})"

    def holds(self, package: str, version: str) -> bool:
        """Tell whether a version of a package is installed, in whatever build."""
        code = f"import importlib.metadata as m; print(m.version({package!r}).split('+')[0])"
        found = subprocess.run([PYTHON, "-I", "-c", code], capture_output=True, text=True, check=False)
        return found.stdout.strip() == version

    def finish(self, stamps: Iterable[str]) -> None:
        """Put the library and its commands in place, and write down that everything is here."""
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = Path(subprocess.check_output([PYTHON, "-I", "-c", code], text=True).rstrip("\n"))
        # Relative paths, here and in the commands, need no quoting and hold when the repository is moved.
        (packages / "advex.pth").write_text(os.path.relpath(ROOT / "src", packages) + "\n", encoding="utf-8")
        for module in ("snakemake", "dvc"):
            file = VENV / "bin" / module
            file.write_text(LAUNCHER.format(module=module), encoding="utf-8")
            file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        self._marker.unlink(missing_ok=True)
        for stamp in stamps:
            (VENV / stamp).touch()


def _works(python: Path) -> bool:
    """Tell whether an interpreter starts, is new enough and has pip."""
    command = [python, "-I", "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _copied(lines: Iterable[str], log: TextIO) -> Iterator[str]:
    for line in lines:
        if not line.startswith("Progress "):
            log.write(line)
        yield line


def install(tests: bool) -> None:
    """Install everything that is missing.

    Raises:
        UserError: it cannot be done; the message says why and what to do.
    """
    environment = Environment()
    environment.begin()
    locks = ["requirements.lock"] + (["requirements-test.lock"] if tests else [])
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = sum((ROOT / name).read_text(encoding="utf-8").count("==") for name in locks)
    version = pinned(lock, "torch")
    if environment.holds("torch", version):
        print(f"Completing {VENV}: {packages} pinned packages.", flush=True)
    else:
        print(f"Installing {packages} pinned packages into {VENV}, once.", flush=True)
        _install_torch(environment, version)
    if not environment.pip(*(part for name in locks for part in ("-r", str(ROOT / name))), packages=packages):
        raise UserError(f"pip could not install all packages:\n{environment.complaints()}{ADVICE}")
    environment.finish(["installed", "testable"] if tests else ["installed"])


def _install_torch(environment: Environment, version: str) -> None:
    """Take a torch for CPUs where that is all this machine can use and pip finds one; leave others to pip."""
    choice = os.environ.get("TORCH_BUILD") or "auto"
    size, gigabytes = LARGE if platform.system() == "Linux" else SMALL
    if wants_cpu_build(choice, platform.system(), has_nvidia()):
        print(f"Looking for a torch without NVIDIA's libraries ({SMALL[0]}).", flush=True)
        _refuse_full_disk(SMALL[1])
        if environment.pip("--no-deps", "--retries", "1", f"torch=={version}+cpu", packages=1):
            return
        if platform.system() == "Linux":
            print(
                "Your pip finds none, so the usual build for Linux comes, with NVIDIA's libraries, though\n"
                "this machine cannot use them. To have the small one, stop here, give pip an index that has\n"
                "builds for CPUs (PIP_EXTRA_INDEX_URL; PyTorch's page on installing names one), run again.",
                flush=True,
            )
    print(f"To come: {size}.", flush=True)
    _refuse_full_disk(gigabytes)


def _refuse_full_disk(gigabytes: float) -> None:
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < gigabytes:
        raise UserError(f"{free:.1f} GB are free in {ROOT}; installing needs {gigabytes} GB")


def main(arguments: list[str]) -> None:
    """Install; end with a message and status 1 if it cannot be done."""
    try:
        refuse_folder(ROOT)
        settle(os.environ)
        with only_one(CACHES / "installing", "an installation"):
            install(tests="--tests" in arguments)
    except UserError as error:
        sys.exit(f"not installed: {error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. What was downloaded is kept: run the same command again to go on.")


if __name__ == "__main__":
    main(sys.argv[1:])
