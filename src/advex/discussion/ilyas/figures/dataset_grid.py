"""Figures 2a and 7: images of the original, the robust and the non-robust data sets."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style

_ORIGINAL = "original"
_PANELS = (
    ("a  Started from other images (as Fig. 2a)", "robust", "non-robust"),
    ("b  Started from noise (as Fig. 7)", "robust, from noise", "non-robust, from noise"),
)
_ROW_NAMES = ("original", "robust", "non-robust")


def draw(tables: Mapping[str, Picture], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw both ways of starting side by side, from the picture "ilyas/dataset_grid"."""
    picture = tables["ilyas/dataset_grid"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 70, 1, 2)
    for axis, panel in zip(axes[0], _PANELS, strict=True):
        _draw_panel(axis, picture, *panel, row_names=_ROW_NAMES if axis is axes[0, 0] else ())
    lettering.title(figure, _finding(picture))
    lettering.footer(figure, replace(context, images=None))  # the context counts test images; these are not
    return figure


def _row(picture: Picture, name: str) -> Array:
    """Return the images of a row, (columns, H, W, C)."""
    if name not in picture.rows:
        found = ", ".join(picture.rows)
        raise UserError(
            f"the picture has no row {name!r}, only {found}; see pictures in config/experiments.yaml"
        )
    images: Array = picture.images[picture.rows.index(name)].transpose(0, 2, 3, 1)
    return images


def _draw_panel(
    axis: Axes, picture: Picture, name: str, robust: str, nonrobust: str, *, row_names: tuple[str, ...]
) -> None:
    rows = np.stack([_row(picture, row) for row in (_ORIGINAL, robust, nonrobust)])
    marks.image_grid(axis, rows, row_names, picture.columns)
    axis.set_title(name, loc="left")


def _finding(picture: Picture) -> str:
    """Count the columns whose robust image is nearer its original, in pixels, than the non-robust one."""
    original = _row(picture, _ORIGINAL)
    counts = []
    for _, robust, nonrobust in _PANELS:
        near, far = (_distances(_row(picture, row), original) for row in (robust, nonrobust))
        counts.append(int((near < far).sum()))
    images, noise = counts
    return (
        "The robust image is nearer its original in pixels (ℓ₂) than the non-robust one in "
        f"{images} of {len(original)} columns started from images, {noise} of {len(original)} from noise"
    )


def _distances(images: Array, original: Array) -> Array:
    distances: Array = np.linalg.norm((images - original).reshape(len(original), -1), axis=1)
    return distances
