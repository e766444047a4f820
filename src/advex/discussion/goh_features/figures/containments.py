"""The third figure of comment 3: a robust feature inside a non-robust one, and how to tell it apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.pictures import Picture
from advex.common.settings import MAIN_SUCCESS
from advex.discussion.goh_features.figures import features
from advex.draw import lettering, marks
from advex.draw.tables import published_value

_TABLE, _VECTORS, _THUMBNAILS = (
    "goh_features/containments",
    "goh_features/singular_vectors",
    "goh_features/thumbnails",
)
_POINTS = (("robust", "1", "neutral"), ("nonrobust", "2", "neutral"), ("contained", "f", "robust"))
_SOURCES = (
    ("contained", "robust", "f, contained feature"),
    ("ensemble", "standard", "ensemble"),
    ("robust", "neutral", "1, robust feature alone"),
)
_LEARNERS = (("least_squares", 0.0), ("difference_of_means", 0.52))


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw one row a pair: the plane with the path, the next-class experiment, the features as images."""
    table: pd.DataFrame = tables[_TABLE]
    vectors: pd.DataFrame = tables[_VECTORS]
    picture: Picture = tables[_THUMBNAILS]

    def draw_row(panels: Array, pair: str) -> None:
        _draw_plane(panels[0], table, vectors, pair, published)
        _draw_transfer(panels[1], table, pair)
        features.thumbnails(
            panels[2], picture, pair, (("robust",), ("contained",), ("nonrobust",)), rows=("1", "f", "2")
        )

    return features.one_row_a_pair(
        table, context, _finding, draw_row, titles=("training images", "next-class examples"),
        height_mm=(46, 64), width_ratios=(1, 1.1, 0.25),
    )  # fmt: skip


def _draw_plane(
    axis: Axes, table: pd.DataFrame, vectors: pd.DataFrame, pair: str, published: pd.DataFrame
) -> None:
    singular = features.plane(axis, table, vectors, pair)
    features.dots(
        axis, singular["robustness"].to_numpy(), singular["usefulness"].to_numpy(), features.PALE,
        label="singular vectors",
    )  # fmt: skip
    for quantity, dashes, label in (
        ("path_usefulness", "-", "from 2 to 1 by interpolation"),
        ("path_usefulness_held_out", "--", "the same on held-out images"),
    ):
        x, y = features.curve(table, pair, "path_robustness", quantity)
        y = np.where(y > 0, y, np.nan)
        axis.plot(x, y, color="black", linestyle=dashes, linewidth=0.9, zorder=3, label=label)
    for name, text, role in _POINTS:
        x = features.one(table, pair, "robustness", name=name)[0]
        features.badge(axis, x, features.one(table, pair, "usefulness", name=name)[0], text, role=role)
    if pair == "plotted":
        at = [published_value(published, f"{name}_robustness") for name, *_ in _POINTS]
        heights = [published_value(published, f"{name}_usefulness") for name, *_ in _POINTS]
        marks.published_marks(axis, at, heights, "published", size=4)


_ABBREVIATIONS = "LS: least squares, DM: difference of means"


def _draw_transfer(axis: Axes, table: pd.DataFrame, pair: str) -> None:
    ticks = []
    for group, sees in enumerate(("parts", "all")):
        for number, (source, role, label) in enumerate(_SOURCES):
            ticks.append((4.6 * group + 1.4 * number + 0.26, "LS  DM"))
            for learner, offset in _LEARNERS:
                place = 4.6 * group + 1.4 * number + offset
                values = _accuracy(table, pair, source, sees, learner)
                marks.bars(axis, place, values.tolist(), role, width=0.46, label=label)
    axis.set(ylim=(0, 104), yticks=range(0, 101, 25), ylabel="accuracy on held-out images (%)")
    groups = ((1.66, "learner sees the\nfeature's parts"), (6.26, "learner sees\nall features"))
    marks.group_ticks(
        axis, [place for place, _ in ticks], [text for _, text in ticks], groups, _ABBREVIATIONS
    )
    marks.chance_line(axis, 50, "chance")


def _accuracy(table: pd.DataFrame, pair: str, source: str, sees: str, learner: str) -> Any:
    rows = table[(table["at"] - MAIN_SUCCESS).abs() < 1e-9]
    return features.one(rows, pair, "transfer_accuracy", name=source, sees=sees, learner=learner)


def _finding(table: pd.DataFrame, pair: str, context: lettering.Context) -> str:
    """Say whether there is a contained feature, and whether its next-class examples mislead."""
    claims = "containment_is_useful", "next_class_examples_of_a_containment_fail"
    contained, ensemble = (
        _accuracy(table, pair, source, "parts", "least_squares").mean()
        for source in ("contained", "ensemble")
    )
    useful = features.one(table, pair, "usefulness", name="contained").mean()
    radius = features.one(table, pair, "radius_useful", name="contained").mean()
    return (
        f"The contained feature is {context.whether(claims[0], 'useful but not robust')} "
        f"({useful:.2f}, up to ε = "
        f"{radius:.2g}); its next-class examples {context.does(claims[1], 'mislead')} "
        f"({contained:.0f} % right, "
        f"chance 50; the ensemble's {ensemble:.0f} %){context.reserve(*claims)}"
    )
