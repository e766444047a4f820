"""Manifests: what DVC versions, and whether the store inside the repository holds it.

``python -m advex.records.manifests`` names every object of the store that is missing or damaged, and says
what each study takes of it.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import yaml
from pathspec import PathSpec

from advex.common.errors import UserError
from advex.common.files import write_text
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


_EMPTY = "[]"


def begin(study: str) -> None:
    """Have a study versioned, unless it is: with no file yet, so that files can be added by name."""
    file = Path(f"results/{study}.dvc")
    if not file.exists():
        name = hashlib.md5(_EMPTY.encode(), usedforsecurity=False).hexdigest() + ".dir"
        write_text(Path(dvc("cache", "dir").strip(), "files/md5", name[:2], name[2:]), _EMPTY)
        out = {"md5": name, "size": 0, "nfiles": 0, "hash": "md5", "path": study}
        write_text(file, yaml.safe_dump({"outs": [out]}, sort_keys=False))


def ignored(paths: Iterable[str]) -> set[str]:
    """Return those paths that ``.dvcignore`` names, so that they are never versioned."""
    file = Path(".dvcignore")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return set(PathSpec.from_lines("gitwildmatch", lines).match_files(paths))


def stored_sizes() -> dict[str, dict[str, int]]:
    """Return what every .dvc file has in the store: the size of each object, in bytes, by MD5.

    What is missing has none; :func:`faults` names it.
    """
    sizes: dict[str, dict[str, int]] = {file.stem: {} for file in _stored()}
    for file in _stored():
        with suppress(UserError):
            sizes[file.stem] = {md5: _stored_size(md5) for md5 in manifest(file).values()}
    return sizes


def _stored_size(md5: str) -> int:
    place = Path(STORE, "files/md5", md5[:2], md5[2:])
    return place.stat().st_size if place.exists() else 0


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
    """Name what is wrong with the store, and what it holds; status 1 if anything is wrong."""
    found = list(faults())
    for study, sizes in stored_sizes().items():
        print(f"{study}: {sum(sizes.values()) / 1e6:.1f} MB of the store in {len(sizes)} objects")
    print("\n".join(found) or "The store holds everything that the manifests name, undamaged.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
