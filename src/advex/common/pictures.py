"""Image grids as small tensors: which images a figure shows, picked from data sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from advex.common.artifacts import Array, read_description, read_tensors, write_tensors
from advex.common.errors import UserError
from advex.common.images import ImageSet


def pick(rows: Mapping[str, ImageSet], columns: int, aligned_by: Literal["image", "label"]) -> "Picture":
    """Pick one image for every row and column.

    Args:
        rows: data sets by row name, of equally shaped images.
        columns: how many classes to show: those that come first when classes are spread evenly.
        aligned_by: ``image``, where all sets are built from the same images: a column shows what became
            of the first image of a class; ``label``: a column shows each set's first image of a class.

    Returns:
        The picture; its columns are named by class. Where images of a row have been given other labels than
        the first row's, the classes of these follow its name (:func:`given_labels`).
    """
    first = next(iter(rows.values()))
    classes = np.linspace(0, len(first.classes) - 1, min(columns, len(first.classes))).round().astype(int)
    names = [first.classes[label] for label in classes]
    grid, named = [], []
    for name, images in rows.items():
        labels = first.labels if aligned_by == "image" else images.labels
        indices = [int(np.argmax(labels == label)) for label in classes]
        grid.append(images.as_float()[indices])
        given = images.labels[indices]
        relabelled = [] if (given == classes).all() else [images.classes[label] for label in given]
        named.append(_GIVEN.join([name, *relabelled]))
    return Picture(np.stack(grid), named, names)


_GIVEN = "|"


def given_labels(row: str) -> tuple[str, list[str]]:
    """Take the name of a picked row apart: the name itself, and the classes its images were given, if any."""
    name, *given = row.split(_GIVEN)
    return name, given


@dataclass(frozen=True)
class Picture:
    """A grid of images with names.

    Attributes:
        images: (rows, columns, C, H, W), float32 in [0, 1].
        rows: the name of each row.
        columns: the name of each column.
    """

    images: Array
    rows: list[str]
    columns: list[str]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the grid as safetensors."""
        write_tensors(path, {"images": self.images}, {"rows": self.rows, "columns": self.columns})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Picture":
        """Read a grid written by :meth:`write`.

        Raises:
            UserError: the file is missing, damaged, or not a grid of images.
        """
        description, images = read_description(path), read_tensors(path).get("images")
        rows, columns = _names(description.get("rows")), _names(description.get("columns"))
        if images is None or images.ndim != 5 or images.shape[:2] != (len(rows), len(columns)):
            raise UserError(
                f"{path}: not images with names of rows and columns; delete it and build it again"
            )
        return cls(images, rows, columns)


def _names(found: object) -> list[str]:
    """Return a list of texts; an empty one of anything else."""
    return found if isinstance(found, list) and all(isinstance(name, str) for name in found) else []
