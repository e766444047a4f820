"""What every source of data is asked, and what it answers."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.randomness import subsets_generator


@dataclass(frozen=True)
class Prepared:
    """A data set, ready for all verbs.

    Attributes:
        train: training images, (N, C, H, W) uint8, or float32 in [0, 1] where the source has fractions.
        test: test images, of the shape, type and classes of ``train``.
        provenance: ``source``, ``origin`` (in words), ``sha256``, ``sha256_of``, ``note`` where the
            images are not the original ones, and how many test images are in the training set too
            (:func:`advex.prepare.duplicates.shared_images`). Holds file names, never paths.
    """

    train: ImageSet
    test: ImageSet
    provenance: Mapping[str, str | int]


@dataclass(frozen=True)
class Request:
    """What a loader needs to know: see :func:`advex.prepare.sources.prepare`."""

    source: str
    mirror: str | None
    downloads: str
    image_size: int | None


Loader = Callable[[Request], Prepared]


def balanced_subset(images: ImageSet, count: int | None, key: str) -> ImageSet:
    """Keep ``count`` images, as equally many of each class as there are, in their order; None keeps all.

    The choice is fixed by ``count`` and the labels alone.

    Raises:
        UserError: ``count`` is not in 1..len(images); ``key`` is the name of the setting.
    """
    if count is None or count == len(images):
        return images
    if not 0 < count < len(images):
        raise UserError(
            f"{key}: {count} images asked for, the source has {len(images)}; "
            f"ask for 1 to {len(images)}, or null for all"
        )
    chosen = balanced_indices(images.labels, count)
    extras = {name: array[chosen] for name, array in images.extras.items()}
    return ImageSet(images.images[chosen], images.labels[chosen], images.classes, extras)


def balanced_indices(labels: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` ascending indices into ``labels`` (N,) int64, spread evenly over the labels."""
    random = subsets_generator()
    rank_in_class = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank_in_class[members] = random.permutation(len(members))
    return np.sort(np.lexsort((labels, rank_in_class))[:count])


def files_sha256(*paths: Path) -> str:
    """Return the SHA-256 of the files' bytes, one file after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def arrays_provenance(train: ImageSet, test: ImageSet) -> dict[str, str]:
    """Return ``sha256`` and ``sha256_of`` for sources that are not one file."""
    digest = hashlib.sha256()
    for images in (train, test):
        digest.update(np.ascontiguousarray(images.images).data)
        digest.update(np.ascontiguousarray(images.labels).data)
    return {"sha256": digest.hexdigest(), "sha256_of": "train images, labels, test images, labels, decoded"}
