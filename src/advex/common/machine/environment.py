"""The environment variables under which everything of this repository runs, whoever's machine it is.

What a user has set for other programs must neither change results nor stop a run, and caches must find a
place where the user has no home: in a container with a bare user id, for example. Only the standard library
is used, since ``envs/install.py`` needs this before anything is installed.
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
