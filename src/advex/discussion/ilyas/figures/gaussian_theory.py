"""Numeric checks of Theorems 1-3: the formulas as lines, Monte Carlo as points, disagreements in the open."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.numbers.statistics import mean_interval
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value

_READINGS = (
    ("relaxation_squared", "accent", "-", "Theorem 2 with ε²"),
    ("relaxation_as_printed", "from_robust", "--", "Theorem 2 with ε (eq. 27)"),
)
_POWERS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
_PUBLISHED_EPSILONS = (0.0, 1.0, 10.0)


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw six panels from the table "ilyas/gaussian_theory"."""
    table = tables["ilyas/gaussian_theory"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 122, 2, 3)
    _draw_theorem1(axes[0, 0], table)
    _draw_covariances(axes[0, 1], table)
    _draw_slopes(axes[0, 2], table, published)
    _draw_means(axes[1, 0], table)
    _draw_multipliers(axes[1, 1], table)
    _draw_cosines(axes[1, 2], table)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    return figure


def _seeds_by(
    table: pd.DataFrame, method: str, quantity: str, against: str = "epsilon"
) -> tuple[Array, Array]:
    """Return the positions, (points,), and the values at them, (seeds, points)."""
    rows = table[(table["method"] == method) & (table["quantity"] == quantity)]
    wide = rows.pivot_table(index="seed", columns=against, values="value")
    return wide.columns.to_numpy(dtype=float), wide.to_numpy(dtype=float)


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say how far Monte Carlo is from the formulas, as the largest relative distance of the means."""
    _, formula = _seeds_by(table, "formula", "closed_form_excess_loss", "penalty")
    _, measured = _seeds_by(table, "monte_carlo", "adversarial_excess_loss", "penalty")
    _, fitted = _seeds_by(table, "monte_carlo", "boundary_slope")
    first = float(np.abs(measured.mean(axis=0) / formula.mean(axis=0) - 1).max())
    distances = []
    for reading, *_ in _READINGS:
        _, slopes = _seeds_by(table, reading, "boundary_slope")
        distances.append(float(np.abs(slopes.mean(axis=0) / fitted.mean(axis=0) - 1).max()))
    squared, printed = distances
    better = "ε²" if squared < printed else "ε"
    meets = context.by_verdict(
        "theorem1_formula", there="is met", against="is not met", open_="is not surely met"
    )
    return (
        f"Theorem 1 {meets} (within {100 * first:.1f} %); robust fits follow Theorem 2 better with {better} "
        f"(slopes within {100 * squared:.0f} % for ε², {100 * printed:.0f} % for ε as printed)"
        f"{context.reserve()}"
    )


def _points(
    axis: Axes, x: Array, values: Array, role: str, *, label: str | None = None, marker: str = "o"
) -> None:
    """Draw means over seeds as points with their 95 % interval (from two seeds on)."""
    summaries = [mean_interval(column) for column in values.T.tolist()]
    spreads = [summary.half_width if summary.n > 1 else 0.0 for summary in summaries]
    axis.errorbar(
        x, [summary.mean for summary in summaries], spreads, linestyle="none", marker=marker, markersize=3.5,
        color=style.COLOURS[role], ecolor="black", elinewidth=0.8, capsize=1.5, label=label, zorder=3,
    )  # fmt: skip


def _fits_and_readings(axis: Axes, table: pd.DataFrame, quantity: str) -> None:
    """Draw a quantity against epsilon: both readings of the formula as lines, the fits as points."""
    _scale_epsilon(axis, table)
    for method, role, dashes, label in _READINGS:
        x, values = _seeds_by(table, method, quantity)
        axis.plot(x, values.mean(axis=0), color=style.COLOURS[role], linestyle=dashes, label=label)
    _points(axis, *_seeds_by(table, "monte_carlo", quantity), "robust", label="fit (Monte Carlo)")


def _scale_epsilon(axis: Axes, table: pd.DataFrame) -> None:
    """Scale the axis of epsilon: logarithmic, with room for zero."""
    epsilons = np.unique(table["epsilon"].dropna())
    smallest, largest = float(epsilons[epsilons > 0].min()), float(epsilons.max())
    axis.set_xscale("symlog", linthresh=smallest, linscale=0.5)
    axis.set_xticks([0, *(power for power in _POWERS if smallest <= power <= largest)])
    axis.set_xlim(-0.3 * smallest, 1.5 * largest)
    axis.set_xlabel("strength of the adversary ε (ℓ₂)")
    axis.minorticks_off()


def _draw_theorem1(axis: Axes, table: pd.DataFrame) -> None:
    covariances = (("", "standard", "Σ*"), ("_isotropic", "from_standard", "isotropic, same trace"))
    for suffix, role, label in covariances:
        x, formula = _seeds_by(table, "formula", f"closed_form_excess_loss{suffix}", "penalty")
        axis.plot(x, formula.mean(axis=0), color=style.COLOURS[role], label=label)
        measured = _seeds_by(table, "monte_carlo", f"adversarial_excess_loss{suffix}", "penalty")
        _points(axis, *measured, role)
    literal = _seeds_by(table, "monte_carlo_literal", "adversarial_excess_loss", "penalty")
    _points(axis, *literal, "neutral", label="Σ*, ½ and penalty counted", marker="s")
    axis.set(xscale="log", yscale="log", xlabel="penalty C", ylabel="excess loss under attack")
    axis.set_xticks(literal[0][[0, len(literal[0]) // 2, -1]])
    axis.xaxis.set_major_formatter("{x:g}")
    axis.minorticks_off()
    axis.set_ylim(top=axis.get_ylim()[1] * 30)
    axis.legend(loc="upper right")
    axis.set_title("a  Theorem 1 (line: formula)", loc="left")


def _draw_covariances(axis: Axes, table: pd.DataFrame) -> None:
    _fits_and_readings(axis, table, "covariance_11")
    axis.legend(loc="upper left")
    for method, role, dashes, _ in _READINGS:
        x, values = _seeds_by(table, method, "covariance_22")
        axis.plot(x, values.mean(axis=0), color=style.COLOURS[role], linestyle=dashes)
    _points(axis, *_seeds_by(table, "monte_carlo", "covariance_22"), "robust")
    axis.set(yscale="log", ylabel="Σᵣ₁₁ (above), Σᵣ₂₂ (below)")
    axis.minorticks_off()
    axis.set_ylim(top=axis.get_ylim()[1] * 30)
    axis.set_title("b  Theorem 2: covariance", loc="left")


def _draw_slopes(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
    _fits_and_readings(axis, table, "boundary_slope")
    slopes = [published_value(published, f"figure4_boundary_slope_eps{e:g}") for e in _PUBLISHED_EPSILONS]
    marks.published_marks(axis, _PUBLISHED_EPSILONS, slopes, "published (Fig. 4)")
    axis.set(yscale="log", ylabel="slope of the boundary")
    axis.minorticks_off()
    axis.set_yticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
    _name_only(axis, "published (Fig. 4)")
    axis.set_title("c  Theorem 2: boundary", loc="left")


def _draw_means(axis: Axes, table: pd.DataFrame) -> None:
    """Draw each seed's distance of the fitted mean from mu*; constant means: the error of sampling alone."""
    _scale_epsilon(axis, table)
    x, errors = _seeds_by(table, "monte_carlo", "mean_error")
    axis.plot(x, errors.T, color=style.COLOURS["robust"], marker="o", markersize=2.5, linewidth=0.8)
    coordinates = [_seeds_by(table, "relaxation_squared", name)[1].mean() for name in ("mean_1", "mean_2")]
    axis.set_ylim(bottom=0, top=max(1.3 * float(errors.max()), 0.02 * float(np.hypot(*coordinates))))
    axis.set_ylabel("‖μᵣ − μ*‖₂")
    axis.set_title("d  Theorem 2: mean, each seed", loc="left")


