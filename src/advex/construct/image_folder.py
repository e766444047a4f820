"""A set as a folder of images, ``<class>/<number>.png``, as torchvision's ImageFolder reads it."""

import os
import re
from pathlib import Path

import numpy as np
from PIL import Image

from advex.common.errors import InputError
from advex.common.images import ImageSet

_PLAIN = re.compile(r"[\w][\w .+-]{0,99}")


def write_image_folder(images: ImageSet, folder: str | os.PathLike[str]) -> float:
    """Write every image as a PNG in the folder of its class.

    PNG has 8 bits: fractions are rounded to the nearest of 256 values. That moves images by up to half of
    1/255 in each pixel, so perturbed ones may leave their ball by so much; safetensors
    (:meth:`advex.common.images.ImageSet.write`) keep all digits. ImageFolder numbers classes in the order of
    their names as texts: its ``class_to_idx`` says which is which.

    Args:
        images: the set, grey or colour.
        folder: where to; it must not hold anything yet.

    Returns:
        The largest change of a pixel by rounding, in units of images in [0, 1].

    Raises:
        InputError: names of classes cannot be those of folders, images are neither grey nor colour, or the
            folder is not empty.
    """
    target = Path(folder)
    channels = images.images.shape[1]
    if channels not in (1, 3):
        raise InputError(f"images: found {channels} channels; PNG files have 1 or 3 here")
    odd = [name for name in images.classes if not _PLAIN.fullmatch(name)]
    if odd or len({name.casefold() for name in images.classes}) < len(images.classes):
        raise InputError(f"classes: {odd[0]!r} cannot be a folder" if odd else "classes: two have one name")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target}: it is there already; name an empty folder")
    for name in images.classes:
        (target / name).mkdir(parents=True, exist_ok=True)
    floats = images.as_float()
    rounded = np.rint(floats * np.float32(255)).astype(np.uint8)
    digits = len(str(max(len(images) - 1, 0)))
    for number, (pixels, label) in enumerate(zip(rounded, images.labels, strict=True)):
        shown = pixels[0] if channels == 1 else pixels.transpose(1, 2, 0)
        Image.fromarray(shown).save(target / images.classes[label] / f"{number:0{digits}}.png")
    if not len(images):
        return 0.0
    return float(np.abs(rounded / np.float32(255) - floats).max())
