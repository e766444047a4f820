"""Which code made an artifact: a digest of a script and of every module of the library it reaches."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parent

WATCHING = ("advex/logs.py", "advex/progress.py", "advex/records.py")
"""Modules that look on while a job works and change no result: they do not count."""


def code_digest(script: str | Path, modules: Iterable[str] = ()) -> str:
    """Hash a script, the named modules, and all modules of ``advex`` that they import, by content.

    Imports are read from the source and not run, so this takes milliseconds. Moving or touching a file
    changes nothing, nor does editing comments and docstrings; any other edit of any module that the job can
    reach changes the digest, but for those of :data:`WATCHING`.

    Args:
        script: path of the job's script.
        modules: dotted names of modules the script imports by name at run time.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    counted = (path for path in _reached(script, modules) if _label(path) not in WATCHING)
    for path in sorted(counted, key=_label):
        digest.update(f"{_label(path)}\0{_code(path)}\0".encode())
    return digest.hexdigest()


def modules_reached(script: str | Path, modules: Iterable[str] = ()) -> list[str]:
    """Return the dotted names of the library's modules that count in :func:`code_digest`."""
    names = (_label(path) for path in _reached(script, modules) if path.is_relative_to(LIBRARY))
    return sorted(name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names)


def _reached(script: str | Path, modules: Iterable[str]) -> set[Path]:
    reached: set[Path] = set()
    waiting = [Path(script), *(path for name in modules for path in _files(name))]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += _imported(path)
    return reached


def _label(path: Path) -> str:
    inside = path.is_relative_to(LIBRARY)
    return f"advex/{path.relative_to(LIBRARY).as_posix()}" if inside else path.name


@cache
def _code(path: Path) -> str:
    """Return a file's text without comments and docstrings.

    They are cut out of the text, rather than the code printed from its tree, so that all versions of
    Python give the same result.
    """
    text = path.read_text(encoding="utf-8")
    lines: list[str | None] = [*text.splitlines()]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            left = token.line[:column].rstrip()
            lines[row - 1] = left or None
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            for row in range(docstring.lineno - 1, docstring.end_lineno or docstring.lineno):
                lines[row] = None
    return "\n".join(line for line in lines if line is not None)


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Return the files of the library that a file imports, anywhere in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(file for name in names for file in _files(name))


def forget_code() -> None:
    """Read files again when the next digest is asked for."""
    _code.cache_clear()
    _imported.cache_clear()


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
