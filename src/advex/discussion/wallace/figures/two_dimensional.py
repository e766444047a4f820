"""Figure 2 of Wallace's comment over many repetitions, and the two worlds of the authors' response."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from advex.common.numbers.statistics import mean_interval
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_TABLE, _REGIONS, _WORLDS = "wallace/two_dimensional", "wallace/regions", "wallace/worlds"
_PANELS = (  # title, network of the regions, points
    ("a  Original points, network 1", 0, "original"),
    ("b  Adversarial points, network 1", 0, "adversarial"),
    ("c  Network 2 learns only b", 1, "adversarial"),
    ("d  Network 2, original points", 1, "original"),
)
_FLAT = ListedColormap(["#CFE6F5", "#F7D9C4"])
_INK = (style.COLOURS["standard"], style.COLOURS["robust"])
_RADII_COLOURS = ("from_standard", "from_robust", "neutral", "accent", "second_accent")
_TARGETS = (("random", "accent", "random targets"), ("flipped", "second_accent", "flipped targets"))


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the four panels for the published points, the counts of both kinds of points, and the worlds."""
    table: pd.DataFrame = tables[_TABLE]
    figure, axes = style.canvas(style.PAGE_WIDTH, 128, 2, 1, height_ratios=[1, 1.05])
    for axis in axes[:, 0]:
        axis.axis("off")
    upper = axes[0, 0].get_subplotspec().subgridspec(1, len(_PANELS))
    for place, panel in enumerate(_PANELS):
        _draw_points(figure.add_subplot(upper[place]), table, tables[_REGIONS], *panel)
    lower = axes[1, 0].get_subplotspec().subgridspec(1, 3, width_ratios=[1, 1, 1.05])
    for place, kind in enumerate(("random", "published")):
        axis = figure.add_subplot(lower[place])
        _draw_counts(axis, table, kind, published)
        axis.set_title(f"{'ef'[place]}  {kind.capitalize()} points")
    _draw_worlds(figure.add_subplot(lower[2]), tables[_WORLDS])
    repetitions = int(values(table, points="random", quantity="majority_class").size)
    context = replace(context, seeds=repetitions)
    lettering.title(figure, _finding(table, published, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _radii(table: pd.DataFrame) -> list[float]:
    return sorted(table["radius"].dropna().unique().tolist())


def _draw_points(
    axis: Axes, table: pd.DataFrame, regions: Picture, title: str, network: int, which: str
) -> None:
    """Draw points of the first repetition on a network's decision regions; boxes at the first radius."""
    radius = _radii(table)[0]
    axis.imshow(
        regions.images[0, network, 0], origin="lower", extent=(0, 1, 0, 1), cmap=_FLAT, vmin=0, vmax=1,
        interpolation="nearest",
    )  # fmt: skip
    shown = table[(table["points"] == "published") & (table["quantity"] == which)]
    shown = shown if which == "original" else shown[shown["radius"] == radius]
    for label, colour in enumerate(_INK):
        part = shown[shown["value"] == label]
        axis.plot(part["x"], part["y"], "o", color=colour, markersize=3, clip_on=False)
    if title.startswith("a"):
        for x, y in zip(shown["x"], shown["y"], strict=True):
            corner = (x - radius, y - radius)
            axis.add_patch(Rectangle(corner, 2 * radius, 2 * radius, fill=False, linewidth=0.5))
    axis.set(
        xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1) if title.startswith("a") else ()
    )
    axis.set_title(title, fontsize=style.SMALLEST_TEXT)


def _draw_counts(axis: Axes, table: pd.DataFrame, kind: str, published: pd.DataFrame) -> None:
    """Draw how many repetitions classify how many of the points correctly, by radius."""
    largest = values(table, points=kind, quantity="majority_class")
    count = int((table[(table["points"] == kind) & (table["quantity"] == "original")]["point"]).max()) + 1
    edges = np.arange(-0.5, count + 1)
    for number, radius in enumerate(_radii(table)):
        again, place = divmod(number, len(_RADII_COLOURS))
        role = _RADII_COLOURS[place]
        found = values(table, points=kind, quantity="correct", radius=radius)
        heights = 100 * np.histogram(found, edges)[0] / len(found)
        axis.stairs(heights, edges, color=style.COLOURS[role], fill=True, alpha=0.35)
        axis.stairs(
            heights,
            edges,
            color=style.COLOURS[role],
            linewidth=1.2,
            linestyle=style.line_style(again),
            label=f"second network, radius {radius:g}",
        )
    axis.axvline(largest.mean(), color="black", linestyle=":", linewidth=1, label="larger class (mean)")
    axis.set_ylim(0, 1.08 * axis.dataLim.y1)
    marks.published_marks(axis, published_value(published, "points_correct"), 0.6, "published", clip=False)
    axis.set_xlim(0, count)
    axis.set_xlabel(f"original points right, of {count}")
    axis.set_ylabel(f"% of {len(largest)} repetitions")


def _draw_worlds(axis: Axes, worlds: pd.DataFrame) -> None:
    for target, role, name in _TARGETS:
        rows = worlds[worlds["target"] == target]
        x = np.sort(rows["fine_accuracy"].unique())
        found = [values(rows, quantity="accuracy", fine_accuracy=at) for at in x]
        exact = [values(rows, quantity="accuracy_exact", fine_accuracy=at)[0] for at in x]
        summaries = [mean_interval(column.tolist()) for column in found]
        axis.plot(x, exact, color=style.COLOURS[role], label=f"{name}: exact, simulated")
        axis.errorbar(
            x, [each.mean for each in summaries],
            [each.half_width if each.n > 1 else 0.0 for each in summaries],
            linestyle="none", marker="o", markersize=3, color=style.COLOURS[role], ecolor="black",
            elinewidth=0.8, capsize=1.5,
        )  # fmt: skip
    axis.axhline(50, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, label="chance")
    axis.set(xlim=(48, 100), ylim=(30, 100), xlabel="accuracy of the fine feature (%)")
    axis.set_ylabel("accuracy learnt (%)")
    axis.text(50.3, 96.5, "World 1", fontsize=style.SMALLEST_TEXT, va="center")
    axis.text(99, 96.5, "World 2", fontsize=style.SMALLEST_TEXT, va="center", ha="right")
    axis.set_title("g  The response's two worlds")


_STATED = "wallace_points_correct_stated_radius"


def _finding(table: pd.DataFrame, published: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether adversarial examples teach more than the larger class, by the claims on both radii."""
    random = table[table["points"] == "random"]
    count = int(random[random["quantity"] == "original"]["point"].max()) + 1
    majority = values(random, quantity="majority_class").mean()
    found = ", ".join(
        f"{values(random, quantity='correct', radius=radius).mean():.1f} at radius {radius:g}"
        for radius in _radii(table)
    )
    words = context.by_verdict(
        _STATED, there="more points than the larger class has",
        against="no more points than the larger class has",
        open_="not clearly more points at both radii than the larger class has",
    )  # fmt: skip
    return (
        f"Adversarial examples alone teach {words}: of {count} points {found}, larger class {majority:.1f}; "
        f"published, once: {published_value(published, 'points_correct'):.0f}{context.reserve(_STATED)}"
    )
