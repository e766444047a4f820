"""Files that others made, damaged or made up: whatever is in them, reading them ends soon and in words.

Every reader gets files that Hypothesis derives from sound ones: bytes changed, cut out and put in, and values
replaced deep inside of YAML and JSON. A reader may take a file or refuse it with a :class:`UserError`, and
nothing else: no other exception, no waiting, no program started, no pickle looked up, nothing written but
where it was told to.
"""

import io
import json
import logging
import os
import random
import sys
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from advex.common.errors import UserError

_TENSORS = (".safetensors", ".checkpoint")
LONGEST = 20.0
"""Seconds that reading a small file may take on a busy machine."""

_FORBIDDEN = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty",
    "pickle.find_class", "socket.connect", "ctypes.dlopen", "os.kill", "shutil.rmtree",
)  # fmt: skip
_WRITING = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.truncate",
)
_TOKENS = (
    b".nan", b".inf", b"-.inf", b"null", b"[]", b"{}", b"''", b"-1", b"0", b"1e999", b"true", b"1" * 20,
    b"!!python/object/apply:os.system ['touch pwned']", b"../../pwned", b"\x00", b"\xff\xfe", b"&a [*a]",
    b"<<: 3", b"1:30", b"NaN", b"Infinity", b"\"", b"'", b"{", b"[", b",", b"\n", b"\t", b": ", b"- ",
    b"$x_{", b"</script>",
)  # fmt: skip


@dataclass
class _Watched:
    allowed: Path | None = None
    seen: list[str] = field(default_factory=list)


_watched = _Watched()


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched.allowed is None:
        return
    if event in _FORBIDDEN:
        _watched.seen.append(f"{event}{arguments}")
    elif event == "open":
        path, mode, flags = arguments
        writes = bool(mode and set(mode) & set("wax+")) or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))
        if writes and not isinstance(path, int) and not _inside(path):
            _watched.seen.append(f"open({path!r}, {mode!r})")
    elif (
        event in _WRITING
        and isinstance(arguments[0], str | bytes | os.PathLike)
        and not _inside(arguments[0])
    ):
        _watched.seen.append(f"{event}{arguments}")


def _inside(path: Any) -> bool:
    assert _watched.allowed is not None
    place = os.path.realpath(os.fsdecode(path))
    return place.startswith(f"{_watched.allowed}{os.sep}") or place == os.devnull


