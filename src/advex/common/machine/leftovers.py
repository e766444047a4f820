"""What killed processes leave behind: files with temporary names, which nothing ever looks at again.

Whoever begins to work in a folder while nobody else does (:mod:`advex.common.machine.locks`) removes them.
Checkpoints are no leftovers: the computation that wrote one goes on from it.
"""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

WRITTEN = ("results", "data")
"""Folders of the repository that jobs write to."""

_ATOMIC = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}(?P<ending>\.[^.]*)?")
"""What :func:`advex.common.files.atomic_path` calls a file until it is whole."""
_DOWNLOAD = ".download-"
"""How the folders begin that :mod:`advex.prepare.downloads` downloads to."""


def is_unfinished(name: str) -> bool:
    """Tell whether a file has the name of one that was being written atomically."""
    found = _ATOMIC.fullmatch(name)
    return found is not None and Path(found["name"]).suffix == (found["ending"] or "")


def _tops(repository: Path) -> list[Path]:
    """Return the folders that jobs write to; that of a study may be a link to another disk."""
    places = [repository / name for name in WRITTEN]
    links = [path for place in places for path in place.glob("[!.]*") if path.is_symlink() and path.is_dir()]
    return [*places, *links]


def remove_leftovers(folder: Path) -> list[str]:
    """Remove what killed runs left in a repository; no process may be at work in it.

    Args:
        folder: ``.snakemake`` in the repository's folder.

    Returns:
        What was removed, relative to the repository; what cannot be removed stays, unsaid.
    """
    folder = folder.resolve()
    repository = folder.parent
    found = [path for path in (folder / "scripts").glob("*") if path.is_file()]
    found += [path for path in folder.glob(".*") if is_unfinished(path.name)]
    for place in _tops(repository):
        for parent, folders, names in os.walk(place):
            found += [Path(parent, name) for name in names if is_unfinished(name)]
            found += [Path(parent, name) for name in folders if name.startswith(_DOWNLOAD)]
            folders[:] = [name for name in folders if not name.startswith(".")]
    removed = []
    for path in found:
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            removed.append(path.relative_to(repository).as_posix())
    return removed
