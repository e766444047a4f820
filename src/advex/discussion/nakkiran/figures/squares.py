"""Adversarial Squares: robust until the label noise is fitted, by networks and by exact interpolation."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_LINE_STYLES = {(False, False): ":", (False, True): "--", (True, False): "-.", (True, True): "-"}
_ROLES = {
    (False, False): "neutral",
    (False, True): "from_standard",
    (True, False): "accent",
    (True, True): "robust",
}
_ROLES_IN_ORDER = ("neutral", "from_standard", "accent", "standard", "second_accent", "from_robust")
"""Of the exact case by label noise; the most is drawn as "robust", as the network with both noises."""
_PLACES = ((0.05, 85), (0.016, 45), (0.0009, 2))
"""Where the names of three lines stand, clear of all; of other numbers of lines the legend tells."""
_FEW = 10
"""Robust accuracy in percent below which almost all images are flipped, as published."""
_FITTED = 99
"""Training accuracy in percent above which label noise counts as fitted."""
_PUBLISHED = "published: ResNet-18, final text and first draft"


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the network's robust accuracy by step and by radius, and that of the linear interpolator."""
    table = tables["nakkiran/squares"]
    network, linear = (table[table["method"] == name] for name in ("network", "linear"))
    figure, axes = style.canvas(style.PAGE_WIDTH, 132, 2, 2)
    radius = _nearest(network, published_value(published, "squares_flip_radius"))
    _draw_training(axes[0, 0], network)
    _draw_robustness(axes[0, 1], network, radius)
    _draw_radii(axes[1, 0], network, published)
    _draw_linear(axes[1, 1], linear, published)
    lettering.title(figure, _finding(network, linear, context, radius))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _noises(network: pd.DataFrame) -> list[tuple[float, float]]:
    return [tuple(pair) for pair in network[["label_noise", "pixel_noise"]].drop_duplicates().to_numpy()]


def _of(table: pd.DataFrame, label_noise: float, pixel_noise: float) -> pd.DataFrame:
    return table[(table["label_noise"] == label_noise) & (table["pixel_noise"] == pixel_noise)]


