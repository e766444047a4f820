"""What the three figures of linear features share: the plane of robustness and usefulness, and thumbnails."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style
from advex.draw.tables import first_repetition

LEAST_USEFUL = 0.002  # where the logarithmic axis of usefulness ends
MEMBER, PALE, FOUND = "neutral", "#D9D9D9", "robust"


def pairs_of(table: pd.DataFrame) -> list[str]:
    """Return the names of the pairs of classes, in order."""
    return list(dict.fromkeys(table["pair"]))


def label_of(table: pd.DataFrame, pair: str) -> str:
    """Name the classes of a pair, for a panel's title."""
    return str(table[table["pair"] == pair]["classes"].iloc[0])


def about(table: pd.DataFrame, pairs: Sequence[str]) -> str:
    """Name the pair that a title is about, the first, where there are several."""
    return f"{label_of(table, pairs[0])}: " if len(pairs) > 1 else ""


def of_pairs(context: lettering.Context, table: pd.DataFrame) -> lettering.Context:
    """Let a context count the held-out images of a pair, not those of all classes."""
    return replace(context, images=int(table["images"].max()))


def one_row_a_pair(
    table: pd.DataFrame,
    context: lettering.Context,
    finding: Callable[[pd.DataFrame, str, lettering.Context], str],
    draw_row: Callable[[Array, str], None],
    *,
    titles: tuple[str, str],
    height_mm: tuple[float, float],
    width_ratios: tuple[float, float, float],
) -> Figure:
    """Draw a figure that has a row of three panels for each pair of classes.

    Args:
        table: the measurement that the figure is about.
        context: origin of the figure.
        finding: what the title says of a pair in the table; it is asked of the first, which claims are about.
        draw_row: draws into panels (3,) what a pair has.
        titles: of the first two panels, behind their letters and the pair's classes.
        height_mm: of all that is no row, and of a row.
        width_ratios: of the three panels.
    """
    pairs = pairs_of(table)
    around, each = height_mm
    figure, axes = style.canvas(
        style.PAGE_WIDTH, around + each * len(pairs), len(pairs), 3, width_ratios=width_ratios
    )
    for row, (pair, panels) in enumerate(zip(pairs, axes, strict=True)):
        draw_row(panels, pair)
        for place, (panel, title) in enumerate(zip(panels, titles, strict=False), 2 * row):
            panel.set_title(f"{lettering.letter(place)}  {label_of(table, pair)}: {title}")
    lettering.title(figure, about(table, pairs) + finding(table, pairs[0], context))
    lettering.footer(figure, of_pairs(context, table))
    lettering.legend_below(figure, 2)
    return figure


def one(table: pd.DataFrame, pair: str, quantity: str, **columns: object) -> Array:
    """Return one number a repetition, in their order, of a quantity of a pair.

    Raises:
        UserError: there is none.
    """
    chosen = table[(table["pair"] == pair) & (table["quantity"] == quantity)]
    for name, value in columns.items():
        chosen = chosen[chosen[name].isna() if value is None else chosen[name] == value]
    if chosen.empty:
        raise UserError(
            f"the measurement has no {quantity} of pair {pair!r} with {columns}; measure it again"
        )
    return chosen.sort_values("seed")["value"].to_numpy(dtype=float)


def curve(table: pd.DataFrame, pair: str, x: str, y: str) -> tuple[Array, Array]:
    """Return two quantities of the first repetition along its points."""
    rows = first_repetition(table[table["pair"] == pair])
    wide = rows[rows["quantity"].isin([x, y])].pivot_table(index="point", columns="quantity", values="value")
    return wide[x].to_numpy(dtype=float), wide[y].to_numpy(dtype=float)


def vectors_of(table: pd.DataFrame, pair: str) -> pd.DataFrame:
    """Return robustness, usefulness and usefulness_held_out of each singular vector, first repetition."""
    rows = first_repetition(table[table["pair"] == pair])
    rows = rows[rows["feature"].notna()]
    rows = rows[rows["quantity"].isin(["robustness", "usefulness", "usefulness_held_out"])]
    return rows.pivot_table(index="feature", columns="quantity", values="value")


def plane(axis: Axes, table: pd.DataFrame, vectors: pd.DataFrame, pair: str) -> pd.DataFrame:
    """Prepare the plane: logarithmic axes and the lines on which robust usefulness is zero.

    Args:
        axis: where to draw.
        table: names the radii; above the line of a radius, usefulness is left after its attack.
        vectors: measurement of the singular vectors, whose robustness sets the width.
        pair: a pair of classes.

    Returns:
        The :func:`vectors_of` of the pair.
    """
    singular = vectors_of(vectors, pair)
    epsilons = sorted(table["epsilon"].dropna().unique())
    low, high = float(singular["robustness"].min()) / 1.6, float(singular["robustness"].max()) * 1.8
    axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(LEAST_USEFUL, 1.6))
    axis.set_xlabel("robustness √(aᵀΣa) / ‖a‖₂ (pixel values)")
    axis.set_ylabel("usefulness E[y f(x)]")
    x = np.geomspace(low, high, 50)
    for epsilon in epsilons:
        axis.plot(x, epsilon / x, color=style.COLOURS["chance"], linewidth=0.6, linestyle=":", zorder=1)
    text = "robust usefulness 0; from left to right ε = " + ", ".join(f"{epsilon:g}" for epsilon in epsilons)
    axis.plot([], [], color=style.COLOURS["chance"], linewidth=0.8, linestyle=":", label=text)
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.minorticks_off()
    return singular


def dots(axis: Axes, x: Array, y: Array, colour: str, *, label: str | None = None, size: float = 2.2) -> None:
    """Draw features as dots; those of no or negative usefulness lie on the lower edge of the panel."""
    axis.plot(
        x, np.maximum(y, LEAST_USEFUL), linestyle="none", marker="o", markersize=size, markeredgewidth=0,
        color=colour, label=label, zorder=2, clip_on=False, rasterized=len(x) > 500,
    )  # fmt: skip


def badge(axis: Axes, x: float, y: float, text: str, *, role: str = FOUND) -> None:
    """Mark a feature by a letter in a disc."""
    axis.plot(
        x, max(y, LEAST_USEFUL), linestyle="none", marker="o", markersize=8, color=style.COLOURS[role],
        markeredgecolor="white", markeredgewidth=0.6, zorder=6, clip_on=False,
    )  # fmt: skip
    axis.annotate(
        text, (x, max(y, LEAST_USEFUL)), ha="center", va="center_baseline", color="white", zorder=7,
        fontsize=style.SMALLEST_TEXT, fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def thumbnails(
    axis: Axes, picture: Picture, pair: str, names: Sequence[Sequence[str]], **labels: Sequence[str]
) -> None:
    """Draw weights as small images, zero is grey.

    Args:
        axis: the panel to fill.
        picture: the thumbnails.
        pair: its row of them.
        names: columns of the picture, one list a row of the panel.
        **labels: ``rows`` and ``columns`` to write beside and above.
    """
    row = picture.images[picture.rows.index(pair)]
    images = np.stack([[row[picture.columns.index(name)] for name in line] for line in names])
    marks.image_grid(axis, images.transpose(0, 1, 3, 4, 2), labels.get("rows", ()), labels.get("columns", ()))
