"""CIFAR-10.1 (Recht et al., 2018): a second test set for networks that learnt CIFAR-10 (Appendix D.7).

Two files for each version: images (N, 32, 32, 3) uint8 and labels (N,), as ``.npy``. No pickle is read.
Checksums are those that TensorFlow Datasets lists (``url_checksums/cifar10_1.txt``).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.prepare.downloads import Download, fetch
from advex.prepare.official import CLASSES
from advex.prepare.prepared import files_sha256

_ADDRESS = "https://github.com/modestyachts/CIFAR-10.1/raw/master/datasets/"
_DIGESTS = {
    "cifar10.1_v4_data.npy": "5aaedc268df8f4cffca2ac0cf9e608ae1897a8cddb630c7a850a2ea8f6558e75",
    "cifar10.1_v4_labels.npy": "1f9544300ded199539b6662364ce7fe6c2e1ea9f87408f06db4b1a6184cffb18",
    "cifar10.1_v6_data.npy": "2997188e5816f5bd545dc77771b6227828c28146049fcecf3fa10775474cacc6",
    "cifar10.1_v6_labels.npy": "ae40beda001693674edc94d925ee8268cfe68905f8f9aff800c8dcdfcd6c9448",
}
FILES = {
    f"cifar10_1_{version}": tuple(
        Download(name, "", (_ADDRESS + name,), _DIGESTS[name])
        for name in (f"cifar10.1_{version}_data.npy", f"cifar10.1_{version}_labels.npy")
    )
    for version in ("v4", "v6")
}
"""Images and labels of each version by its name in a study's file."""
COUNTS = {"cifar10_1_v4": 2021, "cifar10_1_v6": 2000}
"""How many images there are: 10 classes of 200 in v6, nearly so in v4."""


def load_cifar10_1(name: str, mirror: str | None, downloads: str) -> tuple[ImageSet, Mapping[str, str]]:
    """Load a version of CIFAR-10.1.

    Args:
        name: one of :data:`FILES`.
        mirror: a folder with both files, or with a folder ``cifar10_1`` that has them; these are read as they
            are. None, or one that has neither: they are downloaded and verified.
        downloads: the folder that keeps downloads.

    Returns:
        The images in their order, (N, 3, 32, 32) uint8, and their provenance: ``source``, ``origin``,
        ``sha256``, ``sha256_of``.

    Raises:
        UserError: a file cannot be had, or is not of the published form.
    """
    files = FILES[name]
    for folder in [Path(mirror), Path(mirror) / "cifar10_1"] if mirror else []:
        found = [folder / file.name for file in files]
        if all(path.is_file() for path in found):
            data, labels, origin = *found, "mirror"
            break
    else:
        data, labels = (fetch(file, Path(downloads) / "cifar10_1") for file in files)
        origin = "official download"
    images = _read(data, (COUNTS[name], 32, 32, 3), "u1")
    numbers = _read(labels, (COUNTS[name],), "iu").astype(np.int64)
    if not 0 <= numbers.min() <= numbers.max() < len(CLASSES["cifar10"]):
        raise UserError(f"{labels}: holds labels from {numbers.min()} to {numbers.max()}; expected 0 to 9")
    provenance = {
        "source": name,
        "origin": origin,
        "sha256": files_sha256(data, labels),
        "sha256_of": f"{data.name}, {labels.name}",
    }
    return ImageSet(images.transpose(0, 3, 1, 2).copy(), numbers, CLASSES["cifar10"]), provenance


def _read(path: Path, shape: tuple[int, ...], kinds: str) -> Array:
    """Read an array, of which the header is looked at first: memory is only taken for what is expected."""
    again = "delete it and try again, or copy it again"
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: not a plain array ({error}); {again}") from error
    right = isinstance(mapped, np.ndarray) and mapped.shape == shape
    if not right or (mapped.dtype != np.uint8 if kinds == "u1" else mapped.dtype.kind not in kinds):
        found = f"{mapped.shape} of {mapped.dtype}" if isinstance(mapped, np.ndarray) else "several arrays"
        raise UserError(f"{path}: found {found}; expected {shape} as published; {again}")
    return np.array(mapped)
