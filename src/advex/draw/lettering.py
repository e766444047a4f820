"""The words of a figure: the finding above it, its origin below it, the legend, the names of panels."""

import textwrap
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from advex.common.numbers.statistics import MeanInterval
from advex.draw.steady import SteadyLayout
from advex.draw.style import COLOURS, SMALLEST_TEXT

_TITLE = 9
_POINTS_PER_INCH = 72
_CHARACTER_WIDTH = 0.58  # mean advance of DejaVu Sans in units of its size, a little generous
_BOLD = 1.1  # how much wider bold text runs


@dataclass(frozen=True)
class Context:
    """What a figure says about its own origin.

    Attributes:
        study: name of the study ("digits").
        figure: source and name of the figure ("ilyas/relabelled").
        table: path of the table behind it, relative to the repository.
        data: the data in words ("digits, 8x8").
        seeds: number of independent repetitions; of the table that has most, where a figure draws several.
        images: number of test images, or None where images play no role.
        classes: number of classes.
        fewest_seeds: number of repetitions of the table that has fewest; None where all have the same.
    """

    study: str
    figure: str
    table: str
    data: str
    seeds: int
    images: int | None
    classes: int = 10
    fewest_seeds: int | None = None

    def with_origin(self, *origins: pd.DataFrame) -> "Context":
        """Add what the tables of origin note about the data: that images are lossy copies, say."""
        notes = [str(note) for origin in origins if "note" in origin for note in origin["note"]]
        return replace(self, data=", ".join([self.data, *notes]))

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in percent."""
        return 100 / self.classes


def title(figure: Figure, text: str) -> None:
    """Write the finding above the figure, left-aligned, wrapped to its width."""
    wrapped = _wrapped(figure, text, _BOLD * _TITLE)
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=_TITLE, fontweight="bold")


def footer(figure: Figure, context: Context) -> None:
    """Write the origin of the figure below it: study, data, number of seeds and images, table."""
    fewest = context.fewest_seeds or context.seeds
    seeds = _counted(context.seeds, "seed")
    if fewest != context.seeds:
        seeds = f"{fewest} to {seeds}"
    parts = [f"study {context.study}: {context.data}", seeds]
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
    lift = (lines * 1.3 * SMALLEST_TEXT + 4) / (_POINTS_PER_INCH * figure.get_figheight())
    for few in range(columns, 0, -1):
        legend = figure.legend(
            list(entries.values()), list(entries), ncols=few, loc="lower left", bbox_to_anchor=(0, lift)
        )
        for text in legend.get_texts():  # measured here, before the whole figure is taken literally
            text.set_parse_math(False)
        if few == 1 or legend.get_window_extent().x1 <= figure.bbox.x1:
            break
        legend.remove()
    height = legend.get_window_extent().height / figure.bbox.height
    figure.set_layout_engine(SteadyLayout(rect=(0, height, 1, 1 - height)))


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


def letter(index: int) -> str:
    """Name the panel of a place, from 0: a to z, then aa, ab and so on."""
    first, last = divmod(index, 26)
    return (letter(first - 1) if first else "") + chr(ord("a") + last)


def _wrapped(figure: Figure, text: str, size: float) -> str:
    """Break text into lines that fit the width of the figure, between words and not before a % sign."""
    width = _POINTS_PER_INCH * figure.get_figwidth()
    characters = int(0.98 * width / (_CHARACTER_WIDTH * size))
    lines = textwrap.wrap(
        text.replace(" %", "\xa0%"), characters, break_on_hyphens=False, break_long_words=False
    )
    return "\n".join(lines).replace("\xa0%", " %").replace(" ·\n", "\n")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
