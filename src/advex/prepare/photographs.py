"""Photographs by name: packaged ones, or a person's own in a folder."""

import os
from pathlib import Path

import numpy as np
from PIL import UnidentifiedImageError

from advex.common.errors import UserError
from advex.prepare.decoding import opened
from advex.prepare.packaged import centre_square, sample_photograph


def is_file(name: str) -> bool:
    """Tell whether a name is that of a file (``cat.jpg``), not of a packaged photograph (``chelsea``)."""
    return "." in name


def title_of(name: str) -> str:
    """Return what a photograph is called in tables and figures: a file's name without its ending."""
    return Path(name).stem


def load_photograph(name: str, size: int, path: str | os.PathLike[str] | None = None) -> np.ndarray:
    """Load a photograph, its centre cut out and resized, (3, S, S) uint8.

    Args:
        name: of a packaged photograph, or of a file.
        size: S.
        path: where the file lies; none for a packaged photograph.

    Raises:
        UserError: there is no such photograph, it is no image, or it is smaller than the size.
    """
    if path is None:
        return sample_photograph(name, size)
    try:
        with opened(path) as image:
            return centre_square(image, str(path), size)
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: no such image; put it there, or correct the study's style_transfer"
        ) from error
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise UserError(f"{path}: not an image that can be read ({error})") from error
