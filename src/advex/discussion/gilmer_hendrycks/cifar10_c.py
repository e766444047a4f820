"""CIFAR-10-C (Hendrycks and Dietterich, 2019): CIFAR-10's test images, corrupted by its authors.

One archive holds an ``.npy`` for each corruption, the 10,000 test images in their order at severity 1, then
at severity 2 and so on, and ``labels.npy``. No pickle is read.
"""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.discussion.gilmer_hendrycks.corruptions import SEVERITIES, corrupt
from advex.prepare.downloads import Download, fetch
from advex.prepare.prepared import balanced_indices

ARCHIVE = Download(
    "CIFAR-10-C.tar",
    "56bf5dcef84df0e2308c6dcbcbbd8499",
    ("https://zenodo.org/records/2535967/files/CIFAR-10-C.tar",),
)
NAMES = (
    "fog", "contrast", "brightness", "gaussian_blur", "defocus_blur", "pixelate", "jpeg_compression",
    "gaussian_noise", "shot_noise", "impulse_noise", "glass_blur", "motion_blur", "zoom_blur", "snow",
    "frost", "elastic_transform", "speckle_noise", "spatter", "saturate",
)  # fmt: skip


def find_archive(mirror: str | None, downloads: str) -> Path:
    """Return the archive: from the folder ``mirror`` if it lies there, else downloaded and verified.

    Raises:
        UserError: it is in neither place and cannot be downloaded.
    """
    if mirror and (Path(mirror) / ARCHIVE.name).is_file():
        return fetch(ARCHIVE, mirror)
    return fetch(ARCHIVE, Path(downloads) / "cifar10_c")


def read_corruptions(archive: Path, images: ImageSet, names: Sequence[str]) -> ImageSet:
    """Read corruptions of a set of test images of CIFAR-10.

    Args:
        archive: ``CIFAR-10-C.tar``.
        images: all test images in the official order, or the class-balanced share that ``prepare`` keeps.
        names: corruptions; those not of CIFAR-10-C are made, see
            :func:`advex.discussion.gilmer_hendrycks.corruptions.corrupt`.

    Returns:
        The images with one extra a corruption, (N, 5, 3, 32, 32) uint8.

    Raises:
        UserError: the archive is damaged, or the images are not those it was made from.
    """
    try:
        with tarfile.open(archive) as file:
            labels = _array(file, "labels").astype(np.int64)
            labels = labels[: len(labels) // len(SEVERITIES)]
            chosen = balanced_indices(labels, len(images))
            if not np.array_equal(labels[chosen], images.labels):
                raise UserError(
                    f"{archive}: the test images are not in the official order that CIFAR-10-C has; prepare "
                    "CIFAR-10 from its authors' files, or set corruptions.source to generated"
                )
            extras = dict(corrupt(images, [name for name in names if name not in NAMES]).extras)
            for name in set(names) & set(NAMES):
                every = _array(file, name).reshape(len(SEVERITIES), len(labels), 32, 32, 3)
                extras[name] = every[:, chosen].transpose(1, 0, 4, 2, 3).copy()
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError) as error:
        raise UserError(f"{archive}: not CIFAR-10-C ({error}); delete it and try again") from error
    return ImageSet(images.images, images.labels, images.classes, extras)


def corrupted_test_set(
    images: ImageSet, source: str, names: Sequence[str], mirror: str | None, downloads: str
) -> ImageSet:
    """Corrupt test images (``generated``), or read their corruptions (``cifar10_c``)."""
    if source == "generated":
        return corrupt(images, names)
    return read_corruptions(find_archive(mirror, downloads), images, names)


def _array(file: tarfile.TarFile, name: str) -> Array:
    member = file.extractfile(f"CIFAR-10-C/{name}.npy")
    if member is None:
        raise ValueError(f"{name} is not a file")
    array: Array = np.load(io.BytesIO(member.read()), allow_pickle=False)
    return array