def _draw_multipliers(axis: Axes, table: pd.DataFrame) -> None:
    """Draw lambda with the shape of the theorem's bounds, whose constants the paper leaves open."""
    for method, role, dashes, _ in _READINGS:
        x, values = _seeds_by(table, method, "multiplier")
        axis.plot(x, values.mean(axis=0), color=style.COLOURS[role], linestyle=dashes)
    root = np.sqrt(x)
    lower, upper = (1 + root) / (root + root**3), (1 + root) / root
    bounds = "Theorem 2's bounds,\nconstants set to 1"
    axis.fill_between(x, lower, upper, color=style.COLOURS["neutral"], alpha=0.3, linewidth=0, label=bounds)
    axis.set(xscale="log", yscale="log", xlabel="strength of the adversary ε (ℓ₂)", ylabel="multiplier λ")
    axis.minorticks_off()
    axis.legend(loc="lower left")
    axis.set_title("e  Theorem 2: λ", loc="left")


def _draw_cosines(axis: Axes, table: pd.DataFrame) -> None:
    _fits_and_readings(axis, table, "worst_case_cosine")
    x, searched = _seeds_by(table, "monte_carlo", "worst_case_cosine_searched")
    axis.plot(x, searched.mean(axis=0), "x", color="black", zorder=4, label="found by search")
    _name_only(axis, "found by search")
    axis.set(ylim=(0, 1.05), ylabel="least cos(μ, gradient) over μ")
    axis.set_title("f  Theorem 3: alignment", loc="left")


def _name_only(axis: Axes, label: str) -> None:
    """Explain one mark; the legend of panel b holds for the others."""
    handles, labels = axis.get_legend_handles_labels()
    axis.legend([handles[labels.index(label)]], [label], loc="upper left")
