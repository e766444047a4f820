"""Figure 8: robust accuracy of the model trained on the robust set under attacks of growing strength."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.draw import lettering, marks, style
from advex.draw.tables import published_points, values

_STRONGEST = "strongest"
_OBJECTIVES = (  # a study may try fewer, but the strongest attack is always there
    ("cross_entropy", "from_robust", "-", "ours, cross-entropy"),
    ("cw_margin", "accent", "--", "ours, CW margin"),
    (_STRONGEST, "robust", "none", "ours, ten attacks an image"),
)
_ROWS = {"model": "on_robust", "quantity": "robust_accuracy_half_epsilon"}
_USUAL_STEPS = 7  # of the paper's attacks; stronger ones are compared with the first that has as many
_DROP = 2.0  # percentage points, the most that the paper's attacks take


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw robust accuracy against the number of steps from the table "ilyas/attack_strength"."""
    table = tables["ilyas/attack_strength"]
    figure, axes = style.canvas(style.COLUMN_WIDTH, 88)
    axis = axes[0, 0]
    tried = set(table["objective"]) | {_STRONGEST}
    drawn = [row for row in _OBJECTIVES if row[0] in tried]
    curves = {objective: _curve(table, objective) for objective, *_ in drawn}
    epsilon = float(table["epsilon"].max())
    for objective, role, dashes, label in drawn:
        steps, found = curves[objective]
        name = f"{label}, ℓ₂, ε = {epsilon:g}"
        means = marks.mean_line(axis, steps, found, role, linestyle=dashes, label=name)
        if len(means) == 1 and means[0].n > 1:
            axis.errorbar(
                steps, means[0].mean, marks.whiskers(means[0]), color="black", capsize=2, linewidth=0.8
            )
    _draw_published(axis, published)
    marks.chance_line(axis, context.chance)
    axis.set(ylim=(0, 112), xlabel="number of PGD steps", ylabel="robust accuracy (%)")
    axis.set_yticks(range(0, 101, 20))
    lettering.title(figure, _finding(curves, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _curve(table: pd.DataFrame, objective: str) -> tuple[Array, Array]:
    """Return the numbers of steps, (points,), and robust accuracies, (seeds, points)."""
    steps = np.unique(table.loc[table["objective"] == objective, "steps"])
    if not steps.size:
        raise UserError(f"the measurement has no row with objective {objective!r}; measure it")
    columns = [values(table, **_ROWS, objective=objective, steps=number) for number in steps]
    return steps.astype(float), np.stack(columns, axis=1)


def _draw_published(axis: Axes, published: pd.DataFrame) -> None:
    """Draw Fig. 8's points on its axis: logarithmic, with room for zero steps."""
    steps, accuracies = published_points(published, "figure8_steps")
    marks.published_marks(axis, steps, accuracies, "published (Fig. 8), CIFAR-10 ResNet-50, ℓ₂, ε = 0.25")
    axis.annotate(
        "published: the standard model", (steps[0], accuracies[0]), (7, 7), textcoords="offset points",
        fontsize=style.SMALLEST_TEXT,
    )  # fmt: skip
    axis.set_xscale("symlog", linthresh=1, linscale=0.3)
    axis.set_xlim(-0.4, 2 * steps.max())
    axis.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
    axis.minorticks_off()


def _finding(curves: Mapping[str, tuple[Array, Array]], context: lettering.Context) -> str:
    """Say what the strongest attack takes beyond the usual steps, and what that leaves of the claim."""
    steps, accuracies = next(iter(curves.values()))
    enough = np.flatnonzero(steps >= _USUAL_STEPS)
    usual = int(enough[0]) if enough.size else len(steps) - 1
    before = accuracies[:, usual]
    strongest = np.min(
        [found[:, numbers >= steps[usual]].min(axis=1) for numbers, found in curves.values()], axis=0
    )
    claim = "attack_does_not_explain_robustness"
    words = context.by_verdict(claim, there="is still", against="is then not", open_="is then not clearly")
    return (
        f"The strongest attack takes {before.mean():.0f} to {strongest.mean():.0f} %: the robust set {words} "
        f"better than original images{context.reserve(claim)}"
    )
