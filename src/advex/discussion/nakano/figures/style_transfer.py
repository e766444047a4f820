"""The main figure of comment 4: every network's image of every pair of content and style, and numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from advex.common.pictures import Picture
from advex.discussion.nakano.figures import style_images
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value

_NETWORKS = ("standard", "robust", "on_robust", "vgg", "alexnet")
_PUBLISHED = (  # key, role, what it is
    ("nakano_robust_reduction_100", "robust", "published log, robust ResNet (ImageNet)"),
    ("nakano_robust_reduction_200", "robust", "published log, robust ResNet (ImageNet)"),
    ("nakano_robust_reduction_500", "robust", "published log, robust ResNet (ImageNet)"),
    ("nakano_robust_reduction_500_smaller_weight", "robust", "published log, robust ResNet (ImageNet)"),
    ("nakano_standard_reduction_500", "standard", "published log, standard ResNet (ImageNet)"),
)
_CELL = 31.0  # side of an image in millimetres


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the images of "nakano/images" above, the numbers of "nakano/style_transfer" below."""
    table: pd.DataFrame = tables["nakano/style_transfer"]
    picture: Picture = tables["nakano/images"]
    pairs = [
        (content, manner)
        for content in style_images.named(picture, "content|")
        for manner in style_images.named(picture, "style|")
    ]
    images = _CELL * len(pairs) + 8
    figure, axes = style.canvas(style.PAGE_WIDTH, images + 80, 2, 1, height_ratios=[images, 55])
    for axis in axes[:, 0]:
        axis.remove()
    upper, lower = np.ravel(figure.subfigures(2, 1, height_ratios=[images, 55], squeeze=False))
    networks = _networks(table)
    _draw_images(upper, picture, pairs, networks)
    panels = lower.subplots(1, 3, width_ratios=[1.5, 1, 1])
    _draw_curves(panels[0], table, published)
    style_images.network_bars(panels[1], table, "judged_style_distance", networks)
    _mark_untrained(panels[1], table)
    panels[1].set(ylabel="share of the content's")
    panels[1].set_title("b  Distance to the style")
    style_images.network_bars(panels[2], table, "high_frequency_share", networks, marks.SHARE)
    panels[2].set(ylabel="share of the power (%)")
    panels[2].set_title("c  Fine grain of changes")
    style_images.legend_of_networks(panels[2], networks)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, style_images.described(context, picture))
    lettering.legend_below(figure, 3)
    return figure


def _networks(table: pd.DataFrame) -> list[str]:
    """Return the networks that images were made with; not every study has one trained on the robust set."""
    made = set(table["network"])
    return [network for network in _NETWORKS if network in made]


def _draw_images(
    part: SubFigure, picture: Picture, pairs: list[tuple[str, str]], networks: list[str]
) -> None:
    """Draw a row for each pair: content and style as half-size images, then every network's output."""
    grid = part.add_gridspec(2 * len(pairs), 1 + len(networks), width_ratios=[0.5] + [1] * len(networks))
    for row, (content, manner) in enumerate(pairs):
        for half, name in enumerate((f"content|{content}", f"style|{manner}")):
            axis = part.add_subplot(grid[2 * row + half, 0])
            heading = "content,\nstyle" if row == half == 0 else ""
            style_images.show(axis, style_images.image(picture, name), heading)
        for column, network in enumerate(networks, 1):
            axis = part.add_subplot(grid[2 * row : 2 * row + 2, column])
            pixels = style_images.image(picture, f"style_transfer|{network}|{content} as {manner}")
            style_images.show(axis, pixels, style_images.NETWORKS[network][1] if row == 0 else "")


def _draw_curves(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
    """Draw the style loss by evaluation, the geometric mean over pairs, and the published end points."""
    rows = table[(table["quantity"] == "style_loss") & (table["evaluation"] > 0)]
    logarithms = rows.assign(value=np.log10(rows["value"].astype(float)))
    for network in _networks(table):
        wide = logarithms[logarithms["network"] == network].pivot_table(
            index="seed", columns="evaluation", values="value"
        )
        role = style_images.NETWORKS[network][0]
        evaluations, losses = wide.columns.to_numpy(dtype=float), wide.to_numpy(dtype=float)
        marks.mean_line(axis, evaluations, losses, role, limits=marks.ANY)
    for key, role, label in _PUBLISHED:
        row = published[published["key"] == key].iloc[0]
        place, height = float(row["x"]), -np.log10(published_value(published, key))
        marks.published_marks(axis, place, height, label, role=role, clip=False)
    axis.set(xscale="log", xlabel="evaluations of loss and gradient", ylabel="log10 of the share left")
    axis.set_title("a  Style loss of the network itself")


def _mark_untrained(axis: Axes, table: pd.DataFrame) -> None:
    """Mark what the judge without training says."""
    networks = _networks(table)
    heights = [
        style_images.means(table, "judged_style_distance_untrained", network=network).mean()
        for network in networks
    ]
    axis.plot(
        range(len(networks)), heights, linestyle="none", marker="_", markersize=9, markeredgewidth=1.4,
        color="black", label="distance to the style, judge without training", zorder=5,
    )  # fmt: skip


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the robust network's images come nearer to the style than the standard network's."""
    claim = "nakano_robust_transfers_style"
    numbers = ", ".join(
        f"{name} {style_images.means(table, 'judged_style_distance', network=network).mean():.2f}"
        for network, name in (("robust", "robust"), ("standard", "standard"), ("vgg", "VGG"))
    )
    return (
        f"A robust ResNet's images {context.does(claim, 'come')} nearer to the style than a standard one's: "
        f"distance for a held-out network, as a share of the content's, {numbers}{context.reserve(claim)}"
    )
