"""Decoding images that others made: PNG and JPEG alone, within bounds, and nothing of them lost unsaid."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from advex.common.errors import UserError

FORMATS = ("PNG", "JPEG")
"""All that is ever opened; other formats of Pillow start programs, or have not been looked at."""
MOST_PIXELS = 1 << 24
"""Of an image, 4096 x 4096; looked at before it is decoded."""
MOST_BYTES = 1 << 26
"""Of the file of an image, 64 MiB."""

_PNG = b"\x89PNG\r\n\x1a\n"
_OPAQUE = 255
_BIT_DEPTH = 24  # where the header of a PNG says it
# Modes Pillow converts to 8-bit grey without loss; all others but 16 and 32 bits become RGB.
_GREY = ("1", "L", "LA")
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)  # fmt: skip


@contextmanager
def opened(file: str | PathLike[str] | BinaryIO) -> Iterator[Image.Image]:
    """Open a PNG or JPEG that is not too large.

    Raises:
        UnidentifiedImageError: it is of another format.
        ValueError: it has too many pixels.
    """
    with Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise ValueError(f"it has {width} x {height} pixels, and {MOST_PIXELS} are read at most")
        yield image


def decode(where: str, name: str, data: bytes) -> np.ndarray:
    """Return an image as (C, H, W) uint8, grey or colour.

    Args:
        where: what the image is part of, for messages.
        name: of the image.
        data: content of its file.

    Raises:
        UserError: it is no PNG or JPEG, too large, damaged, has more than 8 bits a channel, or is not opaque.
    """
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            return _decoded(data)
    except _UNREADABLE as error:
        reason = "no known format" if isinstance(error, UnidentifiedImageError) else str(error)
        raise UserError(
            f"{where}: {name} is not a readable 8-bit PNG or JPEG ({reason}); replace or remove it"
        ) from error


def _decoded(data: bytes) -> np.ndarray:
    if data.startswith(_PNG) and data[_BIT_DEPTH : _BIT_DEPTH + 1] == b"\x10":
        raise ValueError("it has more than 8 bits a channel")  # Pillow would drop half of them
    with opened(io.BytesIO(data)) as image:
        if image.mode in _DEEP:
            raise ValueError("it has more than 8 bits a channel")
        if image.has_transparency_data and np.asarray(image.convert("RGBA").getchannel("A")).min() < _OPAQUE:
            raise ValueError("it is transparent in places, and what lies behind it is not known")
        pixels = np.asarray(image.convert("L" if image.mode in _GREY else "RGB"))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
