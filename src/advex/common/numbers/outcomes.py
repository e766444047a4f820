"""What became of each image, in one cell of a table: right, fooled, reached, as hexadecimal digits.

A measured percentage is a percentage of images; with the outcomes beside it, the images' part in its
uncertainty can be told from the seeds', and differences can be paired by image.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from advex.common.artifacts import Array

COLUMN = "outcomes"
"""The column of measured tables; its cells are empty where outcomes are not at hand."""


def pack(bits: Array | Sequence[bool]) -> str:
    """Write outcomes, in the order of the data set, as digits of four images each, the first image highest.

    Args:
        bits: (images,), true where the image counts.

    Returns:
        Two digits for every eight images; the last are filled up with zeros.
    """
    return np.packbits(np.asarray(bits, dtype=bool)).tobytes().hex()


def unpack(text: str, images: int) -> npt.NDArray[np.bool_]:
    """Read what :func:`pack` wrote.

    Args:
        text: the digits.
        images: how many images there are.

    Returns:
        (images,) outcomes.

    Raises:
        ValueError: the text is no hexadecimal digits, or not those of so many images.
    """
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8)).astype(bool)
    if len(bits) != -(-images // 8) * 8 or bits[images:].any():
        raise ValueError(f"found {len(text)} digits; allowed: those of {images} images, filled up with zeros")
    return bits[:images]
