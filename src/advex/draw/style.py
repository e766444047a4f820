"""The one style of all figures: sizes, colours with a fixed meaning, and the marks that figures share.

Ours is a filled mark or bar with Student's 95 % interval over seeds and the seeds as small dots;
published numbers are hollow diamonds that no line joins to ours. Lengths are millimetres in print, text
is 7 pt or more.
"""

import io
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import fontManager
from PIL import Image

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.files import atomic_path, write_text
from advex.common.statistics import MeanInterval, mean_interval
from advex.draw.steady import PngCanvas, SteadyLayout, SvgCanvas, steady_svg

COLUMN_WIDTH = 85
PAGE_WIDTH = 175
SMALLEST_TEXT = 7

# The colour-blind-safe palette of Okabe and Ito; "published" and the greys complete it.
COLOURS: dict[str, str] = {
    "standard": "#0072B2",
    "robust": "#D55E00",
    "from_standard": "#56B4E9",
    "from_robust": "#E69F00",
    "published": "#000000",
    "neutral": "#8C8C8C",
    "chance": "#595959",
    "accent": "#009E73",
    "second_accent": "#CC79A7",
}

_TEXT = 7.5
_TITLE = 9
_MILLIMETRES_PER_INCH = 25.4
_POINTS_PER_MILLIMETRE = 72 / _MILLIMETRES_PER_INCH
_CHARACTER_WIDTH = 0.58  # mean advance of DejaVu Sans in units of its size, a little generous
_BOLD = 1.1  # how much wider bold text runs
_DOTS_PER_INCH = 150
_SETTINGS: Any = {  # matplotlib types the keys by version
    "font.family": "DejaVu Sans",  # ships with matplotlib, so figures are equal on every machine
    "font.size": _TEXT,
    "axes.titlesize": _TEXT,
    "axes.labelsize": _TEXT,
    "xtick.labelsize": SMALLEST_TEXT,
    "ytick.labelsize": SMALLEST_TEXT,
    "legend.fontsize": SMALLEST_TEXT,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "advex",
}


@dataclass(frozen=True)
class Context:
    """What a figure says about its own origin.

    Attributes:
        study: name of the study ("digits").
        figure: source and name of the figure ("ilyas/relabelled").
        table: path of the table behind it, relative to the repository.
        data: the data in words ("digits, 8x8").
        seeds: number of independent repetitions.
        images: number of test images, or None where images play no role.
        classes: number of classes.
    """

    study: str
    figure: str
    table: str
    data: str
    seeds: int
    images: int | None
    classes: int = 10

    def with_origin(self, *origins: pd.DataFrame) -> "Context":
        """Add what the tables of origin note about the data: that images are lossy copies, say."""
        notes = [str(note) for origin in origins if "note" in origin for note in origin["note"]]
        return replace(self, data=", ".join([self.data, *notes]))

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in percent."""
        return 100 / self.classes


def letter(index: int) -> str:
    """Name the panel of a place, from 0: a to z, then aa, ab and so on."""
    first, last = divmod(index, 26)
    return (letter(first - 1) if first else "") + chr(ord("a") + last)


def line_style(index: int) -> Any:
    """Return a line style of matplotlib that differs for every place, from 0; the fifth on has many dots."""
    named = ("-", "--", ":", "-.")
    return named[index] if index < len(named) else (0, (5, 1.5, *(1, 1.5) * (index - 2)))


def _use_own_settings() -> None:
    """Start from matplotlib's own defaults and fonts, whatever the user's matplotlibrc and machine have."""
    defaults: Any = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    matplotlib.rcParams.update({**defaults, **_SETTINGS})
    shipped = Path(matplotlib.get_data_path())
    fontManager.ttflist = [font for font in fontManager.ttflist if shipped in Path(font.fname).parents]


def canvas(
    width_mm: float, height_mm: float, rows: int = 1, columns: int = 1, **subplots_keywords: Any
) -> tuple[Figure, Array]:
    """Make a figure of the given print size in the common style.

    Args:
        width_mm: width in millimetres, usually COLUMN_WIDTH or PAGE_WIDTH.
        height_mm: height in millimetres.
        rows: number of rows of panels.
        columns: number of columns of panels.
        **subplots_keywords: further keywords of :meth:`matplotlib.figure.Figure.subplots`.

    Returns:
        The figure and its panels, an array of Axes of shape (rows, columns).
    """
    _use_own_settings()
    size = (width_mm / _MILLIMETRES_PER_INCH, height_mm / _MILLIMETRES_PER_INCH)
    figure = Figure(figsize=size, layout=SteadyLayout())
    return figure, figure.subplots(rows, columns, squeeze=False, **subplots_keywords)


def bars(
    axis: Axes,
    position: float,
    values: Sequence[float],
    role: str,
    *,
    width: float = 0.35,
    label: str | None = None,
) -> MeanInterval:
    """Draw one bar at the mean over seeds, its 95 % interval (from two seeds on) and each seed as a dot.

    Args:
        axis: where to draw.
        position: centre of the bar on the x axis.
        values: one number a seed.
        role: a key of COLOURS.
        width: width of the bar on the x axis.
        label: entry in the legend.
    """
    summary = mean_interval(values)
    axis.bar(position, summary.mean, width, color=COLOURS[role], label=label, linewidth=0)
    if summary.n > 1:
        axis.errorbar(
            position, summary.mean, summary.half_width, color="black", capsize=2, linewidth=0.8, zorder=3
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
    """
    summaries = [mean_interval(column) for column in np.asarray(table_of_values, dtype=float).T]
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


