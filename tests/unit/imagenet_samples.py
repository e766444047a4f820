"""A made-up folder in the form of ImageNet: 1000 classes, small photographs in those of super-classes."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from advex.discussion.ilyas.restricted_imagenet import SUPER_CLASSES

ORIENTATION = 0x0112
"""Where a camera notes how it was held."""


def photograph(seed: int, mode: str = "RGB", turned: bool = False, kind: str = "JPEG") -> bytes:
    """Make a small photograph of coarse noise."""
    generator = np.random.default_rng(seed)
    width, height = (40 + seed % 25, 36 + seed % 31)
    coarse = Image.fromarray(generator.integers(256, size=(5, 5, 3), dtype=np.uint8))
    image = coarse.resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    notes = Image.Exif()
    if turned:
        notes[ORIENTATION] = 6
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=notes)
    return buffer.getvalue()


def write_imagenet(folder: Path, train: int = 2, test: int = 1) -> Path:
    """Write the folder: every third class is grey, CMYK, turned, or a PNG by another name."""
    wnids = [f"n{number:08d}" for number in range(1_000_000, 1_001_000)]
    kept = {number for first, last in SUPER_CLASSES.values() for number in range(first, last + 1)}
    for split, count in (("train", train), ("val", test)):
        for number, wnid in enumerate(wnids):
            place = folder / split / wnid
            place.mkdir(parents=True)
            for which in range(count if number in kept else 0):
                odd = {0: {"mode": "L"}, 3: {"mode": "CMYK"}, 6: {"turned": True}, 9: {"kind": "PNG"}}
                data = photograph(2 * number + which + 10_000 * (split == "val"), **odd.get(number % 12, {}))
                (place / f"{wnid}_{which}.JPEG").write_bytes(data)
    return folder
