"""Pulling: bring what is published and missing or newer, and leave what was made here.

``python -m advex.records.pulling`` holds every file that DVC versions against what lies here. An absent one
is brought. One that differs is replaced where it is of an earlier published version, which git or DVC's cache
still hold; else it was made here, by a run or by hand, and is left and named. ``--force`` takes what is
published instead. (``dvc pull`` alone stops at the first file that was made here.)
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from advex.common.errors import UserError
from advex.records.manifests import STORE, dvc, manifest, run, versioned_files
from advex.records.records import Record, digests, own_records, shipped_records
from advex.records.verification import is_local

_LISTED = 30
_AT_ONCE = 5000  # a command line has its limits


@dataclass(frozen=True)
class Comparison:
    """How the files that lie here compare with what is published.

    Attributes:
        wanted: paths that are absent or of an earlier published version.
        left: for paths at which something else lies: what that is.
    """

    wanted: list[str]
    left: dict[str, str]


class _Earlier:
    """What was published before, by MD5: what git's history has of the store, and what DVC's cache holds."""

    @cached_property
    def _in_git(self) -> set[str]:
        try:
            added = run(
                "git",
                "log",
                "--all",
                "--no-renames",
                "--diff-filter=A",
                "--name-only",
                "--format=",
                "--",
                STORE,
            )
        except (UserError, OSError):  # not a repository, or no git
            return set()
        return {"".join(path.split("/")[-2:]) for path in added.split()}

    @cached_property
    def _cache(self) -> Path:
        return Path(dvc("cache", "dir").strip(), "files/md5")

    def __contains__(self, md5: str) -> bool:
        return md5 in self._in_git or (self._cache / md5[:2] / md5[2:]).exists()


def compare(published: dict[str, str]) -> Comparison:
    """Compare files with what is published.

    Args:
        published: path and MD5 of every file.
    """
    earlier = _Earlier()
    own, shipped = _named(own_records()), _named(shipped_records())
    wanted, left = [], {}
    for path, md5 in published.items():
        if is_local(path):
            continue
        here = digests(path) if os.path.exists(path) else None
        if here is None:
            wanted.append(path)
        elif here["md5"] == md5:
            continue
        elif (path, here["sha256"]) in own:
            left[path] = "made by a run here"
        elif (path, here["sha256"]) in shipped:
            left[path] = "recorded, not yet published"
        elif here["md5"] in earlier:
            wanted.append(path)
        else:
            left[path] = "changed by hand or damaged"
    return Comparison(wanted, left)


def _named(records: Iterable[Record]) -> set[tuple[str, str]]:
    """Return path and SHA-256 of every file that records name."""
    return {
        (path, sums["sha256"]) for record in records if record.ended for path, sums in record.outputs.items()
    }


def pull(force: bool) -> Comparison:
    """Bring what is missing or newer; with ``force``, what is published replaces what was made here.

    Raises:
        UserError: something cannot be had.
    """
    published = {path: md5 for file in versioned_files() for path, md5 in manifest(file).items()}
    found = compare(published)
    if force:
        found = Comparison([*found.wanted, *found.left], {})
    for start in range(0, len(found.wanted), _AT_ONCE):
        _fetch(found.wanted[start : start + _AT_ONCE])
    return found


def _fetch(paths: list[str]) -> None:
    """Let DVC fetch files and put them in place of what lies there; what it says goes to the terminal.

    It is asked twice at most, since it can stumble once over what an interrupted pull left in its cache.
    """
    command = [sys.executable, "-m", "dvc", "pull", "--force", *paths]
    if all(subprocess.run(command, check=False).returncode for _ in range(2)):
        raise UserError("not everything could be pulled; see above")


def message(found: Comparison) -> str:
    """Say what was brought, and what was left and how to take what is published instead."""
    brought = f"Brought {len(found.wanted)} files that were" if found.wanted else "No file was"
    lines = [f"{brought} missing or of an earlier version."]
    if found.left:
        lines.append(f"Left as they are, since they were made here ({len(found.left)}):")
        if len(found.left) <= _LISTED:
            lines += [f"  {path}  ({what})" for path, what in found.left.items()]
        else:
            folders = Counter((os.path.dirname(path), what) for path, what in found.left.items())
            lines += [f"  {folder}/: {count} files ({what})" for (folder, what), count in folders.items()]
        lines += [
            "To take what is published instead: `dvc pull --force PATH`, or `make pull FORCE=1` for all.",
        ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Pull and say what was done."""
    if arguments not in ([], ["--force"]):
        sys.exit("usage: python -m advex.records.pulling [--force]")
    try:
        print(message(pull(force=bool(arguments))))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
