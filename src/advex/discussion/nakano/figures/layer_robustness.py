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
from advex.common.names.verdicts import THERE
from advex.common.settings import MAIN_RADIUS
from advex.draw import lettering, marks, style
from advex.draw.tables import published_points, published_value, values

LAYERS = 4
"""How many layers the published figure shows."""


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
    lettering.title(figure, _finding(table, published, context))
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
            axis, positions, curve, series.role, label=f"ours, {series.label}", linestyle=series.linestyle,
            limits=marks.POSITIVE,
        )  # fmt: skip
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


def _finding(table: pd.DataFrame, published: pd.DataFrame, context: lettering.Context) -> str:
    """Compare the first layers with the robust network's at the main radius, by the claims on them."""
    rows = table[np.isclose(table["relative_epsilon"], MAIN_RADIUS)]
    if rows.empty:
        raise UserError(f"the measurement has no relative_epsilon {MAIN_RADIUS}; give it in the study's file")
    keys = {series.model: f"response_layers_{series.published}_1" for series in _SERIES if series.published}
    robust = _curve(rows, "robust")[:, 0]
    their_robust = published_value(published, keys["robust"])

    def times(*models: str) -> str:
        ours = [float((_curve(rows, model)[:, 0] / robust).mean()) for model in models]
        theirs = [published_value(published, keys[model]) / their_robust for model in models]
        both = (" and ".join(f"{ratio:.2g}" for ratio in ratios) for ratios in (ours, theirs))
        return "{} times; published {}".format(*both)

    plain = (context.verdict(f"nakano_{name}_as_robust_layer1") for name in ("vgg16", "alexnet"))
    words = {2: "about as robust as", 1: "not both clearly about as robust as"}.get(
        sum(verdict in THERE for verdict in plain), "not clearly about as robust as"
    )
    other = context.by_verdict(
        "nakano_standard_worse_than_robust_layer1",
        there="is several times less robust",
        against="is not several times less robust",
        open_="is not clearly several times less robust",
    )
    return (
        f"First layers: VGG and AlexNet are {words} a robust ResNet (R(f) "
        f"{times('standard_vgg16', 'standard_alexnet')}); a standard ResNet {other} ({times('standard')})"
        f"{context.reserve()}"
    )
