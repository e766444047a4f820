"""Mirrors and people's own data: a zip or a folder of images, or an ``.npz``; nothing is extracted."""

import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.prepare.decoding import MOST_BYTES
from advex.prepare.mirrors.archives import opened_zip, read_arrays, read_member
from advex.prepare.mirrors.image_tree import Tree, read_tree
from advex.prepare.official import COUNTS, SHAPES
from advex.prepare.prepared import Prepared, Request, arrays_provenance, files_sha256

_KEYS = ("x_train", "y_train", "x_test", "y_test")

_LONGEST_NAME = 100

_log = logging.getLogger(__name__)


def load_mirror(request: Request, official: tuple[str, ...] | None) -> Prepared:
    """Load the mirror ``request`` names.

    Args:
        request: with ``mirror`` set.
        official: the class names in their order, where the source has them; else they are sorted
            naturally.

    Raises:
        UserError: the mirror is missing, damaged, or not laid out as in ``docs/data.md``.
    """
    path = _find(Path(request.mirror or "").expanduser(), request.source)
    _log.info("%s: read from mirror %s", request.source, path.name)
    provenance = {"source": request.source, "origin": f"mirror {path.absolute().name}"}
    jpeg = False
    if path.suffix.lower() == ".npz":
        train, test = _read_npz(path, official)
    elif path.is_dir():
        tree = Tree(str(path), _folder_names(path), lambda name: _read_file(path, name))
        train, test, jpeg = read_tree(tree, official)
    else:
        train, test, jpeg = _read_zip(path, official)
    _check_names(path, train.classes)
    notes = _differences(path, request.source, train, test)
    if path.is_dir():
        provenance |= arrays_provenance(train, test)
    else:
        provenance |= {"sha256": files_sha256(path), "sha256_of": path.name}
    if jpeg and official:
        notes.append("images are lossy JPEG copies")
    if notes:
        provenance["note"] = ", ".join(notes)
    return Prepared(train, test, provenance)


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    """Refuse names of classes that nobody could tell apart or read."""
    for name in names:
        if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
            raise UserError(
                f"{path}: found a class named {name[:_LONGEST_NAME]!r}; expected 1 to {_LONGEST_NAME} "
                "characters that can be printed"
            )
        if names.count(name) > 1:
            raise UserError(f"{path}: found two classes named {name!r}; give each a name of its own")


def _differences(path: Path, source: str, train: ImageSet, test: ImageSet) -> list[str]:
    """Return in words how a mirror differs from the whole of an official data set.

    Raises:
        UserError: its images have another size.
    """
    if source not in SHAPES:
        return []
    if train.images.shape[1:] != SHAPES[source]:
        raise UserError(
            f"{path}: images are {train.images.shape[1:]}, channels x height x width; those of {source} are "
            f"{SHAPES[source]}; name the right mirror, or set the study's source to own"
        )
    found = len(train), len(test)
    if found == COUNTS[source]:
        return []
    whole = "{:,} + {:,}".format(*COUNTS[source])
    note = f"only {found[0]:,} + {found[1]:,} of {whole} images"
    _log.warning("%s: the mirror %s holds %s", source, path.name, note)
    return [note]


def _find(mirror: Path, source: str) -> Path:
    """Return the zip, ``.npz`` or folder with train/ that ``mirror`` is or holds for ``source``."""
    if not mirror.exists():
        raise UserError(f"mirror: {mirror} does not exist; correct `mirror` or ADVEX_MIRROR, or leave it out")
    if mirror.is_file():
        if mirror.suffix.lower() in (".zip", ".npz"):
            return mirror
        raise UserError(f"mirror: {mirror} is neither a folder nor a .zip or .npz; name one of these")
    if (mirror / "train").is_dir():
        return mirror
    # `cifar10_jpeg.zip` holds cifar10, `cifar100.zip` does not.
    named = re.compile(re.escape(source) + r"($|[^a-z0-9])", re.IGNORECASE)
    entries = [entry for entry in sorted(mirror.iterdir()) if named.match(entry.name)]
    for suffix in (".zip", ".npz"):
        for entry in entries:
            if entry.is_file() and entry.suffix.lower() == suffix:
                return entry
    for entry in entries:
        if entry.is_dir():
            return entry
    raise UserError(
        f"mirror: {mirror} holds neither train/ nor {source}*.zip, {source}*.npz or a folder {source}*; "
        "name the file, or lay the folder out as in docs/data.md"
    )


def _folder_names(path: Path) -> list[str]:
    """Return the paths of all files and, ending in ``/``, folders below ``path``; links are followed.

    Raises:
        UserError: a folder is there twice, as links can have it, or cannot be read.
    """

    def unreadable(error: OSError) -> None:
        raise UserError(f"{path}: cannot read {error.filename} ({error.strerror}); check its permissions")

    names = []
    seen: dict[tuple[int, int], str] = {}
    for folder, folders, files in os.walk(path, followlinks=True, onerror=unreadable):
        below = Path(folder).relative_to(path)
        stat = os.stat(folder)
        first = seen.setdefault((stat.st_dev, stat.st_ino), below.as_posix())
        if first != below.as_posix():
            raise UserError(
                f"{path}: {below.as_posix()} is the folder {first} once more, by a link; remove the link"
            )
        names += [(below / name).as_posix() + "/" for name in folders]
        names += [(below / name).as_posix() for name in files]
    return names