def _both(network: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the most of both noises."""
    return _of(network, network["label_noise"].max(), network["pixel_noise"].max())


def _by(rows: pd.DataFrame, column: str, quantity: str, **fixed: object) -> tuple[Array, Array]:
    """Return the values of a column, and a (seeds, values) array of a quantity."""
    chosen = rows[rows["quantity"] == quantity]
    for name, value in fixed.items():
        chosen = chosen[chosen[name] == value]
    square = chosen.pivot(index="seed", columns=column, values="value")
    return square.columns.to_numpy(dtype=float), square.to_numpy(dtype=float)


def _nearest(rows: pd.DataFrame, radius: float) -> float:
    """Return which of the measured radii is nearest, in its logarithm, to one."""
    radii = np.unique(rows["epsilon"].dropna())
    return float(radii[np.argmin(np.abs(np.log(radii / radius)))])


def _draw_training(axis: Axes, network: pd.DataFrame) -> None:
    rows = _both(network)
    for quantity, role, name in (
        ("train_accuracy", "standard", "training images, labels as given"),
        ("accuracy", "second_accent", "clean test images"),
    ):
        steps, shares = _by(rows, "step", quantity)
        marks.mean_line(axis, steps, shares, role, label=name)
    axis.set(ylim=(78, 101), xlabel="steps of training", ylabel="accuracy (%)")
    axis.set_title("a  network, both noises", loc="left")


def _draw_robustness(axis: Axes, network: pd.DataFrame, radius: float) -> None:
    kinds = [(label_noise > 0, pixel_noise > 0) for label_noise, pixel_noise in _noises(network)]
    for number, (label_noise, pixel_noise) in enumerate(_noises(network)):
        kind = kinds[number]
        rows = _of(network, label_noise, pixel_noise)
        steps, shares = _by(rows, "step", "robust_accuracy", epsilon=radius)
        name = {
            (False, False): "no noise",
            (False, True): "pixel noise only",
            (True, False): "label noise only",
            (True, True): "label and pixel noise",
        }[kind]
        line = _LINE_STYLES[kind]
        if kinds.count(kind) > 1:
            name = f"{name}: {100 * label_noise:g} % of labels, deviation {pixel_noise:g}"
            line = style.line_style(kinds[:number].count(kind))
        marks.mean_line(axis, steps, shares, _ROLES[kind], label=name, linestyle=line)
    axis.set(ylim=(-4, 104), xlabel="steps of training", ylabel="accuracy under attack (%)")
    axis.set_title(f"b  network, attacked within {radius:g}", loc="left")


def _draw_radii(axis: Axes, network: pd.DataFrame, published: pd.DataFrame) -> None:
    rows = _both(network)
    for step, role, line in (
        (rows["step"].min(), "from_robust", "--"),
        (rows["step"].max(), "robust", "-"),
    ):
        radii, shares = _by(rows, "epsilon", "robust_accuracy", step=step)
        label = f"both noises, after {int(step)} steps"
        marks.mean_line(axis, radii, shares, role, label=label, linestyle=line)
    _draw_published(axis, published)
    _radius_axis(axis)
    axis.set_title("c  network, by radius", loc="left")


def _draw_linear(axis: Axes, linear: pd.DataFrame, published: pd.DataFrame) -> None:
    shown = _alike(linear)
    noises = sorted(shown["label_noise"].unique())
    for number, label_noise in enumerate(noises):
        last = number == len(noises) - 1
        role = "robust" if last else _ROLES_IN_ORDER[number % len(_ROLES_IN_ORDER)]
        line = "-" if last else (":", "--", "-.")[number % 3]
        radii, shares = _by(shown[shown["label_noise"] == label_noise], "epsilon", "robust_accuracy")
        placed = len(noises) == len(_PLACES)
        name = f"{100 * label_noise:g} % of{chr(10) if last and placed else ' '}labels wrong"
        marks.mean_line(axis, radii, shares, role, linestyle=line, label=None if placed else f"exact, {name}")
        if placed:
            axis.text(
                *_PLACES[number], name, fontsize=style.SMALLEST_TEXT, va="bottom", color=style.COLOURS[role]
            )
    _draw_published(axis, published)
    _radius_axis(axis)
    images = int(shown["training_images"].iloc[0])
    axis.set_title(f"d  exact: linear interpolator, {images:,} images", loc="left")


def _alike(linear: pd.DataFrame) -> pd.DataFrame:
    """Return the cases that differ in label noise alone: most of all, and the first of equally many."""
    size = ["training_images", "pixels", "pixel_noise"]
    noises = linear.groupby(size, sort=False)["label_noise"].nunique()
    images, pixels, pixel_noise = noises.index[int(noises.to_numpy().argmax())]
    chosen = (linear["training_images"] == images) & (linear["pixels"] == pixels)
    found: pd.DataFrame = linear[chosen & (linear["pixel_noise"] == pixel_noise)]
    return found


def _draw_published(axis: Axes, published: pd.DataFrame) -> None:
    radius = published_value(published, "squares_flip_radius")
    marks.published_marks(
        axis,
        radius,
        published_value(published, "squares_robust_accuracy_draft"),
        _PUBLISHED,
        clip=False,
    )
    possible = published_value(published, "squares_robust_radius")
    axis.axvline(possible, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1)
    axis.text(
        possible, 50, " robust rule", color=style.COLOURS["chance"], fontsize=style.SMALLEST_TEXT,
        rotation=90, ha="left", va="center",
    )  # fmt: skip


def _radius_axis(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set(ylim=(-4, 104), xlabel="radius, ℓ∞, pixels from -1 to 1", ylabel="accuracy under attack (%)")


def _finding(network: pd.DataFrame, linear: pd.DataFrame, context: lettering.Context, radius: float) -> str:
    """Say whether a network that fits label noise loses its robustness within the radius."""
    claims = "squares_are_not_robust_when_fitted", "linear_squares_flip"
    rows = _both(network)
    last = rows["step"].max()
    early, late = (
        values(rows[rows["step"] == step], quantity="robust_accuracy", epsilon=radius).mean()
        for step in (rows["step"].min(), last)
    )
    exact = _alike(linear)
    exact = exact[exact["label_noise"] == exact["label_noise"].max()]
    share = values(exact, quantity="robust_accuracy", epsilon=_nearest(exact, radius)).mean()
    others = network[(network["label_noise"] == 0) & (network["step"] == last)]
    kept = others[(others["quantity"] == "robust_accuracy") & (others["epsilon"] == radius)]["value"].mean()
    control = f"; {kept:.0f} % without label noise" if np.isfinite(kept) else ""
    words = context.by_verdict(
        claims[0], there="loses nearly all robust accuracy", against="keeps robust accuracy",
        open_="does not clearly lose nearly all robust accuracy",
    )  # fmt: skip
    return (
        f"A network that fits label noise {words} within {radius:g} (ℓ∞): {early:.0f} % early, "
        f"{late:.0f} % at "
        f"the end{control}; an exact linear interpolator keeps {share:.0f} % (published: almost none)"
        f"{context.reserve(*claims)}"
    )
