"""Figure 9: images of the relabelled data sets, with what was added to each and the label it was given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.pictures import Picture, given_labels
from advex.draw import lettering, marks, style

_PANELS = (
    ("ilyas/random_perturbations", "a  Label: a random class"),
    ("ilyas/next_class_perturbations", "b  Label: the next class"),
)
_GREY = 0.5  # what no change looks like


def draw(tables: Mapping[str, Picture], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the pictures "ilyas/random_perturbations" and "ilyas/next_class_perturbations" side by side."""
    figure, axes = style.canvas(style.PAGE_WIDTH, 102, 1, 2, gridspec_kw={"wspace": 0.06})
    largest = max(float(np.abs(_changes(tables[name])).max()) for name, _ in _PANELS)
    factor = _GREY / max(largest, 1e-12)
    for axis, (name, heading) in zip(axes[0], _PANELS, strict=True):
        _draw_panel(axis, tables[name], factor, named=axis is axes[0, 0])
        axis.set_title(heading, loc="left")
    lettering.title(figure, _finding([tables[name] for name, _ in _PANELS]))
    lettering.footer(figure, replace(context, images=None))  # the context counts test images; these are not
    return figure


def _changes(picture: Picture) -> Array:
    """Return what was added to the originals, (rows but the first, columns, C, H, W)."""
    changes: Array = picture.images[1:].astype(float) - picture.images[:1]
    return changes


def _draw_panel(axis: Axes, picture: Picture, factor: float, named: bool) -> None:
    """Draw the originals, and below them for each source its images, and what it changed.

    Changes are around grey, all stretched by the factor that brings the largest to black or white.
    """
    changes = _changes(picture)
    shown, names = [picture.images[0]], ["original"]
    for row, image, change in zip(picture.rows[1:], picture.images[1:], changes, strict=True):
        shown += [image, _GREY + factor * change]
        names += [given_labels(row)[0], f"change ({factor:.2g}×)"]
    columns = len(picture.columns)
    marks.image_grid(axis, np.stack(shown).transpose(0, 1, 3, 4, 2), names if named else [], picture.columns)
    height = picture.images.shape[-2]
    step = height + max(1, round(0.06 * picture.images.shape[-1]))
    for place, row in enumerate(picture.rows[1:]):
        for column, label in zip(range(columns), given_labels(row)[1], strict=False):
            axis.text(
                axis.get_xticks()[column], (1 + 2 * place) * step + height - 0.5, f"→ {label}", ha="center",
                va="bottom", fontsize=style.SMALLEST_TEXT,
                bbox={"color": "white", "alpha": 0.8, "pad": 0.6, "linewidth": 0},
            )  # fmt: skip


def _finding(pictures: Sequence[Picture]) -> str:
    """Say how large the changes are that new labels go with, also beside the images' own size."""
    sizes = np.concatenate([_sizes(_changes(picture)) for picture in pictures])
    own = np.concatenate([np.tile(_sizes(picture.images[:1]), len(picture.rows) - 1) for picture in pictures])
    return (
        f"New labels (→) go with changes of ℓ₂ size up to {sizes.max():.3g}, on average "
        f"{100 * (sizes / own).mean():.0f} % of the image's own; each change is shown below its image"
    )


def _sizes(images: Array) -> Array:
    """Return the l2 sizes of images, of (rows, columns, C, H, W), flat."""
    sizes: Array = np.linalg.norm(images.reshape(images.shape[0] * images.shape[1], -1).astype(float), axis=1)
    return sizes
