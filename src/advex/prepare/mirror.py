"""Mirrors and people's own data: a zip or a folder of images, or an ``.npz``; nothing is extracted."""

import logging
import os
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.prepare.image_tree import Tree, read_tree
from advex.prepare.prepared import Prepared, Request, arrays_provenance, files_sha256

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, KeyError)

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
        tree = Tree(str(path), _folder_names(path), lambda name: (path / name).read_bytes())
        train, test, jpeg = read_tree(tree, official)
    else:
        train, test, jpeg = _read_zip(path, official)
    if path.is_dir():
        provenance |= arrays_provenance(train, test)
    else:
        provenance |= {"sha256": files_sha256(path), "sha256_of": path.name}
    if jpeg and official:
        provenance["note"] = "images are lossy JPEG copies"
    return Prepared(train, test, provenance)


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
    """Return the paths of all files and, ending in ``/``, folders below ``path``."""
    names = []
    for folder, folders, files in os.walk(path, followlinks=True):
        below = Path(folder).relative_to(path)
        names += [(below / name).as_posix() + "/" for name in folders]
        names += [(below / name).as_posix() for name in files]
    return names


def _read_zip(path: Path, official: tuple[str, ...] | None) -> tuple[ImageSet, ImageSet, bool]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UserError(f"{path}: not a whole zip ({error}); copy it again") from error
    with archive:

        def read(name: str) -> bytes:
            try:
                return archive.read(name)
            except _DAMAGE as error:
                raise UserError(f"{path}: cannot read {name} ({error}); copy the zip again") from error

        return read_tree(Tree(str(path), archive.namelist(), read), official)


def _read_npz(path: Path, official: tuple[str, ...] | None) -> tuple[ImageSet, ImageSet]:
    expected = f"expected {', '.join(_KEYS)}, saved with numpy.savez"
    try:
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise UserError(f"{path}: holds one array; {expected}")
        with file:
            missing = [key for key in _KEYS if key not in file.files]
            if missing:
                found = ", ".join(file.files) or "nothing"
                raise UserError(f"{path}: lacks {', '.join(missing)}, holds {found}; {expected}")
            arrays = {key: file[key] for key in (*_KEYS, "classes") if key in file.files}
    except _DAMAGE as error:
        raise UserError(f"{path}: not a whole .npz of plain arrays ({error}); {expected}") from error
    images = {split: _npz_images(path, f"x_{split}", arrays[f"x_{split}"]) for split in ("train", "test")}
    if images["train"].shape[1:] != images["test"].shape[1:] or images["train"].dtype != images["test"].dtype:
        raise UserError(
            f"{path}: x_train is {arrays['x_train'].shape} of {arrays['x_train'].dtype}, x_test is "
            f"{arrays['x_test'].shape} of {arrays['x_test'].dtype}; make images of equal size and type"
        )
    classes = official or tuple(str(name) for name in arrays.get("classes", ()))
    if not classes:
        largest = max(int(arrays[key].max(initial=0)) for key in ("y_train", "y_test"))
        classes = tuple(str(label) for label in range(largest + 1))
    train, test = (
        ImageSet(x, _npz_labels(path, f"y_{split}", arrays[f"y_{split}"], len(x), classes), classes)
        for split, x in images.items()
    )
    return train, test


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
