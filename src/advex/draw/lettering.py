"""The words of a figure: the finding above it, its origin below it, the legend, the names of panels."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from advex.common.names.verdicts import CONTRADICTED, NOT_MEASURABLE, NOT_TESTED, THERE
from advex.common.numbers.statistics import MeanInterval
from advex.draw.steady import SteadyLayout
from advex.draw.style import COLOURS, SMALLEST_TEXT

_TITLES = (9.0, 8.5, 8.0, 7.5, float(SMALLEST_TEXT))  # sizes, the largest that fits
TITLE_LINES = 2
"""How many lines a title has at most."""
_POINTS_PER_INCH = 72
_USED = 0.94  # of a figure's width; on pixels letters run a little wider than as paths
_WIDTHS = TextToPath()


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
        verdicts: what the claims that the figure shows come to (:mod:`advex.judge.shown`), by their names.
    """

    study: str
    figure: str
    table: str
    data: str
    seeds: int
    images: int | None
    classes: int = 10
    fewest_seeds: int | None = None
    verdicts: Mapping[str, str] = field(default_factory=dict)

    def with_origin(self, *origins: pd.DataFrame) -> "Context":
        """Add what the tables of origin note about the data: that images are lossy copies, say."""
        notes = [str(note) for origin in origins if "note" in origin for note in origin["note"]]
        return replace(self, data=", ".join([self.data, *notes]))

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in percent."""
        return 100 / self.classes

    def verdict(self, claim: str) -> str:
        """Return the verdict on a claim that the figure shows; one that nothing is known of is not tested."""
        return self.verdicts.get(claim, NOT_TESTED)

    def holds(self, *claims: str) -> bool:
        """Return whether all these claims hold: what the title says of them may then be said."""
        return all(self.verdict(claim) in THERE for claim in claims)

    def by_verdict(self, claim: str, *, there: str, against: str, open_: str) -> str:
        """Choose a title's words by the verdict on the claim that they speak of.

        Args:
            claim: its name.
            there: words for a claim that holds.
            against: words for one that is contradicted.
            open_: words for all else, which must be true of whatever was measured.
        """
        found = self.verdict(claim)
        if found in THERE:
            return there
        return against if found == CONTRADICTED else open_

    def whether(self, claim: str, words: str) -> str:
        """Return what a claim says: "useful", or "not useful", or where it is open "not clearly useful"."""
        return self.by_verdict(claim, there=words, against=f"not {words}", open_=f"not clearly {words}")

    def does(self, claim: str, verb: str, ending: str = "") -> str:
        """Return what a claim says that something does: "teach", "do not teach" or "do not clearly teach".

        Args:
            claim: its name.
            verb: what it does, in the plural.
            ending: "s" where one thing does it.
        """
        do = "does" if ending else "do"
        return self.by_verdict(
            claim, there=verb + ending, against=f"{do} not {verb}", open_=f"{do} not clearly {verb}"
        )

    def reserve(self, *claims: str) -> str:
        """Return what a title must add: that it rests on one seed, or that a premise fails."""
        if self.seeds == 1:
            return " (one seed)"
        failing = [claim for claim in claims if self.verdict(claim) == NOT_MEASURABLE]
        return " (a premise fails at this size)" if failing else ""


def title(figure: Figure, text: str) -> None:
    """Write the finding above the figure, left-aligned, in two lines; in smaller type if it is long."""
    for size in _TITLES:
        wrapped = _wrapped(figure, text, size, "bold")
        if wrapped.count("\n") < TITLE_LINES:
            break
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=size, fontweight="bold")


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


def _wrapped(figure: Figure, text: str, size: float, weight: str = "normal") -> str:
    """Break text into lines that fit the width of the figure, between words and not before a % sign."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    room = _USED * _POINTS_PER_INCH * figure.get_figwidth()
    lines = [""]
    for word in text.replace(" %", "\xa0%").split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        width = _WIDTHS.get_text_width_height_descent(longer, font, ismath=False)[0]
        if lines[-1] and width > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines).replace("\xa0%", " %").replace(" ·\n", "\n")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
