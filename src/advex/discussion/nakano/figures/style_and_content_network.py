"""The response's swap: style loss of one network with content loss of another."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.numbers.statistics import mean_interval
from advex.common.pictures import Picture
from advex.discussion.nakano.figures import style_images
from advex.draw import lettering, marks, style

_NETWORKS = ("standard", "vgg")
_SHORT = {"standard": "ResNet", "vgg": "VGG"}
_PANELS = (
    ("judged_style_distance", "a  To the style", "distance, share of the content's"),
    ("judged_content_distance", "b  To the content", "distance, share of the style's"),
)


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the four images of "nakano/images", and numbers of "nakano/style_and_content_network"."""
    table: pd.DataFrame = tables["nakano/style_and_content_network"]
    picture: Picture = tables["nakano/images"]
    figure, axes = style.canvas(
        style.PAGE_WIDTH, 108, 2, 5, width_ratios=[0.62, 1, 1, 0.95, 0.95], height_ratios=[1, 1]
    )
    pair = style_images.named(picture, "style_and_content_network|standard|vgg|")[0]
    content, manner = pair.split(" as ")
    style_images.show(axes[0, 0], style_images.image(picture, f"content|{content}"), "content")
    style_images.show(axes[1, 0], style_images.image(picture, f"style|{manner}"), "style")
    for row, style_network in enumerate(_NETWORKS):
        for column, content_network in enumerate(_NETWORKS):
            pixels = style_images.image(picture, _name(style_network, content_network, pair))
            heading = f"style: {_SHORT[style_network]}\ncontent: {_SHORT[content_network]}"
            style_images.show(axes[row, 1 + column], pixels, heading)
    for column, (quantity, name, label) in enumerate(_PANELS, 3):
        for axis in axes[:, column]:
            axis.remove()
        panel = figure.add_subplot(axes[0, column].get_gridspec()[:, column])
        _draw_numbers(panel, table, quantity)
        panel.set(ylabel=label)
        panel.set_title(name)
    lettering.title(figure, _finding(table))
    lettering.footer(figure, style_images.described(context, picture))
    lettering.legend_below(figure, 3)
    return figure


def _name(style_network: str, content_network: str, pair: str) -> str:
    if style_network == content_network:
        return f"style_transfer|{style_network}|{pair}"
    return f"style_and_content_network|{style_network}|{content_network}|{pair}"


def _values(table: pd.DataFrame, quantity: str, style_network: str, content_network: str) -> Array:
    both = {"style_network": style_network, "content_network": content_network}
    return style_images.means(table, quantity, **both)


def _draw_numbers(axis: Axes, table: pd.DataFrame, quantity: str) -> None:
    for group, style_network in enumerate(_NETWORKS):
        for index, content_network in enumerate(_NETWORKS):
            role = style_images.NETWORKS[content_network][0]
            found = _values(table, quantity, style_network, content_network).tolist()
            label = f"content: {_SHORT[content_network]}"
            marks.bars(axis, group + (index - 0.5) * 0.38, found, role, width=0.36, label=label)
    axis.set_xticks([0, 1], [f"style:\n{_SHORT[name]}" for name in _NETWORKS])
    axis.tick_params(axis="x", length=0)
    axis.set_ylim(bottom=0)


def _finding(table: pd.DataFrame) -> str:
    """Say which of the two networks matters more for the style, and which style network does better."""
    distance = {
        (first, second): _values(table, "judged_style_distance", first, second)
        for first in _NETWORKS
        for second in _NETWORKS
    }
    swaps = {
        "style": (distance["standard", "standard"] + distance["standard", "vgg"])
        - (distance["vgg", "standard"] + distance["vgg", "vgg"]),
        "content": (distance["standard", "standard"] + distance["vgg", "standard"])
        - (distance["standard", "vgg"] + distance["vgg", "vgg"]),
    }
    found = {name: mean_interval((values / 2).tolist()) for name, values in swaps.items()}
    words = {1: "nearer to the style", 0: "not clearly nearer to it or farther", -1: "farther from the style"}
    style_part, content_part = found["style"], found["content"]
    return (
        f"Distance to the style with VGG instead of a standard ResNet for the style loss: "
        f"{words[lettering.direction(style_part)]} ({-style_part.mean:+.2f} of the content's distance); "
        f"for the content loss: {words[lettering.direction(content_part)]} ({-content_part.mean:+.2f})"
        f"{lettering.one_seed(style_part)}"
    )
