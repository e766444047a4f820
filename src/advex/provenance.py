"""Which code made an artifact: a digest of a script and of every module of the library it reaches."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parent


def code_digest(script: str | Path, modules: Iterable[str] = ()) -> str:
    """Hash a script, the named modules, and all modules of ``advex`` that they import, by content.

    Imports are read from the source and not run, so this takes milliseconds. Moving a file or touching
    it changes nothing; editing any module that the job can reach changes the digest.

    Args:
        script: path of the job's script.
        modules: dotted names of modules the script imports by name at run time.

    Returns:
        64 hexadecimal digits.
    """
    reached: set[Path] = set()
    waiting = [Path(script), *(path for name in modules for path in _files(name))]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += _imported(path)
    digest = hashlib.sha256()
    for path in sorted(reached, key=_label):
        digest.update(f"{_label(path)}\0".encode() + _content(path) + b"\0")
    return digest.hexdigest()


def _label(path: Path) -> str:
    inside = path.is_relative_to(LIBRARY)
    return f"advex/{path.relative_to(LIBRARY).as_posix()}" if inside else path.name


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Return the files of the library that a file imports, anywhere in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(_content(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(file for name in names for file in _files(name))


def _files(name: str) -> Iterator[Path]:
    """Yield the file of a module of the library and those of its packages, which are run before it."""
    parts = name.split(".")
    if parts[0] != "advex":
        return
    for depth in range(1, len(parts) + 1):
        base = LIBRARY.joinpath(*parts[1:depth])
        for candidate in (base / "__init__.py", base.with_suffix(".py")):
            if candidate.is_file() and candidate != LIBRARY.with_suffix(".py"):
                yield candidate
