"""Figure 14: two ellipses with the boundaries of standard and of adversarial training."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from advex.common.artifacts import Array
from advex.discussion.ilyas.ellipses import CENTRE, SEMI_AXES
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value

_METHODS = (
    ("erm", "standard", "standard,\nlogistic"),
    ("erm_squared_loss", "from_standard", "standard,\nsquared"),
    ("adversarial", "robust", "adver-\nsarial, ℓ∞"),
    ("adversarial_l2", "from_robust", "adver-\nsarial, ℓ₂"),
)
_DRAWN = {  # key of the angle in the published drawing, for each method that it may be of
    "erm": "figure14_erm_boundary_angle_degrees",
    "erm_squared_loss": "figure14_erm_boundary_angle_degrees",
    "adversarial": "figure14_robust_boundary_angle_degrees",
    "adversarial_l2": "figure14_robust_boundary_angle_degrees",
}
_ANGLE, _ACCURACY, _ROBUST = (
    "boundary_angle_from_vertical_degrees", "accuracy_percent", "robust_accuracy_percent",
)  # fmt: skip
_RIGHT_ANGLE: marks.Limits = (0, 90)
_LIMIT = 1.0


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the boundaries of every seed, their angles and accuracies, of "ilyas/robust_and_accurate"."""
    table = tables["ilyas/robust_and_accurate"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 98, 2, 2, width_ratios=[1.15, 1])
    for axis in axes[:, 0]:
        axis.remove()
    epsilon = float(table["epsilon"].max())
    _draw_boundaries(figure.add_subplot(axes[0, 0].get_gridspec()[:, 0]), table)
    _draw_angles(axes[0, 1], table, published)
    _draw_accuracies(axes[1, 1], table, epsilon)
    lettering.title(figure, _finding(table, published, context, epsilon))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _values(table: pd.DataFrame, method: str, quantity: str) -> Array:
    """Return one number a seed, (seeds,)."""
    chosen = (table["method"] == method) & (table["quantity"] == quantity)
    return table.loc[chosen].sort_values("seed")["value"].to_numpy(dtype=float)


def _draw_boundaries(axis: Axes, table: pd.DataFrame) -> None:
    for sign, role, name in ((1, "accent", "y = +1"), (-1, "neutral", "y = -1")):
        centre = sign * CENTRE
        axis.add_patch(
            Ellipse(tuple(centre), *(2 * SEMI_AXES), color=style.COLOURS[role], alpha=0.3, linewidth=0)
        )
        axis.text(centre[0], centre[1], name, ha="center", va="center")
    along = 2 * _LIMIT * np.array([-1.0, 1.0])
    for method, role, _ in _METHODS:
        classifiers = [_values(table, method, name) for name in ("weight_1", "weight_2", "bias")]
        for weight_1, weight_2, bias in zip(*classifiers, strict=True):
            x1, x2 = -bias * weight_1 - weight_2 * along, -bias * weight_2 + weight_1 * along
            axis.plot(x1, x2, color=style.COLOURS[role], linewidth=1.0, alpha=0.8)
    axis.set(xlim=(-_LIMIT, _LIMIT), ylim=(-_LIMIT, _LIMIT), aspect="equal")
    axis.set(xlabel="feature x₁", ylabel="feature x₂")
    axis.set(xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-1, -0.5, 0, 0.5, 1])
    axis.set_title("a  Our boundaries, one line a seed", loc="left")


def _draw_angles(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
    """Draw how far boundaries are off the vertical, beside what Fig. 14 draws."""
    for position, (method, role, name) in enumerate(_METHODS):
        label = "ours, " + name.replace("-\n", "").replace("\n", " ")
        angles = _values(table, method, _ANGLE).tolist()
        marks.bars(axis, position, angles, role, width=0.5, limits=_RIGHT_ANGLE, label=label)
        drawn = published_value(published, _DRAWN[method])
        marks.published_marks(axis, position + 0.38, drawn, "published (Fig. 14, a sketch)", clip=False)
    axis.set(xlim=(-0.5, 3.6), ylim=(0, 90), yticks=(0, 30, 60, 90), xticks=[])
    axis.set_ylabel("off vertical (degrees)")
    axis.set_title("b  Angle of the boundary", loc="left")


def _draw_accuracies(axis: Axes, table: pd.DataFrame, epsilon: float) -> None:
    """Draw robust accuracy as bars, with clean accuracy as a line above."""
    for position, (method, role, _) in enumerate(_METHODS):
        marks.bars(axis, position, _values(table, method, _ROBUST).tolist(), role, width=0.5)
        clean = _values(table, method, _ACCURACY).mean()
        axis.plot(
            position, clean, linestyle="none", marker="_", markersize=22, markeredgewidth=1.4, color="black",
            zorder=5, label="ours, accuracy without attack", clip_on=False,
        )  # fmt: skip
    axis.set_xticks(range(len(_METHODS)), [label for *_, label in _METHODS])
    axis.tick_params(axis="x", length=0)
    axis.set(xlim=(-0.5, 3.6), ylim=(0, 104), yticks=range(0, 101, 20), ylabel="robust accuracy (%)")
    axis.set_title(f"c  Exact worst case, ℓ∞, ε = {epsilon:g}", loc="left")


def _finding(table: pd.DataFrame, published: pd.DataFrame, context: lettering.Context, epsilon: float) -> str:
    """Say whether adversarial training turns the boundary, and whether standard training is less robust."""
    angles = " to ".join(f"{_values(table, method, _ANGLE).mean():.0f}°" for method in ("erm", "adversarial"))
    drawn = " to ".join(
        f"{published_value(published, _DRAWN[method]):.0f}°" for method in ("erm", "adversarial")
    )
    robust = " against ".join(
        f"{_values(table, method, _ROBUST).mean():.0f}" for method in ("adversarial", "erm")
    )
    turns = context.by_verdict(
        "ellipses_adversarial_boundary",
        there="turns the boundary towards the vertical",
        against="does not turn the boundary towards the vertical",
        open_="does not clearly turn the boundary",
    )
    makes = context.by_verdict(
        "ellipses_erm_is_not_robust",
        there="and makes it more robust",
        against="but it is no more robust for that",
        open_="but that it is more robust does not show",
    )
    return (
        f"Adversarial training {turns} ({angles} off it; drawn in the paper: {drawn}), {makes}: "
        f"{robust} % right at ε = {epsilon:g} (ℓ∞){context.reserve()}"
    )
