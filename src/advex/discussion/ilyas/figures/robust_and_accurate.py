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

_LINF, _L2 = r"$\ell_\infty$", r"$\ell_2$"
_METHODS = (
    ("erm", "standard", "standard,\nlogistic loss"),
    ("erm_squared_loss", "from_standard", "standard,\nsquared loss"),
    ("adversarial", "robust", f"adversarial,\n{_LINF}"),
    ("adversarial_l2", "from_robust", f"adversarial,\n{_L2}"),
)
_COMPARED = ("erm", "adversarial")
_PUBLISHED_TOP, _PUBLISHED_BOTTOM = 1.1, -1.25  # x2 where the drawn robust boundary ends
_LIMIT = 1.0


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the boundaries of every seed and the accuracies from the table "ilyas/robust_and_accurate"."""
    table = tables["ilyas/robust_and_accurate"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 92, 1, 2, width_ratios=[1, 1])
    _draw_boundaries(axes[0, 0], table, published)
    epsilon = float(table["epsilon"].max())
    _draw_accuracies(axes[0, 1], table, epsilon)
    before, after = (
        _values(table, method, "boundary_angle_from_vertical_degrees").mean() for method in _COMPARED
    )
    standard, robust = (_values(table, method, "robust_accuracy_percent").mean() for method in _COMPARED)
    accuracy = _values(table, "adversarial", "accuracy_percent").mean()
    lettering.title(
        figure,
        f"Adversarial training ({_LINF}, ε = {epsilon:g}) moves the boundary from {before:.0f}° to "
        f"{after:.0f}° off vertical: {accuracy:.0f} % accurate, robust accuracy {robust:.0f} % "
        f"against {standard:.0f} %",
    )
    lettering.footer(figure, context)
    return figure


def _values(table: pd.DataFrame, method: str, quantity: str) -> Array:
    """Return one number a seed, (seeds,)."""
    chosen = (table["method"] == method) & (table["quantity"] == quantity)
    return table.loc[chosen].sort_values("seed")["value"].to_numpy(dtype=float)


def _draw_boundaries(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
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
    slope = published_value(published, "figure14_erm_slope")
    top = published_value(published, "figure14_robust_horizontal_extent_top")
    bottom = published_value(published, "figure14_robust_horizontal_extent_bottom")
    inside = 0.85 * _LIMIT * np.array([1.0, -1.0])
    marks.published_marks(axis, inside, slope * inside, None)
    robust_x1 = np.interp(inside, [_PUBLISHED_BOTTOM, _PUBLISHED_TOP], [bottom, top])
    marks.published_marks(axis, robust_x1, inside, None)
    axis.text(inside[1] - 0.05, slope * inside[1] - 0.06, "published,\nstandard (Fig. 14)", va="top")
    axis.text(robust_x1[0] + 0.08, inside[0], "published,\nrobust (Fig. 14)", va="center")
    axis.set(xlim=(-_LIMIT, _LIMIT), ylim=(-_LIMIT, _LIMIT), aspect="equal")
    axis.set(xlabel="feature x₁", ylabel="feature x₂")
    axis.set(xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-1, -0.5, 0, 0.5, 1])
    axis.set_title("a  Boundaries, one line a seed (colours as in b)", loc="left")


def _draw_accuracies(axis: Axes, table: pd.DataFrame, epsilon: float) -> None:
    """Draw robust accuracy as bars; clean accuracy is written above them."""
    for position, (method, role, _) in enumerate(_METHODS):
        marks.bars(
            axis, position, _values(table, method, "robust_accuracy_percent").tolist(), role, width=0.6
        )
        clean = _values(table, method, "accuracy_percent").mean()
        axis.text(position, 103, f"clean\n{clean:.1f} %", ha="center", va="bottom", fontsize=7)
    axis.set_xticks(range(len(_METHODS)), [label for *_, label in _METHODS])
    axis.set(ylim=(0, 118), ylabel=f"robust accuracy (%), {_LINF}, ε = {epsilon:g}")
    axis.set_yticks(range(0, 101, 20))
    axis.set_title("b  Accuracy under the exact worst case", loc="left")
