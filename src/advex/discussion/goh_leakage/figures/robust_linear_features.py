"""The figure of comment 2: ten robust linear features, how useful they are, and how robust."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.numbers.statistics import mean_interval
from advex.common.pictures import Picture
from advex.draw import lettering, marks, style
from advex.draw.tables import first_repetition, published_value, values

_TABLE, _WEIGHTS = "goh_leakage/robust_linear_features", "goh_leakage/weights"
_METHODS = (
    ("chosen", "from_robust", "ridge regression"),
    ("worst_case_softmax", "robust", "softmax, worst-case loss"),
)
_GAMMA = "\N{GREEK SMALL LETTER GAMMA}"
_ENOUGH_FOR_A_LINE = 8  # columns of weights above which the title fits in one line
_PUBLISHED = f"published {_GAMMA} (CIFAR-10)"


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the weights above, gamma by class and certificates below."""
    table: pd.DataFrame = tables[_TABLE]
    picture: Picture = tables[_WEIGHTS]
    figure, axes = style.canvas(style.PAGE_WIDTH, 128, 2, 1, height_ratios=[0.62, 1])
    axes[0, 0].axis("off")
    axes[1, 0].axis("off")
    _draw_weights(axes[0, 0], table, picture)
    grid = axes[1, 0].get_subplotspec().subgridspec(1, 2, width_ratios=[1.35, 1])
    _draw_gammas(figure.add_subplot(grid[0]), table, picture.columns, published)
    _draw_certificates(figure.add_subplot(grid[1]), table, published)
    lettering.title(figure, _finding(table, context))
    held_out = table[table["split"] == "test"]["images"]
    lettering.footer(figure, replace(context, images=int(held_out.max())))
    lettering.legend_below(figure, 3)
    return figure


def _epsilon(table: pd.DataFrame) -> float:
    return float(table["epsilon"].max())


def _draw_weights(axis: Axes, table: pd.DataFrame, picture: Picture) -> None:
    """Draw the weights of both classifiers, under each class's gamma at the radius."""
    first = first_repetition(table)
    first = first[(first["quantity"] == "gamma") & (first["split"] == "train")]
    names = []
    for number, name in enumerate(picture.columns):
        row = first[(first["feature"] == number) & (first["method"] == "chosen")].set_index("epsilon")[
            "value"
        ]
        names.append(f"{name}\n{_GAMMA} = {row[0.0]:.3f}\n{row[_epsilon(table)]:.3f}")
    axis.axis("on")
    marks.image_grid(axis, picture.images.transpose(0, 1, 3, 4, 2), [label for *_, label in _METHODS], names)
    broken = " " if len(names) >= _ENOUGH_FOR_A_LINE else "\n"
    axis.set_title(
        f"a  Weights of the robust features (zero is grey);{broken}above, {_GAMMA} of the ridge{broken}"
        f"at ε = 0 and {_epsilon(table):g}"
    )


def _draw_gammas(axis: Axes, table: pd.DataFrame, classes: list[str], published: pd.DataFrame) -> None:
    positions = np.arange(len(classes))
    for offset, (method, role, label) in zip((-0.12, 0.12), _METHODS, strict=True):
        for epsilon, filled in ((0.0, True), (_epsilon(table), False)):
            found = [
                mean_interval(
                    values(
                        table, method=method, split="test", quantity="gamma", feature=number, epsilon=epsilon
                    ).tolist()
                )
                for number in positions
            ]
            axis.errorbar(
                positions + offset, [each.mean for each in found],
                [each.half_width if each.n > 1 else 0.0 for each in found],
                linestyle="none", marker="o" if filled else "v", markersize=4, color=style.COLOURS[role],
                elinewidth=0.8, capsize=1.5, label=f"{label}, {'ε = 0' if filled else f'ε = {epsilon:g}'}",
            )  # fmt: skip
    x = published["x"][published["key"].str.startswith("goh_gamma_")].to_numpy(dtype=float)
    y = published["value"][published["key"].str.startswith("goh_gamma_")].to_numpy(dtype=float)
    marks.published_marks(axis, x, y, _PUBLISHED, size=4)
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_xticks(
        positions,
        classes,
        rotation=40 if max(map(len, classes)) > 2 else 0,
        ha="right" if max(map(len, classes)) > 2 else "center",
    )
    axis.set(ylabel=f"{_GAMMA} on held-out images", xlabel="class")
    axis.set_title("b  Robust usefulness of each class's feature")


def _draw_certificates(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
    """Draw the share of certified predictions and the accuracy against the penalty."""
    rows = table[(table["split"] == "test") & (table["method"] == "ridge")]
    penalties = np.sort(rows["penalty"].unique())
    axis.set_xscale("log")  # first: a single penalty has no range of its own on a linear scale
    for quantity, role, dashes, label in (
        ("certified_share", "from_robust", "-", "ridge: predictions certified"),
        ("accuracy", "standard", "--", "ridge: accuracy"),
    ):
        marks.mean_line(
            axis, penalties, _by_penalty(rows, quantity, penalties), role, label=label, linestyle=dashes
        )
    softmax = table[(table["split"] == "test") & (table["method"] == "worst_case_softmax")]
    for quantity, role in (("certified_share", "robust"), ("accuracy", "robust")):
        found = softmax[softmax["quantity"] == quantity]["value"].mean()
        is_accuracy = quantity == "accuracy"
        label = f"worst-case softmax: {'accuracy' if is_accuracy else 'certified'}"
        dashes = "--" if is_accuracy else "-"
        axis.axhline(found, color=style.COLOURS[role], linewidth=0.9, linestyle=dashes, label=label)
    chosen = table[table["method"] == "chosen"]["penalty"].iloc[0]
    axis.axvline(
        chosen, color="black", linewidth=0.7, linestyle=":", label="penalty chosen on training images"
    )
    marks.chance_line(axis, published_value(published, "goh_specification_share"), "spec. 2")
    axis.set(ylim=(0, 104), xlabel="penalty t of the ridge", ylabel="held-out images (%)")
    axis.minorticks_off()
    axis.set_title(f"c  Certified at ε = {_epsilon(table):g}")


def _by_penalty(rows: pd.DataFrame, quantity: str, penalties: Array) -> Array:
    wide = rows[rows["quantity"] == quantity].pivot_table(index="seed", columns="penalty", values="value")
    return wide[penalties].to_numpy(dtype=float)


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the chosen features meet both specifications on held-out images."""
    epsilon = _epsilon(table)
    share = values(table, method="chosen", split="test", quantity="certified_share")
    rows = table[(table["method"] == "chosen") & (table["split"] == "test") & (table["epsilon"] == epsilon)]
    gamma = rows[rows["quantity"] == "gamma"].groupby("feature")["value"].mean()
    kept = values(table, method="chosen", split="test", quantity="radius_kept")
    useful = values(table, method="chosen", split="test", quantity="radius_useful")
    specification = context.whether("goh_specification_2", "met")
    return (
        f"{(gamma >= 0).sum()} of {len(gamma)} features are robustly useful at ε = {epsilon:g}; "
        f"{share.mean():.0f} % of predictions are certified "
        f"(specification 2 {specification}); 80 % are up to ε = {kept.mean():.2g}, and "
        f"some feature stays useful up to {useful.mean():.2g}{context.reserve()}"
    )
