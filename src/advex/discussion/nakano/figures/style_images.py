"""What the figures of style transfer share: the networks' names and colours, images by name, their rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from PIL import Image

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.numbers.statistics import MeanInterval, mean_interval
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style

NETWORKS = {
    "standard": ("standard", "standard ResNet"),
    "robust": ("robust", "robust ResNet"),
    "on_robust": ("from_robust", "ResNet trained on\nthe robust data set"),
    "vgg": ("accent", "VGG"),
    "vgg_maximum": ("neutral", "VGG, max pooling"),
    "alexnet": ("second_accent", "AlexNet"),
}
"""Colour and name of each network."""

_LARGEST = 256  # pixels along a side that a figure shows: more than print resolves
_LEVELS = 32  # of each colour: about what print shows, and files shrink by half


def image(picture: Picture, name: str) -> Array:
    """Return an image by its name, (S, S, C) float in [0, 1].

    Raises:
        UserError: there is none.
    """
    if name not in picture.columns:
        raise UserError(f"nakano/images: no image {name!r}; make the images of seed 0 again")
    found: Array = picture.images[0, picture.columns.index(name)].transpose(1, 2, 0) / 255
    return found


def named(picture: Picture, prefix: str) -> list[str]:
    """Return what follows a prefix in the names of images, in their order."""
    return [name.removeprefix(prefix) for name in picture.columns if name.startswith(prefix)]


def show(axis: Axes, pixels: Array, heading: str = "") -> None:
    """Fill a panel with one image (S, S, C), without smoothing, under a heading; large ones are reduced."""
    shown = Image.fromarray(np.round(255 * pixels.repeat(3 // pixels.shape[-1], 2)).astype(np.uint8))
    shown.thumbnail((_LARGEST, _LARGEST), Image.Resampling.LANCZOS)
    levels = np.round(np.asarray(shown) / 255 * (_LEVELS - 1)) / (_LEVELS - 1)
    axis.imshow(levels, interpolation="none")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if heading:
        axis.set_title(heading, loc="center", fontsize=style.SMALLEST_TEXT, pad=2)


def means(table: pd.DataFrame, quantity: str, **columns: object) -> Array:
    """Return the mean over images of a quantity, one number a seed, (seeds,).

    Raises:
        UserError: no row matches.
    """
    rows = table[table["quantity"] == quantity]
    for name, value in columns.items():
        rows = rows[rows[name] == value]
    if rows.empty:
        wanted = ", ".join(f"{name} {value!r}" for name, value in columns.items())
        raise UserError(f"the measurement has no {quantity} with {wanted}")
    return np.asarray(rows.groupby("seed")["value"].mean(), dtype=float)


def network_bars(
    axis: Axes,
    table: pd.DataFrame,
    quantity: str,
    networks: Sequence[str],
    limits: marks.Limits = marks.POSITIVE,
) -> None:
    """Draw one bar for each network; colours tell which, see :func:`legend_of_networks`."""
    for place, network in enumerate(networks):
        found = means(table, quantity, network=network)
        marks.bars(axis, place, found.tolist(), NETWORKS[network][0], width=0.7, limits=limits)
    axis.set_xticks([])
    axis.set_ylim(bottom=0)


def legend_of_networks(axis: Axes, networks: Sequence[str]) -> None:
    """Give a panel one legend entry for each network, for :func:`advex.draw.lettering.legend_below`."""
    for network in networks:
        role, label = NETWORKS[network]
        axis.bar([np.nan], [np.nan], color=style.COLOURS[role], label=label.replace("\n", " "))


def compared(first: Array, second: Array) -> MeanInterval:
    """Estimate the mean of first minus second, paired by seed."""
    return mean_interval((first - second).tolist())


def described(context: lettering.Context, picture: Picture) -> lettering.Context:
    """Say in a footer that images are photographs, whatever the networks were trained on."""
    size, channels = picture.images.shape[-1], picture.images.shape[2]
    colours = "grey" if channels == 1 else "colour"
    data = f"networks of {context.data}; photographs of {size}x{size} pixels, {colours}"
    return replace(context, data=data, images=None)
