"""The first figure of comment 3: how useful and how robust the singular vectors are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.pictures import Picture
from advex.discussion.goh_features.figures import features
from advex.draw import lettering, marks, style
from advex.draw.tables import first_repetition, published_points

_TABLE, _THUMBNAILS = "goh_features/singular_vectors", "goh_features/thumbnails"
_LETTERS = (("A", "B"), ("C", "D"), ("E", "F"))
_PUBLISHED = "published points (a selection)"


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw one row a pair: on training images, on held-out images, and six features as images."""
    table: pd.DataFrame = tables[_TABLE]
    picture: Picture = tables[_THUMBNAILS]

    def draw_row(panels: Array, pair: str) -> None:
        _draw_plane(panels[0], table, pair, "usefulness", published)
        _draw_plane(panels[1], table, pair, "usefulness_held_out", published)
        panels[1].set_ylabel("")  # as on its left
        features.thumbnails(
            panels[2],
            picture,
            pair,
            _LETTERS,
            rows=("A, B", "C, D", "E, F"),
            columns=("most\nuseful", "least\nuseful"),
        )

    return features.one_row_a_pair(
        table, context, _finding, draw_row, titles=("training images", "held-out images"),
        height_mm=(40, 62), width_ratios=(1, 1, 0.42),
    )  # fmt: skip


def _draw_plane(axis: Axes, table: pd.DataFrame, pair: str, quantity: str, published: pd.DataFrame) -> None:
    vectors = features.plane(axis, table, table, pair)
    noise = features.one(table, pair, quantity.replace("usefulness", "permuted_usefulness", 1))[0]
    axis.axhspan(
        features.LEAST_USEFUL, noise, color=style.COLOURS["neutral"], alpha=0.18, linewidth=0,
        label="95 % of features with permuted labels",
    )  # fmt: skip
    features.dots(
        axis, vectors["robustness"].to_numpy(), vectors[quantity].to_numpy(), style.COLOURS["standard"],
        label="singular vectors (those below the axis at its edge)",
    )  # fmt: skip
    x, y = features.curve(table, pair, "frontier_robustness", f"frontier_{quantity}")
    axis.plot(
        x, y, color=style.COLOURS["accent"], label="frontier fitted on training images (ridge path)", zorder=3
    )
    if quantity == "usefulness":
        first = first_repetition(table)
        letters = first[(first["pair"] == pair) & (first["quantity"] == "lettered")]
        for letter, index in zip(letters["name"], letters["feature"], strict=True):
            features.badge(axis, vectors.loc[index, "robustness"], vectors.loc[index, "usefulness"], letter)
        if pair == "plotted":
            for prefix, label in (("singular_vectors_point", _PUBLISHED), ("frontier_point", None)):
                log_x, log_y = published_points(published, prefix)
                marks.published_marks(axis, np.exp(log_x), np.exp(log_y), label, size=3)


def _finding(table: pd.DataFrame, pair: str, context: lettering.Context) -> str:
    """Say whether any non-robust singular vector is more useful than permuted labels make it."""
    ours, null, correlation = (
        features.one(table, pair, quantity).mean()
        for quantity in (
            "largest_nonrobust_usefulness", "largest_nonrobust_usefulness_permuted", "rank_correlation",
        )
    )  # fmt: skip
    claim = "no_useful_nonrobust_singular_vector"
    words = context.by_verdict(
        claim, there="No non-robust singular vector beats", against="A non-robust singular vector beats",
        open_="It is not clear whether a non-robust singular vector beats",
    )  # fmt: skip
    return (
        f"{words} chance: the most useful one has {ours:.3f}, with permuted labels {null:.3f}; "
        f"rank correlation "
        f"of usefulness and robustness {correlation:.2f}{context.reserve(claim)}"
    )