def _read_file(path: Path, name: str) -> bytes:
    """Return the content of a file of a folder.

    Raises:
        UserError: it is no regular file, cannot be read, or is too large for an image.
    """
    try:
        found = os.stat(path / name)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("no regular file")
        if found.st_size > MOST_BYTES:
            raise OSError(f"it has {found.st_size} bytes, and at most {MOST_BYTES} are read")
        return (path / name).read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot read {name} ({error.strerror or error}); replace or remove it"
        ) from error


def _read_zip(path: Path, official: tuple[str, ...] | None) -> tuple[ImageSet, ImageSet, bool]:
    with opened_zip(path) as archive:

        def read(name: str) -> bytes:
            return read_member(archive, path, name, MOST_BYTES)

        return read_tree(Tree(str(path), archive.namelist(), read), official)


def _read_npz(path: Path, official: tuple[str, ...] | None) -> tuple[ImageSet, ImageSet]:
    arrays = read_arrays(path, _KEYS, ("classes",))
    images = {split: _npz_images(path, f"x_{split}", arrays[f"x_{split}"]) for split in ("train", "test")}
    if images["train"].shape[1:] != images["test"].shape[1:] or images["train"].dtype != images["test"].dtype:
        raise UserError(
            f"{path}: x_train is {arrays['x_train'].shape} of {arrays['x_train'].dtype}, x_test is "
            f"{arrays['x_test'].shape} of {arrays['x_test'].dtype}; make images of equal size and type"
        )
    classes = official or _npz_classes(path, arrays.get("classes", np.array([], dtype=str)))
    if not classes:
        largest = max(int(arrays[key].max(initial=0)) for key in ("y_train", "y_test"))
        classes = tuple(str(label) for label in range(largest + 1))
    train, test = (
        ImageSet(x, _npz_labels(path, f"y_{split}", arrays[f"y_{split}"], len(x), classes), classes)
        for split, x in images.items()
    )
    return train, test


def _npz_classes(path: Path, array: np.ndarray) -> tuple[str, ...]:
    if array.dtype.kind != "U" or array.ndim != 1:
        raise UserError(
            f"{path}: classes has shape {array.shape} of {array.dtype}; expected text, a name for each class"
        )
    return tuple(map(str, array))


def _npz_images(path: Path, key: str, array: np.ndarray) -> np.ndarray:
    """Return (N, H, W) or (N, H, W, C) images as (N, C, H, W), uint8 or float32."""
    grey, colour = array.ndim == 3, array.ndim == 4 and array.shape[-1] in (1, 3)
    if not (grey or colour) or not array.size:
        raise UserError(
            f"{path}: {key} has shape {array.shape}; expected (N, H, W), (N, H, W, 1) or (N, H, W, 3)"
        )
    array = array[:, None] if grey else np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind != "f":
        raise UserError(f"{path}: {key} is {array.dtype}; expected uint8 in 0..255 or float in [0, 1]")
    if not (array.min() >= 0 and array.max() <= 1):
        raise UserError(f"{path}: {key} has values in [{array.min()}, {array.max()}]; expected [0, 1]")
    return array.astype(np.float32)


def _npz_labels(path: Path, key: str, array: np.ndarray, count: int, classes: tuple[str, ...]) -> np.ndarray:
    """Return labels (N,) or (N, 1) of any integer type as (N,) int64."""
    if array.dtype.kind not in "iu" or array.shape not in ((count,), (count, 1)):
        raise UserError(
            f"{path}: {key} has shape {array.shape} of {array.dtype}; expected ({count},) of integers, "
            "one for each image"
        )
    if array.min() < 0 or array.max() >= len(classes):
        raise UserError(
            f"{path}: {key} has labels {array.min()}..{array.max()}; expected 0..{len(classes) - 1}, "
            f"for {len(classes)} classes"
        )
    return array.reshape(-1).astype(np.int64)


def find(mirror: Path, source: str) -> Path:
    """Return the zip, ``.npz`` or folder with ``train/`` that a mirror is or holds for a source.

    Raises:
        UserError: there is none.
    """
    return _find(mirror, source)


@contextmanager
def tree_of(path: Path) -> Iterator[Tree]:
    """Return the files of a zip or a folder of images, to be read while it is open.

    Raises:
        UserError: it is no whole zip, or a folder of it cannot be read.
    """
    if path.is_dir():
        yield Tree(str(path), _folder_names(path), lambda name: _read_file(path, name))
    else:
        with opened_zip(path) as archive:
            yield Tree(
                str(path), archive.namelist(), lambda name: read_member(archive, path, name, MOST_BYTES)
            )
