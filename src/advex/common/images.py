"""Labelled images, the common currency of all verbs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from advex.common.artifacts import Array, read_description, read_tensors, stored, write_tensors
from advex.common.errors import UserError

_COLUMNS = ("images", "labels")


@dataclass(frozen=True)
class ImageSet:
    """Images with one label each.

    Attributes:
        images: (N, C, H, W); uint8 in 0..255 for natural images, float32 in [0, 1] for constructed ones.
        labels: (N,) int64 in 0..len(classes) - 1.
        classes: the name of each class.
        extras: further arrays with one row per image: original labels, indices of start images.
    """

    images: Array
    labels: Array
    classes: tuple[str, ...]
    extras: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype not in (np.uint8, np.float32):
            raise UserError(
                f"images must be (N, C, H, W) of uint8 or float32, "
                f"found shape {self.images.shape} of {self.images.dtype}"
            )
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            raise UserError(
                f"labels must be int64, one for each of {len(self.images)} images, "
                f"found shape {self.labels.shape} of {self.labels.dtype}"
            )
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise UserError(f"labels must be in 0..{len(self.classes) - 1}, one for each class name")

    def __len__(self) -> int:
        return len(self.labels)

    def as_float(self) -> Array:
        """Return the images as float32 in [0, 1], shape (N, C, H, W)."""
        if self.images.dtype == np.uint8:
            return self.images.astype(np.float32) / np.float32(255)
        return self.images

    def labelled(self, which: str) -> "ImageSet":
        """Return the set with its ``assigned`` labels, or with the ``original`` ones of its images.

        Raises:
            UserError: the set does not know original labels.
        """
        if which == "assigned":
            return self
        if "original_labels" not in self.extras:
            raise UserError("labels: original: only constructed sets know the labels their images had before")
        return ImageSet(self.images, self.extras["original_labels"], self.classes, self.extras)

    def rounded(self, stored_as: str) -> "ImageSet":
        """Return the set as it will be read back once stored in ``stored_as`` (float32 or float16)."""
        if self.images.dtype == np.uint8:
            return self
        images = stored(self.images, stored_as).astype(np.float32)
        return ImageSet(images, self.labels, self.classes, self.extras)

    def write(
        self, path: str | os.PathLike[str], description: Mapping[str, Any], stored_as: str = "float32"
    ) -> None:
        """Write the set and a description of it as one safetensors file, fractions in ``stored_as``."""
        images = stored(self.images, stored_as)
        tensors = {"images": images, "labels": self.labels, **self.extras}
        write_tensors(path, tensors, {**description, "classes": list(self.classes)})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "ImageSet":
        """Read a set written by :meth:`write`.

        Raises:
            UserError: the file is missing, damaged, or not a set of images.
        """
        tensors = read_tensors(path)
        missing = [name for name in _COLUMNS if name not in tensors]
        if missing:
            raise UserError(f"{path}: holds no {' and no '.join(missing)}; is it a dataset?")
        classes = read_description(path).get("classes", [])
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise UserError(f"{path}: names of classes are {str(classes)[:60]}; is it a dataset?")
        extras = {name: array for name, array in tensors.items() if name not in _COLUMNS}
        images = tensors["images"]
        if images.dtype == np.float16:
            images = images.astype(np.float32)
        return cls(images, tensors["labels"], tuple(classes), extras)
