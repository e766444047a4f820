"""The second figure of comment 3: many non-robust features of little use added up."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.pictures import Picture
from advex.discussion.goh_features.figures import features
from advex.draw import lettering, marks, style
from advex.draw.tables import first_repetition, published_value

_TABLE, _VECTORS, _THUMBNAILS = (
    "goh_features/ensembles",
    "goh_features/singular_vectors",
    "goh_features/thumbnails",
)
_BARS = (
    ("largest_member_usefulness", "neutral", "best\nmember"),
    ("usefulness", "standard", "f"),
    ("usefulness_permuted_rest", "neutral", "rest\nper-\nmuted"),
    ("usefulness_permuted", "neutral", "all\nper-\nmuted"),
    ("usefulness_held_out", "robust", "f"),
    ("usefulness_permuted_held_out", "neutral", "all\nper-\nmuted"),
)
_PLACES = (0.0, 1.0, 2.0, 3.0, 4.3, 5.3)


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw one row a pair: the plane with the ensemble, its usefulness against chance, its weights."""
    table: pd.DataFrame = tables[_TABLE]
    vectors: pd.DataFrame = tables[_VECTORS]
    picture: Picture = tables[_THUMBNAILS]

    def draw_row(panels: Array, pair: str) -> None:
        _draw_plane(panels[0], table, vectors, pair, published)
        _draw_bars(panels[1], table, pair, published)
        features.thumbnails(panels[2], picture, pair, (("E",), ("ensemble",)), rows=("E", "f"))

    return features.one_row_a_pair(
        table, context, _finding, draw_row, titles=("training images", "the ensemble f"),
        height_mm=(46, 62), width_ratios=(1, 1.1, 0.3),
    )  # fmt: skip


def _draw_plane(
    axis: Axes, table: pd.DataFrame, vectors: pd.DataFrame, pair: str, published: pd.DataFrame
) -> None:
    singular = features.plane(axis, table, vectors, pair)
    rows = first_repetition(table[table["pair"] == pair])
    rows = rows[rows["name"] == "ensemble"]
    threshold = float(rows["at"].dropna().iloc[0])
    weak = singular["robustness"] < threshold
    for chosen, colour, label in (
        (~weak, features.PALE, "other singular vectors"),
        (weak, style.COLOURS[features.MEMBER], "members of the ensemble f: all below the dashed line"),
    ):
        part = singular[chosen]
        features.dots(axis, part["robustness"].to_numpy(), part["usefulness"].to_numpy(), colour, label=label)
    axis.axvline(threshold, color="black", linestyle="--", linewidth=0.8)
    vectors_first = first_repetition(vectors)
    letters = vectors_first[(vectors_first["pair"] == pair) & (vectors_first["quantity"] == "lettered")]
    first = letters[letters["name"] == "E"]["feature"].iloc[0]
    features.badge(
        axis, singular.loc[first, "robustness"], singular.loc[first, "usefulness"], "E", role="neutral"
    )
    wanted = rows.dropna(subset=["at"]).set_index("quantity")["value"]
    features.badge(axis, float(wanted["robustness"]), float(wanted["usefulness"]), "f")
    if pair == "plotted":
        at = published_value(published, "ensemble_robustness")
        height = published_value(published, "ensemble_usefulness")
        marks.published_marks(axis, at, height, "published (measured on training images)", size=4)


def _draw_bars(axis: Axes, table: pd.DataFrame, pair: str, published: pd.DataFrame) -> None:
    for place, (quantity, role, _) in zip(_PLACES, _BARS, strict=True):
        found = features.one(table, pair, quantity, name="ensemble").tolist()
        marks.bars(axis, place, found, role, width=0.7, limits=marks.ANY)
    if pair == "plotted":
        height = published_value(published, "ensemble_usefulness")
        marks.published_marks(axis, 1.42, height, None, size=4)
    axis.axhline(0, color="black", linewidth=0.6)
    groups = ((1.5, "training images"), (4.8, "held-out images"))
    marks.group_ticks(axis, _PLACES, [label for *_, label in _BARS], groups, "")
    axis.spines["bottom"].set_visible(False)
    axis.set_ylabel("usefulness E[y f(x)]")


def _finding(table: pd.DataFrame, pair: str, context: lettering.Context) -> str:
    """Say whether the ensemble is useful on held-out images, and how that compares with training images."""
    held_out, reached, train, null = (
        features.one(table, pair, quantity, name="ensemble").mean()
        for quantity in (
            "usefulness_held_out", "usefulness_permuted_held_out", "usefulness", "usefulness_permuted",
        )
    )  # fmt: skip
    claim = "ensemble_is_useful_on_held_out_images"
    return (
        f"On held-out images the ensemble is {context.whether(claim, 'useful')}: {held_out:.3f}, "
        f"where permuted "
        f"labels reach {reached:.3f} (95 %); on training images {train:.3f}, and permuted labels {null:.3f}"
        f"{context.reserve(claim)}"
    )
