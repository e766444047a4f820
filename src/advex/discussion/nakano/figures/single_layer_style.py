"""The response's single layers: what each layer's style loss does alone, beside its R(f)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FixedLocator, NullLocator

from advex.common.artifacts import Array
from advex.common.numbers.statistics import bootstrap_interval
from advex.common.pictures import Picture
from advex.discussion.nakano.figures import style_images
from advex.draw import lettering, marks, style

_NETWORKS = ("vgg", "alexnet", "standard", "robust")
_MARKERS = {"vgg": "s", "alexnet": "^", "standard": "o", "robust": "D"}
_COLUMNS = 5
_CORRELATIONS = {
    "rank_correlation": "trained\njudge",
    "rank_correlation_untrained": "untrained\njudge",
    "rank_correlation_given_depth": "given\ndepth",
}
_TICKS = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1)


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw images of "nakano/images" by layer, and style distance against R(f) of the table of this name."""
    table: pd.DataFrame = tables["nakano/single_layer_style"]
    picture: Picture = tables["nakano/images"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 150, 1, 2, width_ratios=[2.1, 1])
    for axis in axes[0]:
        axis.remove()
    left, right = np.ravel(figure.subfigures(1, 2, width_ratios=[2.1, 1], squeeze=False))
    _draw_images(left, table, picture)
    scatter, each = right.subplots(2, 1, height_ratios=[1.5, 1])
    _draw_scatter(scatter, table)
    _draw_correlations(each, table)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, style_images.described(context, picture))
    lettering.legend_below(figure, 5)
    return figure


def _draw_images(part: SubFigure, table: pd.DataFrame, picture: Picture) -> None:
    """Draw a row for each network, at most :data:`_COLUMNS` of its layers, from first to last."""
    panels = part.subplots(len(_NETWORKS), _COLUMNS)
    for axis in panels.ravel():
        axis.axis("off")
    for row, network in enumerate(_NETWORKS):
        names = style_images.named(picture, f"single_layer_style|{network}|")
        shown = np.unique(np.linspace(0, len(names) - 1, min(len(names), _COLUMNS)).round().astype(int))
        for column, place in enumerate(shown):
            layer = names[place]
            values = [
                style_images.means(table, quantity, network=network, layer=layer).mean()
                for quantity in ("layer_robustness", "judged_style_distance")
            ]
            heading = f"{layer}: R {values[0]:.2f},\ndistance {values[1]:.2f}"
            axis = panels[row, column]
            style_images.show(
                axis, style_images.image(picture, f"single_layer_style|{network}|{layer}"), heading
            )
        label = style_images.NETWORKS[network][1].replace("standard ", "standard\n")
        panels[row, 0].text(
            -0.08, 0.5, label.replace("robust ", "robust\n"), transform=panels[row, 0].transAxes,
            ha="right", va="center", fontsize=style.SMALLEST_TEXT, rotation=90,
        )  # fmt: skip


def _by_seed(table: pd.DataFrame, network: str) -> list[Array]:
    """Return R(f) and distance of a network's layers, (layers, 2) for each seed."""
    rows = table[table["network"] == network]
    wanted = rows[rows["quantity"].isin(["layer_robustness", "judged_style_distance"])]
    wide = wanted.pivot_table(index=["seed", "position"], columns="quantity", values="value")
    columns = wide[["layer_robustness", "judged_style_distance"]]
    return [group.to_numpy(dtype=float) for _, group in columns.groupby(level="seed")]


def _draw_scatter(axis: Axes, table: pd.DataFrame) -> None:
    for network in _NETWORKS:
        role, label = style_images.NETWORKS[network]
        seeds = _by_seed(table, network)
        for points in seeds:
            axis.plot(
                points[:, 0], points[:, 1], linestyle="none", marker=_MARKERS[network], markersize=2.5,
                markeredgewidth=0, alpha=0.5, color=style.COLOURS[role],
            )  # fmt: skip
        middle = np.mean(seeds, axis=0)
        axis.plot(
            middle[:, 0], middle[:, 1], marker=_MARKERS[network], markersize=5, linewidth=0.7,
            color=style.COLOURS[role], markeredgecolor="black", markeredgewidth=0.4, label=label,
        )  # fmt: skip
    axis.set(xscale="log", xlabel="R(f) of the layer", ylabel="distance to the style", ylim=(0, None))
    axis.xaxis.set_major_locator(FixedLocator(_TICKS))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_title("Each layer alone")


def _draw_correlations(axis: Axes, table: pd.DataFrame) -> None:
    """Draw rank correlations over all layers: as they are, for the other judge, and with depth held fixed."""
    for place, quantity in enumerate(_CORRELATIONS):
        found = style_images.means(table, quantity, network="all")
        marks.bars(axis, place, found.tolist(), "neutral", width=0.5, limits=marks.CORRELATION)
    low, high = _interval(table)
    axis.plot(
        [0.36, 0.36], [low, high], color=style.COLOURS["second_accent"], linewidth=2,
        label="bootstrap over networks and seeds",
    )  # fmt: skip
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_xticks(range(len(_CORRELATIONS)), list(_CORRELATIONS.values()))
    axis.set(ylim=(-1.05, 1.05), ylabel="rank correlation")
    axis.tick_params(axis="x", length=0)
    axis.set_title("R(f) and distance")


def _interval(table: pd.DataFrame) -> tuple[float, float]:
    by_network = [_by_seed(table, network) for network in _NETWORKS]
    return bootstrap_interval(list(zip(*by_network, strict=True)))


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the more robust a layer, the nearer it brings images to the style, at any depth."""
    found, untrained, given = (
        style_images.means(table, quantity, network="all").mean() for quantity in _CORRELATIONS
    )
    words = context.by_verdict(
        "nakano_layer_robustness_predicts_style",
        there="does tell",
        against="does not tell",
        open_="does not clearly tell",
    )
    return (
        f"How robust a layer is {words} how near it brings images to the style: rank correlation of R(f) and "
        f"distance {found:.2f}, with an untrained judge {untrained:.2f}, given depth {given:.2f}"
        f"{context.reserve()}"
    )
