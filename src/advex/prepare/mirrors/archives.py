"""Reading zips and ``.npz`` files that others made, within bounds: nothing is unpacked, no pickle is read."""

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from advex.common.artifacts import Array
from advex.common.errors import UserError

MOST_MEMBERS = 4_000_000
"""Of a zip."""
MOST_ARRAY_BYTES = 1 << 34
"""Of one array of an ``.npz``, 16 GiB."""
MOST_RATIO = 200
"""How much larger a member may be than what it is compressed to, from :data:`RATIO_FROM` bytes on."""
RATIO_FROM = 1 << 24

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, KeyError,
    NotImplementedError, OverflowError, MemoryError, SyntaxError, TypeError, tokenize.TokenError,
)  # fmt: skip
_ARRAY = b"\x93NUMPY"


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip.

    Raises:
        UserError: it is no whole zip, or holds too many members.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise UserError(f"{path}: not a whole zip ({error}); copy it again") from error
    with archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            raise UserError(
                f"{path}: holds {len(archive.infolist())} members; at most {MOST_MEMBERS} are read from a zip"
            )
        yield archive


def read_member(archive: zipfile.ZipFile, path: Path, name: str, most: int) -> bytes:
    """Return the content of a member of at most ``most`` bytes.

    Raises:
        UserError: it is larger, or damaged.
    """
    try:
        _check_size(archive.getinfo(name), most)
        with archive.open(name) as file:
            data = file.read(most + 1)
            if len(data) > most:
                raise ValueError(f"it is larger than it says, and at most {most} bytes are read")
            return data
    except _DAMAGE as error:
        raise UserError(f"{path}: cannot read {name} ({error}); copy the zip again") from error


def read_arrays(path: Path, needed: tuple[str, ...], further: tuple[str, ...]) -> dict[str, Array]:
    """Return the plain arrays of an ``.npz`` by name, those ``needed`` and those ``further`` that are there.

    Raises:
        UserError: it is no whole ``.npz``, lacks an array, or one is no plain array or too large.
    """
    expected = f"expected {', '.join(needed)}, saved with numpy.savez"
    try:
        with path.open("rb") as file:
            if file.read(len(_ARRAY)) == _ARRAY:
                raise UserError(f"{path}: holds one array; {expected}")
        with zipfile.ZipFile(path) as archive:
            names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
            if missing := [key for key in needed if key not in names]:
                found = ", ".join(names) or "nothing"
                raise UserError(f"{path}: lacks {', '.join(missing)}, holds {found}; {expected}")
            if twice := [key for key in (*needed, *further) if names.count(key) > 1]:
                raise UserError(f"{path}: holds {', '.join(twice)} more than once; {expected}")
            return {key: _read_array(archive, key) for key in (*needed, *further) if key in names}
    except _DAMAGE as error:
        raise UserError(f"{path}: not a whole .npz of plain arrays ({error}); {expected}") from error


def _read_array(archive: zipfile.ZipFile, key: str) -> Array:
    """Read an array whose header says what its member holds: memory is only taken for what is there."""
    info = archive.getinfo(f"{key}.npy")
    _check_size(info, MOST_ARRAY_BYTES)
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in header:
            raise ValueError(f"{key} is of version {version} of the format")
        shape, _, dtype = header[version](file)
        count = 1
        for length in shape:
            count *= length
        wanted = file.tell() + count * dtype.itemsize
    if not dtype.hasobject and wanted != info.file_size:
        raise ValueError(f"{key} says that it has {wanted} bytes, and has {info.file_size}")
    with archive.open(info) as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _check_size(info: zipfile.ZipInfo, most: int) -> None:
    if info.file_size > most:
        raise ValueError(f"it has {info.file_size} bytes, and at most {most} are read")
    if info.file_size > RATIO_FROM and info.file_size > MOST_RATIO * info.compress_size:
        raise ValueError(
            f"its {info.file_size} bytes are compressed to {info.compress_size}; images never are so small"
        )