sys.addaudithook(_look)


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Note every program that is started and every file that is written outside of a folder."""
    _watched.allowed, _watched.seen = folder.resolve(), []
    try:
        yield _watched.seen
    finally:
        _watched.allowed = None


@dataclass(frozen=True)
class Subject:
    """One kind of file.

    Attributes:
        name: what it is.
        make: writes a sound one into a folder, and returns its path.
        read: reads it as the library does.
        text: whether it is YAML or JSON, in which values are replaced.
        inner: whether it is a zip or safetensors, whose members are changed with the whole still sound.
        quick: how many files the quick form reads.
    """

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    text: bool = False
    inner: bool = False
    quick: int = 150


@dataclass
class Fuzzed:
    """What came of all files of a kind."""

    name: str
    inputs: int = 0
    refused: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


_edits = some.lists(
    some.tuples(
        some.sampled_from(["flip", "cut", "put", "token", "twice", "end"]),
        some.integers(0, 1 << 24),
        some.integers(0, 255),
        some.binary(max_size=12),
    ),
    min_size=1,
    max_size=5,
)
_plain = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(10**20), 10**20),
    some.floats(),
    some.text(max_size=20),
    some.sampled_from(
        ["", " ", "..", "a" * 300, "</script><img src=x onerror=a()>", "$x_{", "\u202e", "1e5"]
    ),
)
_values = some.recursive(
    _plain,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_replacements = some.lists(some.tuples(some.integers(0, 1 << 24), _values), min_size=1, max_size=3)


def edited(data: bytes, edits: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    """Return bytes with edits: bits flipped, parts cut out, put in, doubled, or the end lost."""
    for kind, at, count, more in edits:
        place = at % (len(data) + 1)
        if kind == "flip" and place < len(data):
            data = data[:place] + bytes([data[place] ^ (count or 1)]) + data[place + 1 :]
        elif kind == "cut":
            data = data[:place] + data[place + count :]
        elif kind == "put":
            data = data[:place] + more + data[place:]
        elif kind == "token":
            data = data[:place] + _TOKENS[count % len(_TOKENS)] + data[place + len(more) :]
        elif kind == "twice":
            data = data[: place + count] + data[place:]
        elif kind == "end":
            data = data[:place]
    return data


def _places(content: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, part in items:
        yield from _places(part, (*place, key))


def replaced(content: Any, replacements: Sequence[tuple[int, Any]]) -> Any:
    """Return plain values some of which are replaced, deep inside."""
    for number, value in replacements:
        places = list(_places(content))
        place = places[number % len(places)]
        if not place:
            content = value
            continue
        holder = content
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = value
    return content


def fuzz(subject: Subject, folder: Path, inputs: int) -> Fuzzed:
    """Read so many files derived from a sound one; the same ones each time."""
    folder = folder.resolve()
    path = subject.make(folder)
    sound = path.read_bytes()
    subject.read(path)  # it is sound, and everything is imported
    result, began = Fuzzed(subject.name), time.monotonic()

    def one(data: bytes) -> None:
        path.write_bytes(data)
        result.inputs += 1
        started = time.monotonic()
        with watched(folder) as seen:
            try:
                subject.read(path)
            except UserError as error:
                result.refused += 1
                if not str(error).strip():
                    result.wrong.append(f"it says nothing of {data[:200]!r}")
            except Exception as error:
                result.wrong.append(f"{type(error).__name__}: {str(error)[:200]} for {data[:4000]!r}")
                raise
        result.slowest = max(result.slowest, time.monotonic() - started)
        result.wrong += seen

    how = settings(
        max_examples=inputs, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip

    @how
    @given(some.one_of(_edits, _replacements) if subject.text or subject.inner else _edits)
    def derive(changes: Any) -> None:
        if subject.inner and len(changes[0]) == 2:
            change = _with_header_changed if path.suffix in _TENSORS else _with_member_changed
            one(change(sound, changes))
        elif len(changes[0]) == 2:
            content = yaml.load(sound, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            one(_dumped(path, replaced(content, changes)))
        else:
            one(edited(sound, changes))

    logging.disable(logging.ERROR)
    try:
        derive()
    except Exception:
        if not result.wrong:
            raise
    finally:
        logging.disable(logging.NOTSET)
    result.seconds = time.monotonic() - began
    if result.slowest > LONGEST:
        result.wrong.append(f"{result.slowest:.0f} seconds")
    return result


def _dumped(path: Path, content: Any) -> bytes:
    if path.suffix == ".json":
        return json.dumps(content).encode(errors="replace")
    dumped: str = yaml.dump(
        content, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=False
    )
    return dumped.encode()


def _with_member_changed(data: bytes, changes: Sequence[tuple[int, Any]]) -> bytes:
    """Return a zip with members renamed, changed or added, all of it whole."""
    chance = random.Random(repr(changes))
    source, made = _Zip(data), _Zip()
    names = source.names()
    for each in names:
        name, content = each, source.read(each)
        if chance.random() < 0.3:
            count = chance.randrange(1, 4)
            content = edited(content, [
                (chance.choice(["flip", "cut", "put", "token", "twice", "end"]), chance.randrange(1 << 24),
                 chance.randrange(256), chance.randbytes(4)) for _ in range(count)
            ])  # fmt: skip
        if chance.random() < 0.1:
            name = chance.choice(
                [f"../{name}", f"/{name}", name * 30, name.upper(), f"{name}\x00", "train/", name[:-4]]
            )
        made.write(name, content)
    return made.bytes()


def _with_header_changed(data: bytes, changes: Sequence[tuple[int, Any]]) -> bytes:
    """Return safetensors with another description or header, all of it whole."""
    length = int.from_bytes(data[:8], "little")
    header, tensors = json.loads(data[8 : 8 + length]), data[8 + length :]
    said = header.get("__metadata__", {})
    if changes[0][0] % 3 and "advex" in said:
        told = json.dumps(replaced(json.loads(said["advex"]), changes))
        said["advex"] = edited(
            told.encode(), [("cut", changes[0][0], 1, b"")] * (not changes[0][0] % 7)
        ).decode()
    else:
        header = replaced(header, changes)
    written = json.dumps(header).encode(errors="replace")
    return len(written).to_bytes(8, "little") + written + tensors


class _Zip:
    def __init__(self, data: bytes | None = None) -> None:
        self._file = io.BytesIO(data or b"")
        self._zip = zipfile.ZipFile(self._file, "r" if data else "w")

    def names(self) -> list[str]:
        return self._zip.namelist()

    def read(self, name: str) -> bytes:
        return self._zip.read(name)

    def write(self, name: str, content: bytes) -> None:
        with warnings.catch_warnings(action="ignore"):
            self._zip.writestr(name, content)

    def bytes(self) -> bytes:
        self._zip.close()
        return self._file.getvalue()
