"""The marks that figures share: ours, published ones, levels, groups of bars, grids of images.

Ours is a filled mark or bar with Student's 95 % interval over seeds, as far as a value can lie there, and
the seeds as small dots; published numbers are hollow diamonds that no line joins to ours.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from advex.common.artifacts import Array
from advex.common.numbers.statistics import MeanInterval, mean_interval
from advex.draw.style import COLOURS, SMALLEST_TEXT
from advex.draw.tables import values

Limits = tuple[float, float]
"""Between which numbers lie, by what they are."""

SHARE: Limits = (0.0, 100.0)
"""Of a share of images, in percent."""
POSITIVE: Limits = (0.0, float("inf"))
"""Of a distance or a ratio."""
CORRELATION: Limits = (-1.0, 1.0)
"""Of a correlation."""
ANY: Limits = (-float("inf"), float("inf"))
"""Of what may be any number."""

_ROUNDING = 1e-6
_GROUP = 2.4  # from one group of two bars to the next
_WIDE = 0.6  # width of a bar in a group
_BESIDE = 0.44  # from the middle of such a bar to a published number beside it


def bounded(values: Sequence[float], limits: Limits) -> MeanInterval:
    """Estimate a mean with its 95 % interval, of which only what lies between the limits can be true.

    What is left of Student's interval contains the mean as often as all of it.

    Raises:
        ValueError: a value lies outside of the limits.
    """
    summary = mean_interval(values)
    low, high = limits
    found = np.asarray(values, dtype=float)  # may be unknown, NaN
    if (found < low - _ROUNDING).any() or (found > high + _ROUNDING).any():
        raise ValueError(f"found {found.min():g} to {found.max():g}; allowed: {low:g} to {high:g}")
    if summary.n == 1:
        return summary
    return replace(summary, low=max(summary.low, low), high=min(summary.high, high))


def whiskers(summary: MeanInterval) -> Array:
    """Return how far an interval reaches below and above its mean, (2, 1), as error bars ask for it."""
    return np.array([[max(0.0, summary.mean - summary.low)], [max(0.0, summary.high - summary.mean)]])


def bars(
    axis: Axes,
    position: float,
    values: Sequence[float],
    role: str,
    *,
    width: float = 0.35,
    label: str | None = None,
    limits: Limits = SHARE,
) -> MeanInterval:
    """Draw one bar at the mean over seeds, its 95 % interval (from two seeds on) and each seed as a dot.

    Args:
        axis: where to draw.
        position: centre of the bar on the x axis.
        values: one number a seed.
        role: a key of COLOURS.
        width: width of the bar on the x axis.
        label: entry in the legend.
        limits: between which the values lie by what they are, and so does the interval.
    """
    summary = bounded(values, limits)
    axis.bar(position, summary.mean, width, color=COLOURS[role], label=label, linewidth=0)
    if summary.n > 1:
        axis.errorbar(
            position, summary.mean, whiskers(summary), color="black", capsize=2, linewidth=0.8, zorder=3
        )  # fmt: skip
        offsets = np.linspace(-0.25, 0.25, summary.n) * width
        axis.plot(
            position + offsets, values, linestyle="none", marker="o", markersize=2.5, zorder=4,
            markerfacecolor="white", markeredgecolor="black", markeredgewidth=0.5, clip_on=False,
        )  # fmt: skip
    return summary


def mean_line(
    axis: Axes,
    x: Sequence[float] | Array,
    table_of_values: Array,
    role: str,
    *,
    label: str | None = None,
    linestyle: str = "-",
    marker: bool = True,
    limits: Limits = SHARE,
) -> list[MeanInterval]:
    """Draw the line of means over seeds with a band for the 95 % interval (from two seeds on).

    Args:
        axis: where to draw.
        x: (points,) positions.
        table_of_values: (seeds, points) values.
        role: a key of COLOURS.
        label: entry in the legend.
        linestyle: a line style of matplotlib.
        marker: whether to mark each point.
        limits: between which the values lie by what they are, and so does the band.
    """
    summaries = [bounded(column, limits) for column in np.asarray(table_of_values, dtype=float).T]
    colour = COLOURS[role]
    means = [summary.mean for summary in summaries]
    axis.plot(x, means, color=colour, linestyle=linestyle, marker="o" if marker else None, label=label)
    if all(summary.n > 1 for summary in summaries):
        low, high = [summary.low for summary in summaries], [summary.high for summary in summaries]
        axis.fill_between(np.asarray(x, dtype=float), low, high, color=colour, alpha=0.25, linewidth=0)
    return summaries


def published_marks(
    axis: Axes,
    x: Any,
    y: Any,
    label: str | None,
    *,
    role: str = "published",
    size: float = 5,
    clip: bool = True,
) -> None:
    """Draw published numbers as hollow diamonds, never joined; ``label`` names their source.

    ``clip`` off lets a mark at the edge of the panel be seen whole.
    """
    axis.plot(
        np.atleast_1d(x), np.atleast_1d(y), linestyle="none", marker="D", markersize=size, zorder=5,
        label=label, markerfacecolor="white", markeredgecolor=COLOURS[role], markeredgewidth=size / 5,
        clip_on=clip,
    )  # fmt: skip


def chance_line(axis: Axes, value: float, name: str = "chance") -> None:
    """Draw a thin dashed level (chance or a ceiling) with its name beside its right end, clear of data."""
    axis.axhline(value, color=COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1)
    axis.text(
        1.01, value, name, transform=axis.get_yaxis_transform(), color=COLOURS["chance"],
        fontsize=SMALLEST_TEXT, ha="left", va="center",
    )  # fmt: skip


def group_ticks(
    axis: Axes,
    positions: Sequence[float],
    labels: Sequence[str],
    groups: Sequence[tuple[float, str]],
    name: str,
) -> None:
    """Name bars and, in a line of their own below, groups of bars.

    Args:
        axis: where the bars are.
        positions: their places on the x axis.
        labels: a name for each.
        groups: place and name of each group.
        name: what the whole axis shows, written below both.
    """
    axis.set_xticks(positions, labels)
    axis.tick_params(axis="x", length=0)
    lines = max(label.count("\n") + 1 for label in labels)
    below = axis.secondary_xaxis(location=0)
    below.set_xticks([place for place, _ in groups], ["\n" * lines + name for _, name in groups])
    below.tick_params(axis="x", length=0)
    below.spines[:].set_visible(False)
    below.set_xlabel(name)


def percent_axis(axis: Axes, label: str, chance: float) -> None:
    """Let the y axis show all shares of images, 0 to 100 %, with the level of guessing.

    Args:
        axis: where shares are drawn.
        label: what they are shares of, with the unit.
        chance: what guessing reaches, in percent.
    """
    axis.set(ylim=(0, 105), yticks=range(0, 101, 20), ylabel=label)
    chance_line(axis, chance)


def answer_bars(
    axis: Axes,
    table: pd.DataFrame,
    models: Sequence[tuple[str, str, str]],
    answers: Sequence[tuple[str, str]],
    name: str,
) -> dict[tuple[str, str], float]:
    """Draw how often models give each of some answers: a bar for each answer, a group for each model.

    Args:
        axis: where to draw.
        table: a measurement with the columns seed, model, quantity and value.
        models: model, colour (a key of COLOURS) and name of each group.
        answers: quantity and name of each bar of a group.
        name: what answers and groups are, written below both.

    Returns:
        Where a published number stands beside the bar of a model's quantity, on the x axis.
    """
    beside: dict[tuple[str, str], float] = {}
    places = [_GROUP * group + step for group in range(len(models)) for step in range(len(answers))]
    shown = [(model, role, quantity) for model, role, _ in models for quantity, _ in answers]
    for place, (model, role, quantity) in zip(places, shown, strict=True):
        bars(axis, place, values(table, model=model, quantity=quantity).tolist(), role, width=_WIDE)
        beside[model, quantity] = place + _BESIDE
    middle = (len(answers) - 1) / 2
    groups = [(_GROUP * group + middle, text) for group, (*_, text) in enumerate(models)]
    group_ticks(axis, places, [text for _ in models for _, text in answers], groups, name)
    return beside


def image_grid(
    figure_or_axes: Figure | SubFigure | Axes,
    images: Array,
    row_names: Sequence[str],
    column_names: Sequence[str],
) -> Axes:
    """Draw images side by side without smoothing, with names of rows (left) and columns (above).

    Args:
        figure_or_axes: an empty figure (or part of one), or the panel to fill.
        images: (rows, columns, H, W, C) with C = 1 or 3, or (rows, columns, H, W) gray; in [0, 1].
        row_names: one name a row, or none at all.
        column_names: one name a column, or none at all.

    Raises:
        ValueError: shapes and names disagree, or values lie outside [0, 1].
    """
    images = np.asarray(images, dtype=float)
    if images.ndim == 4:
        images = images[..., np.newaxis]
    if images.ndim != 5 or images.shape[-1] not in (1, 3):
        raise ValueError(f"images must be (rows, columns, H, W, 1 or 3), found {images.shape}")
    if not (images.min() >= -1e-6 and images.max() <= 1 + 1e-6):
        raise ValueError(f"images must be in [0, 1], found {images.min():g} to {images.max():g}")
    rows, columns, height, width, _ = images.shape
    if len(row_names) not in (0, rows) or len(column_names) not in (0, columns):
        raise ValueError(
            f"{len(row_names)} row and {len(column_names)} column names for {rows} x {columns} images"
        )
    axis = figure_or_axes if isinstance(figure_or_axes, Axes) else figure_or_axes.subplots()
    gap = max(1, round(0.06 * width))
    mosaic = np.ones((rows * (height + gap) - gap, columns * (width + gap) - gap, 3))
    for row in range(rows):
        for column in range(columns):
            top, left = row * (height + gap), column * (width + gap)
            mosaic[top : top + height, left : left + width] = images[row, column]
    axis.imshow(np.clip(mosaic, 0, 1), interpolation="nearest")
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    middles = (height - 1) / 2 + np.arange(rows) * (height + gap)
    axis.set_yticks(middles if len(row_names) else [], list(row_names))
    centres = (width - 1) / 2 + np.arange(columns) * (width + gap)
    axis.set_xticks(centres if len(column_names) else [], list(column_names))
    return axis
