"""The response's swap: style loss of one network with content loss of another."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
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
    lettering.title(figure, _finding(table, context))
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
            place = group + (index - 0.5) * 0.38
            marks.bars(axis, place, found, role, width=0.36, label=label, limits=marks.POSITIVE)
    axis.set_xticks([0, 1], [f"style:\n{_SHORT[name]}" for name in _NETWORKS])
    axis.tick_params(axis="x", length=0)
    axis.set_ylim(bottom=0)


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether it is the network of the style loss, not that of the content loss, that matters."""
    claims = "nakano_style_network_matters", "nakano_content_network_does_not_matter_vgg"
    vgg_resnet, resnet_vgg, vgg_vgg = (
        _values(table, "judged_style_distance", *networks).mean()
        for networks in (("vgg", "standard"), ("standard", "vgg"), ("vgg", "vgg"))
    )
    return (
        f"Style by VGG with content by ResNet {context.does(claims[0], 'come', 's')} nearer to "
        f"the style than "
        f"the other way round ({vgg_resnet:.2f} against {resnet_vgg:.2f}); with style by VGG the content's "
        f"network "
        f"{context.by_verdict(claims[1], there='does not matter', against='matters', open_='may matter')} "
        f"({vgg_resnet:.2f}, {vgg_vgg:.2f}){context.reserve(*claims)}"
    )
