"""Images that stand in the training set and in the test set too."""

import numpy as np

from advex.common.artifacts import Array
from advex.common.images import ImageSet

NEAR = 0.02
"""Root mean square difference, of values in [0, 1], below which two images count as near duplicates."""

_BLOCKS = 4  # a side: differences of block means are never larger than those of pixels, root mean square
_AT_ONCE = 1 << 24  # pairs compared in one go
_ROUNDING = 1e-4  # of differences that are taken from inner products


def shared_images(train: ImageSet, test: ImageSet) -> dict[str, int]:
    """Count the test images that are among the training images.

    Args:
        train: training images, (N, C, H, W).
        test: test images, (M, C, H, W).

    Returns:
        ``test_images_in_train``, how many are equal to a training image, and
        ``test_images_nearly_in_train``, how many others differ from one by less than :data:`NEAR`.
    """
    known = {image.tobytes() for image in train.images}
    exact = np.array([image.tobytes() in known for image in test.images], dtype=bool)
    near = np.zeros(len(test), dtype=bool)
    rest = np.flatnonzero(~exact)
    means, wanted = _block_means(train.as_float()), _block_means(test.as_float()[rest])
    squares = (means**2).sum(1)
    step = max(1, _AT_ONCE // max(1, len(means)))
    for first in range(0, len(rest), step):
        part = wanted[first : first + step]
        apart = (part**2).sum(1)[:, None] - 2 * part @ means.T + squares
        for row, column in zip(*np.nonzero(apart < (NEAR + _ROUNDING) ** 2 * means.shape[1]), strict=True):
            if not near[rest[first + row]]:
                near[rest[first + row]] = _difference(test, int(rest[first + row]), train, int(column)) < NEAR
    return {"test_images_in_train": int(exact.sum()), "test_images_nearly_in_train": int(near.sum())}


def _difference(one: ImageSet, at: int, other: ImageSet, there: int) -> float:
    """Return the root mean square difference of two images, of values in [0, 1]."""
    scale = 255.0 if one.images.dtype == np.uint8 else 1.0
    difference = one.images[at].astype(np.float64) - other.images[there].astype(np.float64)
    return float(np.sqrt((difference**2).mean()) / scale)


def _block_means(images: Array) -> Array:
    """Return the means of blocks of (N, C, H, W) images, cut to blocks of one size, (N, blocks) float32.

    Scaled so that their root mean square difference is at most that of the pixels, borders that no block
    covers included.
    """
    count, channels, height, width = images.shape
    high, wide = max(1, height // _BLOCKS), max(1, width // _BLOCKS)
    rows, columns = height // high, width // wide
    cut = images[:, :, : rows * high, : columns * wide]
    means = cut.reshape(count, channels, rows, high, columns, wide).mean((3, 5))
    covered = rows * high * columns * wide / (height * width)
    scaled: Array = (means * np.sqrt(covered)).astype(np.float32)
    return scaled.reshape(count, channels * rows * columns)
