"""The environment variables under which everything of this repository runs, whoever's machine it is.

What a user has set for other programs must neither change results nor stop a run, and caches must find a
place where the user has no home: in a container with a bare user id, for example. :func:`settle` sees to that
for every program, :func:`isolate` to what jobs inherit besides. Only the standard library is used, since
``envs/install.py`` needs this before anything is installed.
"""

import os
import pwd
import sys
from collections.abc import MutableMapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]
"""The repository's folder; the library is installed from it, never copied elsewhere."""

CACHES = REPOSITORY / ".cache"
"""Where caches go that the user has no place for."""

DVC_PLACE = Path("/Library/Caches/dvc" if sys.platform == "darwin" else "/var/tmp/dvc")
"""Where DVC remembers what it knows of repositories, unless ``DVC_SITE_CACHE_DIR`` says otherwise. It stays
there if it can: SQLite, which DVC uses for it, opens no file whose path is longer than 512 characters."""

_HARMLESS = {
    "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER", "PYTHONIOENCODING", "PYTHONMALLOC",
    "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED", "PYTHONUTF8",
}  # fmt: skip
"""Python's variables that change neither which code runs nor how."""

_ANOTHER_REPOSITORY = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX",
)  # fmt: skip
"""What git exports to its hooks and aliases: with these, git and DVC would look at another repository."""

_OF_JOBS = {
    # The GNU C library hands freed memory back and gets it again, page by page and zeroed, at every layer of
    # a pass; kept, attacks on 500 to 1,000 images of 8x8 take 15 % less time (benchmarks/memory.py).
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MPLBACKEND": "agg",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
}
"""What all jobs are given."""

_KEPT_FROM_JOBS = (
    "MATPLOTLIBRC",
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "SOURCE_DATE_EPOCH",
    # How linear algebra is shared out among threads, or which of its variants counts: both change last bits.
    "MKL_CBWR",
    "MKL_DOMAIN_NUM_THREADS",
    "MKL_DYNAMIC",
    "OMP_DYNAMIC",
    "OMP_SCHEDULE",
    "OMP_THREAD_LIMIT",
)
"""What no job sees: it would change what is computed or drawn."""


def settle(environment: MutableMapping[str, str], caches: Path = CACHES) -> None:
    """Take away what would change results, and give what a bare user id lacks; changes ``environment``.

    Args:
        environment: environment variables, usually ``os.environ``.
        caches: folder for what the user has no place for; made when it is needed.
    """
    for name in list(environment):
        if name in _ANOTHER_REPOSITORY or (name.startswith("PYTHON") and name not in _HARMLESS):
            del environment[name]
    environment["PYTHONNOUSERSITE"] = "1"
    if not any(environment.get(name) for name in ("LOGNAME", "USER", "LNAME", "USERNAME")):
        environment["USER"] = _user()
    home = environment.get("HOME") or _home()
    if home is None or not Path(home).is_dir():
        home = str(_made(caches / "home"))
    environment["HOME"] = home
    if not _writable(Path(environment.get("XDG_CACHE_HOME") or Path(home, ".cache"))):
        environment["XDG_CACHE_HOME"] = str(_made(caches))
    if not environment.get("MPLCONFIGDIR") and not _writable(
        Path(environment.get("XDG_CONFIG_HOME") or Path(home, ".config"), "matplotlib")
    ):
        environment["MPLCONFIGDIR"] = str(_made(caches / "matplotlib"))
    if not environment.get("DVC_SITE_CACHE_DIR") and not _dvc_can_write():
        environment["DVC_SITE_CACHE_DIR"] = str(_made(caches / "dvc"))


def isolate(environment: MutableMapping[str, str], caches: Path) -> None:
    """Replace the user's own settings in an environment by those that jobs run with; changes ``environment``.

    What it says about threads of linear algebra, Snakemake replaces by the rule's own number; what says how
    processors are used (``ONEDNN_MAX_CPU_ISA`` and the like) stays, since it makes one machine compute as
    another does.

    Args:
        environment: what jobs will inherit.
        caches: a folder of the repository, for what libraries keep: matplotlib has its list of fonts there,
            so that it needs no home that can be written and reads no settings from one.
    """
    for name in _KEPT_FROM_JOBS:
        environment.pop(name, None)
    environment.update(_OF_JOBS, MPLCONFIGDIR=str(caches / "matplotlib"))


def _dvc_can_write() -> bool:
    """Tell whether DVC can write where it remembers things, in a folder that all users share."""
    existing = next(place for place in (DVC_PLACE / "repo", *(DVC_PLACE / "repo").parents) if place.exists())
    return os.access(existing, os.W_OK | os.X_OK)


def _user() -> str:
    """Return the user's name; one made of the number, as programs insist on a name, if there is none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def _home() -> str | None:
    """Return the home folder that the system knows for the user."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return None


def _writable(folder: Path) -> bool:
    """Tell whether files can be made in a folder, which is made if it is absent."""
    try:
        _made(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