def title(figure: Figure, text: str) -> None:
    """Write the finding above the figure, left-aligned, wrapped to its width."""
    wrapped = _wrapped(figure, text, _BOLD * _TITLE)
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=_TITLE, fontweight="bold")


def footer(figure: Figure, context: Context) -> None:
    """Write the origin of the figure below it: study, data, number of seeds and images, table."""
    parts = [f"study {context.study}: {context.data}", _counted(context.seeds, "seed")]
    if context.images is not None:
        parts.append(_counted(context.images, "image"))
    text = _wrapped(figure, " · ".join([*parts, context.table]), SMALLEST_TEXT)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=SMALLEST_TEXT, color=COLOURS["chance"])


def legend_below(figure: Figure, columns: int) -> None:
    """Write one legend for all panels, each entry once, between the panels and the footer; call it last.

    It takes fewer columns than asked for where so many would be wider than the figure.
    """
    entries: dict[str, Artist] = {}
    for axis in figure.axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    lines = figure.get_supxlabel().count("\n") + 1
    lift = (lines * 1.3 * SMALLEST_TEXT + 4) / (72 * figure.get_figheight())
    for few in range(columns, 0, -1):
        legend = figure.legend(
            list(entries.values()), list(entries), ncols=few, loc="lower left", bbox_to_anchor=(0, lift)
        )
        if few == 1 or legend.get_window_extent().x1 <= figure.bbox.x1:
            break
        legend.remove()
    height = legend.get_window_extent().height / figure.bbox.height
    figure.set_layout_engine(SteadyLayout(rect=(0, height, 1, 1 - height)))


def published_value(published: pd.DataFrame, key: str) -> float:
    """Look up one published number by its key.

    Raises:
        UserError: no row or more than one has this key.
    """
    found = published.loc[published["key"] == key, "value"]
    if len(found) != 1:
        raise UserError(f"published numbers: {len(found)} rows have the key {key!r}, one is expected")
    return float(found.iloc[0])


def published_points(published: pd.DataFrame, prefix: str) -> tuple[Array, Array]:
    """Look up the published points whose keys are ``prefix`` and a number: their x and their values.

    Raises:
        UserError: there is none.
    """
    found = published[published["key"].str.fullmatch(rf"{re.escape(prefix)}\d+")].sort_values("x")
    if found.empty:
        raise UserError(f"published numbers: no key is {prefix!r} and a number")
    return found["x"].to_numpy(dtype=float), found["value"].to_numpy(dtype=float)


def direction(difference: MeanInterval) -> int:
    """Say which side of 0 a title may claim: 1 or -1 where the 95 % interval excludes 0, else 0.

    A single seed has no interval and answers with its sign; :func:`one_seed` says so in the title.
    """
    if difference.n == 1:
        return int(np.sign(difference.mean))
    return int(difference.low > 0) - int(difference.high < 0)


def one_seed(difference: MeanInterval) -> str:
    """Return what a title adds where its claim rests on a single seed."""
    return " (one seed)" if difference.n == 1 else ""


def save(figure: Figure, svg_path: str | os.PathLike[str], png_path: str | os.PathLike[str]) -> None:
    """Write the figure as SVG and as PNG of 256 colours, 150 dots an inch; equal ones give equal bytes."""
    lines, drawn = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context():
        _use_own_settings()
        SvgCanvas(figure).print_figure(lines, format="svg", dpi=_DOTS_PER_INCH, metadata={"Date": None})
        PngCanvas(figure).print_figure(drawn, format="png", dpi=_DOTS_PER_INCH)
    write_text(svg_path, steady_svg(lines.getvalue().decode()))
    with Image.open(drawn) as picture, atomic_path(png_path) as temporary:
        few_colours = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few_colours.save(temporary, format="png", optimize=True)


def _wrapped(figure: Figure, text: str, size: float) -> str:
    """Break text into lines that fit the width of the figure, between words and not before a % sign."""
    width = figure.get_figwidth() * _MILLIMETRES_PER_INCH * _POINTS_PER_MILLIMETRE
    characters = int(0.98 * width / (_CHARACTER_WIDTH * size))
    lines = textwrap.wrap(
        text.replace(" %", "\xa0%"), characters, break_on_hyphens=False, break_long_words=False
    )
    return "\n".join(lines).replace("\xa0%", " %").replace(" ·\n", "\n")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
