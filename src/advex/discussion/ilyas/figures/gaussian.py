"""Figure 4: the Gaussian model's metric, its standard boundary and the robust ones."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from advex.common.artifacts import Array
from advex.common.numbers.statistics import mean_interval
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value

_HALF_WIDTH, _HALF_HEIGHT = 20.0, 10.0
_UNIT_BALL = 3.0  # the paper draws its l2 ball with radius 3
_METRIC_BALL = 1.5  # and its Sigma^-1 ball with this Mahalanobis radius
_CONTOURS = (1.0, 2.0)  # in standard deviations
_CLASSES = ((1, "accent", "y = +1"), (-1, "neutral", "y = -1"))


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw Figure 4 from the table "ilyas/gaussian" (mean of the fits over seeds): one panel a radius."""
    table = tables["ilyas/gaussian"]
    mean, variances = _parameters(table, "true", 0.0)
    epsilons = sorted(set(table.loc[table["method"] == "monte_carlo", "epsilon"]) - {0.0})
    rows = -(-(2 + len(epsilons)) // 2)
    figure, axes = style.canvas(style.PAGE_WIDTH, 8 + 55 * rows, rows, 2, sharex=True, sharey=True)
    panels = list(axes.flat)[: 2 + len(epsilons)]
    for spare in list(axes.flat)[len(panels) :]:
        spare.axis("off")
    standard_slope = -mean[0] * variances[1] / (mean[1] * variances[0])
    _draw_metrics(panels[0], variances)
    _draw_model(panels[1], mean, variances)
    _draw_boundary(panels[1], standard_slope, "standard", "standard boundary")
    _name(panels[1], "b  True parameters, ε = 0", f"slope {standard_slope:.2f}")
    angles = [_values(table, "true", 0.0, "gradient_alignment_degrees").mean()]
    for number, (panel, epsilon) in enumerate(zip(panels[2:], epsilons, strict=True), 2):
        slopes = mean_interval(_values(table, "monte_carlo", epsilon, "boundary_slope").tolist())
        angles.append(_values(table, "monte_carlo", epsilon, "gradient_alignment_degrees").mean())
        _draw_model(panel, *_parameters(table, "monte_carlo", epsilon))
        _draw_boundary(panel, standard_slope, "neutral", "boundary at ε = 0")
        _draw_boundary(panel, slopes.mean, "robust", "robust boundary", low=slopes.low, high=slopes.high)
        spread = f" ± {slopes.half_width:.2f}" if slopes.n > 1 else ""
        _name(
            panel, f"{lettering.letter(number)}  Robust, ε = {epsilon:g}", f"slope {slopes.mean:.2f}{spread}"
        )
    for panel, epsilon in zip(panels[1:], [0.0, *epsilons], strict=True):
        key = f"figure4_boundary_slope_eps{epsilon:g}"
        if key not in set(published["key"]):
            continue
        slope = published_value(published, key)
        reach = min(0.85 * _HALF_WIDTH, 0.9 * _HALF_HEIGHT / abs(slope))
        ends = np.array([-reach, reach])
        marks.published_marks(panel, ends, slope * ends, "published (Fig. 4)")
        _add_to_name(panel, f" (published {slope:.2f})")
    for panel in panels[-2:]:
        panel.set_xlabel("feature x₁")
        panel.tick_params(labelbottom=True)
    for panel in axes[:, 0]:
        panel.set_ylabel("feature x₂")
    _draw_legend(panels)
    steps = ", ".join(f"{angle:.0f}° at ε = {e:g}" for angle, e in zip(angles, [0.0, *epsilons], strict=True))
    turns = context.does("gaussian_alignment_eps10", "turn", "s")
    finding = f"Robust training {turns} the gradient steadily towards the line between the means"
    lettering.title(figure, f"{finding}: off by {steps}{context.reserve()}")
    lettering.footer(figure, context)
    return figure


def _values(table: pd.DataFrame, method: str, epsilon: float, quantity: str) -> Array:
    chosen = (table["method"] == method) & (table["epsilon"] == epsilon) & (table["quantity"] == quantity)
    return table.loc[chosen, "value"].to_numpy(dtype=float)


def _parameters(table: pd.DataFrame, method: str, epsilon: float) -> tuple[Array, Array]:
    """Return mean and diagonal covariance, each (2,), averaged over seeds."""
    names = ("mean_1", "mean_2", "covariance_11", "covariance_22")
    numbers = np.array([_values(table, method, epsilon, name).mean() for name in names])
    return numbers[:2], numbers[2:]


def _draw_contours(axis: Axes, centre: Array, variances: Array, role: str) -> None:
    for radius in _CONTOURS:
        size = 2 * radius * np.sqrt(variances)
        if radius == _CONTOURS[0]:
            axis.add_patch(Ellipse(tuple(centre), *size, color=style.COLOURS[role], alpha=0.3, linewidth=0))
        axis.add_patch(
            Ellipse(tuple(centre), *size, edgecolor=style.COLOURS[role], fill=False, linewidth=0.7)
        )


def _draw_metrics(axis: Axes, variances: Array) -> None:
    """Draw the data around the origin with the balls of the two metrics."""
    _draw_contours(axis, np.zeros(2), variances, "accent")
    axis.add_patch(
        Ellipse((0, 0), 2 * _UNIT_BALL, 2 * _UNIT_BALL, fill=False, linestyle="--", label="ℓ₂ ball, radius 3")
    )
    size = 2 * _METRIC_BALL * np.sqrt(variances)
    axis.add_patch(
        Ellipse((0, 0), *size, fill=False, edgecolor=style.COLOURS["standard"], linewidth=1.4,
                label="Σ⁻¹-metric ball, radius 1.5")
    )  # fmt: skip
    _name(axis, "a  The two metrics", "")


def _draw_model(axis: Axes, mean: Array, variances: Array) -> None:
    for sign, role, name in _CLASSES:
        _draw_contours(axis, sign * mean, variances, role)
        axis.plot([], [], color=style.COLOURS[role], linewidth=5, alpha=0.5, label=f"{name} (1 and 2 sd)")


def _draw_boundary(
    axis: Axes, slope: float, role: str, label: str, *, low: float = np.nan, high: float = np.nan
) -> None:
    """Draw x2 = slope x1 and, if known, the band of slopes between low and high."""
    x = np.array([-_HALF_WIDTH, _HALF_WIDTH])
    if np.isfinite(low) and np.isfinite(high):
        axis.fill_between(x, low * x, high * x, color=style.COLOURS[role], alpha=0.3, linewidth=0)
    dashes, width = ("-", 1.0) if role == "neutral" else ("--", 1.4)
    axis.plot(x, slope * x, color=style.COLOURS[role], linestyle=dashes, linewidth=width, label=label)


def _name(axis: Axes, name: str, result: str) -> None:
    axis.set(xlim=(-_HALF_WIDTH, _HALF_WIDTH), ylim=(-_HALF_HEIGHT, _HALF_HEIGHT), aspect="equal")
    axis.set_title(f"{name}: {result}" if result else name, loc="left")


def _add_to_name(axis: Axes, more: str) -> None:
    axis.set_title(axis.get_title(loc="left") + more, loc="left")


def _draw_legend(panels: list[Axes]) -> None:
    """Write one legend for all panels, each entry once, into the free part of the first."""
    entries: dict[str, Artist] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    panels[0].legend(
        list(entries.values()), list(entries), loc="lower left", ncols=2, labelspacing=0.25, borderaxespad=0.1
    )
