"""Textures from noise: magnified, their spectra, and what repeats with the networks' strides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from advex.common.pictures import Picture
from advex.discussion.nakano.figures import style_images
from advex.draw import lettering, marks, style

_NETWORKS = ("standard", "robust", "vgg", "vgg_maximum", "alexnet")
_LABELS = {"photograph": "photograph", "vgg": "VGG, average pooling"}  # others as everywhere
_SMALLEST_CROP = 24  # pixels: less shows no structure


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw textures of "nakano/images" with insets, and numbers of "nakano/texture_artifacts"."""
    table: pd.DataFrame = tables["nakano/texture_artifacts"]
    picture: Picture = tables["nakano/images"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 150, 2, 1, height_ratios=[1.15, 1])
    for axis in axes[:, 0]:
        axis.remove()
    upper, lower = np.ravel(figure.subfigures(2, 1, height_ratios=[1.15, 1], squeeze=False))
    manner = style_images.named(picture, "style|")[0]
    names = {"photograph": f"style|{manner}"} | {
        network: f"texture_artifacts|{network}|{manner}" for network in _NETWORKS
    }
    panels = upper.subplots(2, len(names))
    for column, (network, name) in enumerate(names.items()):
        pixels = style_images.image(picture, name)
        label = _LABELS[network] if network in _LABELS else style_images.NETWORKS[network][1]
        _draw_texture(panels[:, column], pixels, label.replace(", ", ",\n"))
    numbers = lower.subplots(1, 3, width_ratios=[1.5, 1, 1])
    _draw_spectra(numbers[0], table)
    for axis, quantity, name, label in (
        (numbers[1], "stride_share", "b  At strides' frequencies", "share of fine power (%)"),
        (numbers[2], "stride_excess", "c  Against those around", "ratio"),
    ):
        style_images.network_bars(axis, table, quantity, _NETWORKS)
        own = style_images.means(table, quantity, network="photograph").mean()
        axis.axhline(own, color="black", linewidth=1.0, linestyle="--", zorder=5)
        axis.set(ylabel=label)
        axis.set_title(name)
    style_images.legend_of_networks(numbers[2], _NETWORKS)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, style_images.described(context, picture))
    lettering.legend_below(figure, 3)
    return figure


def _draw_texture(axes: Any, pixels: Any, label: str) -> None:
    """Draw a texture with a frame, and the framed part magnified below."""
    size = len(pixels)
    crop = max(_SMALLEST_CROP, size // 10)
    start = (size - crop) // 2
    style_images.show(axes[0], pixels, label)
    scale = axes[0].get_images()[0].get_array().shape[0] / size
    frame = Rectangle(
        (start * scale - 0.5, start * scale - 0.5), crop * scale, crop * scale,
        fill=False, edgecolor=style.COLOURS["from_robust"], linewidth=1.0,
    )  # fmt: skip
    axes[0].add_patch(frame)
    part = pixels[start : start + crop, start : start + crop]
    style_images.show(axes[1], part, f"{size / crop:.0f} times")


def _draw_spectra(axis: Axes, table: pd.DataFrame) -> None:
    """Draw power by frequency, the geometric mean over textures."""
    rows = table[table["quantity"] == "spectrum"]
    rows = rows.assign(value=np.log10(rows["value"].astype(float)))
    wide = rows.pivot_table(index=["network", "seed"], columns="frequency", values="value")
    frequencies = wide.columns.to_numpy(dtype=float)
    for network in _NETWORKS:
        role = style_images.NETWORKS[network][0]
        power = wide.loc[network].to_numpy(dtype=float)
        marks.mean_line(axis, frequencies, power, role, marker=False, limits=marks.ANY)
    own = wide.loc["photograph"].to_numpy(dtype=float).mean(0)
    axis.plot(frequencies, own, color="black", linewidth=1.0, linestyle="--", label="photograph of the style")
    axis.set(xlabel="frequency (cycles per pixel)", ylabel="log10 of power over its mean", xlim=(0, 0.5))
    axis.set_title("a  Power by frequency")


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the robust ResNet's textures repeat with strides more than VGG's, and what pooling does."""
    claims = "nakano_robust_severe_artifacts", "nakano_max_pooling_makes_artifacts"
    robust, average, maximum = (
        style_images.means(table, "stride_excess", network=network).mean()
        for network in ("robust", "vgg", "vgg_maximum")
    )
    return (
        f"A robust ResNet's textures {context.does(claims[0], 'repeat')} more with its strides than VGG's "
        f"({robust:.2f} against {average:.2f} times the power around them); max pooling "
        f"{context.does(claims[1], 'add', 's')} to VGG's ({maximum:.2f}){context.reserve(*claims)}"
    )
