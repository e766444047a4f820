"""R(f) by layer (response to comment 4): how far small perturbations move it, over images' distances."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.numbers.statistics import MeanInterval, mean_interval
from advex.common.settings import MAIN_RADIUS
from advex.draw import lettering, marks, style
from advex.draw.tables import published_points, published_value, values

LAYERS = 4
"""How many layers the published figure shows."""
SAME = 2.0
"""Two layers are called about equally robust where the ratio of their R(f) lies within this factor."""


class _Series(NamedTuple):
    model: str
    published: str | None
    role: str
    linestyle: str
    label: str


_SERIES = (
    _Series("standard_vgg16", "vgg16", "accent", "--", "VGG"),
    _Series("standard_alexnet", "alexnet", "second_accent", ":", "AlexNet"),
    _Series("standard", "standard", "standard", "-", "standard ResNet"),
    _Series("robust", "robust", "robust", "-", "robust ResNet"),
    _Series("on_robust", None, "from_robust", "-.", "ResNet trained on the robust data set"),
)
_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw R(f) of the first layers from the table "nakano/layer_robustness", one panel a radius."""
    table = tables["nakano/layer_robustness"]
    shares = sorted(table["relative_epsilon"].unique())
    figure, axes = style.canvas(style.PAGE_WIDTH, 96, 1, 1 + len(shares), sharey=True)
    for axis in axes[0]:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(FixedLocator(_TICKS))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_minor_locator(NullLocator())
        axis.set(xlim=(0.7, LAYERS + 0.3), xticks=range(1, LAYERS + 1), xlabel="layer")
    _draw_published(axes[0, 0], published)
    for axis, share in zip(axes[0, 1:], shares, strict=True):
        _draw_ours(axis, table[table["relative_epsilon"] == share])
    axes[0, 0].set_ylabel("R(f), lower is more robust")
    lettering.title(figure, _finding(table, published))
    lettering.footer(figure, replace(context, images=int(table["images"].max())))
    lettering.legend_below(figure, 3)
    return figure


def _draw_published(axis: Axes, published: pd.DataFrame) -> None:
    for series in _SERIES:
        if series.published:
            x, y = published_points(published, f"response_layers_{series.published}_")
            marks.published_marks(axis, x, y, f"published, {series.label}", role=series.role)
    axis.set_title("published, ImageNet\nball not stated")


def _draw_ours(axis: Axes, table: pd.DataFrame) -> None:
    epsilon = float(table["epsilon"].iloc[0])
    for series in _present(table):
        curve = _curve(table, series.model)
        positions = 1 + np.arange(curve.shape[1])
        marks.mean_line(
            axis, positions, curve, series.role, label=f"ours, {series.label}", linestyle=series.linestyle
        )
    own = table[table["layer"] == "images"]["value"].mean()
    axis.axhline(
        own, color=style.COLOURS["chance"], linestyle=(0, (1, 3)), linewidth=0.9, zorder=1,
        label="the images themselves (ε over their mean distance)",
    )  # fmt: skip
    axis.set_title(f"ours, ℓ₂\nε = {epsilon:g}")


def _present(table: pd.DataFrame) -> list[_Series]:
    """Return what there is to draw: all that was published, and of what was not, what is measured."""
    measured = set(table["model"])
    return [series for series in _SERIES if series.published or series.model in measured]


def _curve(table: pd.DataFrame, model: str) -> Array:
    """Return R(f) of a model's first layers, as many as it has; (seeds, layers)."""
    rows = table[(table["model"] == model) & table["position"].between(1, LAYERS)]
    if rows.empty:
        raise UserError(f"the measurement has no layer of model {model!r}; measure it")
    return np.stack([values(rows, position=place) for place in sorted(rows["position"].unique())], axis=1)


def _finding(table: pd.DataFrame, published: pd.DataFrame) -> str:
    """Compare the first layers with the robust network's at the main radius, paired over seeds."""
    rows = table[np.isclose(table["relative_epsilon"], MAIN_RADIUS)]
    if rows.empty:
        raise UserError(f"the measurement has no relative_epsilon {MAIN_RADIUS}; give it in the study's file")
    first = {series.model: _curve(rows, series.model)[:, 0] for series in _present(table)}
    theirs = {
        series.model: published_value(published, f"response_layers_{series.published}_1")
        for series in _SERIES
        if series.published
    }

    def ratio(model: str) -> MeanInterval:
        return mean_interval((first[model] / first["robust"]).tolist())

    def numbers(*models: str) -> str:
        ours = " and ".join(f"{ratio(model).mean:.2g}" for model in models)
        there = " and ".join(f"{theirs[model] / theirs['robust']:.2g}" for model in models)
        return f"{ours} times its R(f), published {there}"

    plain = ("standard_vgg16", "standard_alexnet")
    lows, highs = zip(*(_ends(ratio(model)) for model in plain), strict=True)
    words = "not both about as robust as"
    if max(highs) < SAME:
        words = "about as robust as" if min(lows) > 1 / SAME else "at least about as robust as"
    low, high = _ends(ratio("standard"))
    other = "is not clearly either"
    if low > SAME:
        other = "is far less robust"
    elif low > 1 / SAME and high < SAME:
        other = "is about as robust"
    return (
        f"The first layers of VGG and AlexNet are {words} a robust ResNet's ({numbers(*plain)}); "
        f"a standard ResNet's {other} ({numbers('standard')}){lettering.one_seed(ratio('standard'))}"
    )


def _ends(ratio: MeanInterval) -> tuple[float, float]:
    """Return the ends of an interval; of a single seed, the number itself twice."""
    return (ratio.mean, ratio.mean) if ratio.n == 1 else (ratio.low, ratio.high)
