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
from advex.draw.tables import difference, published_points, published_value, values

_TABLE, _PICTURE = "gilmer_hendrycks/frequency_filters", "gilmer_hendrycks/test_images"
_FILTERS: tuple[tuple[FilterKind, str, str], ...] = (
    ("low_pass", "low-pass", "accent"),
    ("high_pass", "high-pass", "second_accent"),
)
_PUBLISHED_SIDE = 224
_INVISIBLE = 0.37  # of the side: the high-pass of the text's 50 % keeps 105 of 224, ours the next narrower
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
    lettering.title(figure, _finding(curves, context.chance, published))
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
        sizes, accuracies = published_points(published, f"figure1_{kind}_size")
        label = f"published (Fig. 1), {name}, ImageNet (1,000 classes)"
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


def _finding(curves: Mapping[FilterKind, tuple[Array, Array]], chance: float, published: pd.DataFrame) -> str:
    """Say at which of the two filters of the comment's text networks do better than chance."""
    shares, low = curves["low_pass"]
    narrow = low[:, 0]
    high_shares, high = curves["high_pass"]
    wide = np.flatnonzero(high_shares >= _INVISIBLE)
    at = int(wide[0]) if wide.size else len(high_shares) - 1
    invisible = high[:, at]
    against = [difference(found, np.full(len(found), chance)) for found in (narrow, invisible)]
    above = [lettering.direction(each) > 0 for each in against]
    verdict = {
        (True, True): "Networks do better than chance behind both filters",
        (True, False): "Networks do better than chance behind the low-pass, not clearly behind the high-pass",
        (False, True): "Networks do better than chance behind the high-pass, not clearly behind the low-pass",
        (False, False): "Networks do not clearly do better than chance behind the filters",
    }[above[0], above[1]]
    texts = (published_value(published, f"text_{kind}_accuracy") for kind in curves)
    low_text, high_text = (f"{value:.0f} %" for value in texts)
    return (
        f"{verdict}: {narrow.mean():.0f} % where a low-pass keeps {shares[0]:.3g} of the side "
        f"(published over {low_text}, ImageNet), {invisible.mean():.0f} % where a high-pass "
        f"keeps {high_shares[at]:.3g} (published {high_text}){lettering.one_seed(against[0])}"
    )
