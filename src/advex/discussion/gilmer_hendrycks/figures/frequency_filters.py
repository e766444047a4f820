"""Figure 1 of Gilmer and Hendrycks: accuracy of networks trained and tested behind a frequency filter."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.numbers.frequency import FilterKind, filter_mask, filtered
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style
from advex.draw.tables import published_points, published_value, values

_TABLE, _PICTURE = "gilmer_hendrycks/frequency_filters", "gilmer_hendrycks/test_images"
_FILTERS: tuple[tuple[FilterKind, str, str], ...] = (
    ("low_pass", "low-pass", "accent"),
    ("high_pass", "high-pass", "second_accent"),
)
_PUBLISHED_SIDE = 224
# Of the side, where the claims look, or at the next width above: high-passed images look grey; low-passed
# ones are blobs (7 of 224 pixels).
_LOOKED_AT = {"low_pass": 0.03, "high_pass": 0.37}
_CLAIMS = {"low_pass": "low_pass_blobs", "high_pass": "high_pass_invisible"}
_PICTURES = 4  # columns of filtered images


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy against bandwidth from "frequency_filters", and a filtered image of "test_images"."""
    table: pd.DataFrame = tables[_TABLE]
    picture: Picture = tables[_PICTURE]
    figure, axes = style.canvas(style.PAGE_WIDTH, 92, 1, 2, width_ratios=(1.15, 1))
    curves = {kind: _curve(table, kind) for kind, *_ in _FILTERS}
    _draw_curves(axes[0, 0], curves, published)
    unfiltered = values(table, objective="none")
    marks.chance_line(axes[0, 0], float(unfiltered.mean()), "no filter")
    marks.chance_line(axes[0, 0], context.chance)
    _draw_images(axes[0, 1], picture.images[0, 0], table)
    lettering.title(figure, _finding(curves, context, published))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 2)
    return figure


def _curve(table: pd.DataFrame, kind: str) -> tuple[Array, Array]:
    """Return bandwidths over the side, (points,), and accuracies, (seeds, points)."""
    shares = np.unique(table.loc[table["objective"] == kind, "relative_bandwidth"])
    found = [values(table, objective=kind, quantity="accuracy", relative_bandwidth=share) for share in shares]
    return shares, np.stack(found, axis=1)


def _draw_curves(
    axis: Axes, curves: Mapping[FilterKind, tuple[Array, Array]], published: pd.DataFrame
) -> None:
    for kind, name, role in _FILTERS:
        marks.mean_line(axis, *curves[kind], role, label=f"ours, {name}")
        share, found = _looked_at(curves, kind)
        axis.plot(
            share, found.mean(), linestyle="none", marker="o", markersize=8, markerfacecolor="none",
            markeredgecolor="black", clip_on=False, label="what the title speaks of",
        )  # fmt: skip
        sizes, accuracies = published_points(published, f"figure1_{kind}_size")
        label = f"published (Fig. 1), {name}, ImageNet (chance is 0.1 %)"
        marks.published_marks(axis, sizes / _PUBLISHED_SIDE, accuracies, label, role=role, size=3.5)
    axis.set(xlim=(0, 1.02), ylim=(0, 103), yticks=range(0, 101, 20))
    axis.set_xlabel("bandwidth kept / side of the image")
    axis.set_ylabel("test accuracy behind the filter (%)")


def _draw_images(axis: Axes, image: Array, table: pd.DataFrame) -> None:
    """Draw an image (C, H, W) behind filters: low-pass, high-pass on grey, high-pass normalised.

    Below each column stands how much of the test images' power the high-pass keeps.
    """
    kept_power = table[(table["quantity"] == "power_kept") & (table["objective"] == "high_pass")]
    power = kept_power.groupby("bandwidth")["value"].mean()
    bandwidths = power.index.to_numpy(dtype=int)
    chosen = bandwidths[
        np.linspace(0, len(bandwidths) - 1, min(_PICTURES, len(bandwidths))).round().astype(int)
    ]
    side = image.shape[-1]
    shown: tuple[tuple[FilterKind, Callable[[Array], Array]], ...] = (
        ("low_pass", _clipped),
        ("high_pass", _on_grey),
        ("high_pass", _normalised),
    )
    rows: list[Array] = []
    for kind, show in shown:
        kept = [show(filtered(image, filter_mask(kind, int(width), side))) for width in chosen]
        rows.append(np.stack([np.ones_like(image) if rows else image, *kept]))
    names = ("low-pass", "high-pass", "high-pass,\nnormalised")
    labels = ["original", *(f"{width} of {side}" for width in chosen)]
    marks.image_grid(axis, np.stack(rows).transpose(0, 1, 3, 4, 2), names, labels)
    axis.set_title("bandwidth kept", pad=16, loc="center")
    below = axis.secondary_xaxis("bottom")
    below.set_xticks(axis.get_xticks(), ["", *(f"{power[width]:.2g} %" for width in chosen)])
    below.tick_params(length=0)
    below.spines[:].set_visible(False)
    below.set_xlabel("power of the test images that the high-pass keeps\n(of all frequencies but zero)")


def _clipped(image: Array) -> Array:
    return np.clip(image, 0, 1)


def _on_grey(image: Array) -> Array:
    return np.clip(image + 0.5, 0, 1)


def _normalised(image: Array) -> Array:
    """Give an image unit variance, then stretch it to [0, 1], as the comment does to show it."""
    standard = (image - image.mean()) / max(float(image.std()), 1e-12)
    stretched: Array = (standard - standard.min()) / max(float(np.ptp(standard)), 1e-12)
    return stretched


def _looked_at(curves: Mapping[FilterKind, tuple[Array, Array]], kind: FilterKind) -> tuple[float, Array]:
    """Return the width at which the claim on a filter looks, over the side, and the accuracies there."""
    shares, accuracies = curves[kind]
    wide = np.flatnonzero(shares >= _LOOKED_AT[kind])
    at = int(wide[0]) if wide.size else len(shares) - 1
    return float(shares[at]), accuracies[:, at]


def _finding(
    curves: Mapping[FilterKind, tuple[Array, Array]], context: lettering.Context, published: pd.DataFrame
) -> str:
    """Say for both filters of the comment's text whether accuracy is ten points over chance there."""
    parts = []
    looked_at: tuple[tuple[FilterKind, str], ...] = (
        ("high_pass", "a high-pass that leaves images grey"),
        ("low_pass", "the narrowest low-pass"),
    )
    for kind, name in looked_at:
        share, found = _looked_at(curves, kind)
        words = context.by_verdict(
            _CLAIMS[kind], there="far over chance", against="not", open_="not clearly so"
        )
        theirs = published_value(published, f"text_{kind}_accuracy")
        parts.append(
            f"{words} behind {name} ({found.mean():.0f} % at {share:.3g} of the side; "
            f"published {'over ' if kind == 'low_pass' else ''}{theirs:.0f} %)"
        )
    return f"Test accuracy is {parts[0]}, {parts[1]}{context.reserve()}"
