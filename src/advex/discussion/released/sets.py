"""A released set, converted: read only if it is the file that is meant."""

from pathlib import Path

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.prepare.official import CLASSES, SHAPES
from advex.prepare.prepared import files_sha256


def read_set(path: str, sha256: str) -> ImageSet:
    """Return the images of a file that :mod:`advex.discussion.released.convert` wrote.

    Args:
        path: the file; float32 in [0, 1] or uint8, (N, 3, 32, 32), with CIFAR-10's classes.
        sha256: how its SHA-256 starts.

    Raises:
        UserError: the file is missing, another one, damaged, or no set of CIFAR-10's form.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; convert it there (docs/data.md)")
    found = files_sha256(Path(path))
    if not found.startswith(sha256):
        raise UserError(f"{path}: its SHA-256 is {found}, expected {sha256}; not read. Convert it again")
    images = ImageSet.read(path)
    if images.images.shape[1:] != SHAPES["cifar10"] or images.classes != CLASSES["cifar10"]:
        raise UserError(
            f"{path}: found images {images.images.shape[1:]}; expected those of CIFAR-10, {SHAPES['cifar10']}"
        )
    return images
