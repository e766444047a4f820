"""Manifests: what DVC versions, and whether the store inside the repository holds it.

``python -m advex.records.manifests`` names every object of the store that is missing or damaged.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from advex.common.errors import UserError
from advex.records.records import digests

STORE = "store"
"""Name of the remote, and of the folder, that is part of the repository."""


def manifest(file: Path) -> dict[str, str]:
    """Return path and MD5 of every file that a .dvc file versions; nothing if there is no .dvc file.

    Raises:
        UserError: the manifest itself cannot be had.
    """
    if not file.exists():
        return {}
    out = _out(file)
    path = (file.parent / out["path"]).as_posix()
    if not out["md5"].endswith(".dir"):
        return {path: out["md5"]}
    listed = dvc("list", ".", path, "--dvc-only", "--recursive", "--json", "--show-hash")
    return {f"{path}/{entry['path']}": entry["md5"] for entry in json.loads(listed)}


def prune() -> int:
    """Delete the store's objects that no manifest needs; return how many.

    Earlier commits keep theirs, since the store is part of each commit.
    """
    wanted = {md5 for file in _stored() for md5 in (_out(file)["md5"], *manifest(file).values())}
    objects = [path for path in Path(STORE, "files/md5").glob("*/*") if path.is_file()]
    unneeded = [path for path in objects if path.parent.name + path.name not in wanted]
    for path in unneeded:
        path.unlink()
    return len(unneeded)


def faults() -> Iterator[str]:
    """Yield a line for every object of the store that is missing or damaged, with what it should hold."""
    for file in _stored():
        out = _out(file)
        own = {f"the manifest of {file}": out["md5"]} if out["md5"].endswith(".dir") else {}
        broken = list(_broken(own))
        yield from broken or _broken(manifest(file))


def _broken(objects: dict[str, str]) -> Iterator[str]:
    for path, md5 in objects.items():
        place = Path(STORE, "files/md5", md5[:2], md5[2:])
        if not place.exists():
            yield f"{path}: missing from the store; bring it back with `git checkout -- {place}`"
        elif digests(place)["md5"] != md5.removesuffix(".dir"):
            yield f"{path}: damaged in the store; bring it back with `git checkout -- {place}`"


def _stored() -> list[Path]:
    """Return the .dvc files whose content comes from the store inside the repository."""
    default = dvc("config", "core.remote").strip()
    return [file for file in versioned_files() if _out(file).get("remote", default) == STORE]


def versioned_files() -> list[Path]:
    """Return the .dvc files of the repository."""
    files = [*sorted(Path(".").glob("*.dvc")), *sorted(Path("results").glob("*.dvc"))]
    return [file for file in files if file.is_file()]


def _out(file: Path) -> dict[str, str]:
    out: dict[str, str] = yaml.safe_load(file.read_text(encoding="utf-8"))["outs"][0]
    return out


def dvc(*arguments: str) -> str:
    """Run DVC and return what it prints."""
    return run(sys.executable, "-m", "dvc", *arguments)


def run(*command: str, errors: bool = False) -> str:
    """Run a program and return what it prints, with what goes to standard error if ``errors``.

    Raises:
        UserError: it failed; the message holds what it said.
    """
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    finished = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if finished.returncode:
        told = (finished.stdout + finished.stderr).strip()
        raise UserError(f"`{' '.join(command[:6])}` failed:\n{told[-3000:]}")
    return finished.stdout + (finished.stderr if errors else "")


def main() -> None:
    """Name what is wrong with the store; status 1 if anything is."""
    found = list(faults())
    print("\n".join(found) or "The store holds everything that the manifests name, undamaged.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
