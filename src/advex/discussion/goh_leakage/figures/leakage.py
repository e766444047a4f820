"""The numbers of comment 2: what robust features alone learn from each set, beside the whole network."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_TABLE = "goh_leakage/leakage"
_SETS = (
    ("natural", "original\nimages"),
    ("rand", "random\ntargets"),
    ("det", "next\nclass"),
    ("nonrobust", "non-robust\nset"),
)
_FEATURES = (
    ("network", "standard", "whole network"),
    ("linear", "from_robust", "robust linear features (ridge)"),
    ("linear_worst_case", "robust", "robust linear features (softmax)"),
    ("deep", "accent", "last layer of an adversarially trained network"),
)
_BAR = 0.2
_ROBUST_ONLY = "published in the comment: robust linear features"
_DRAFT = "published in its draft: robust linear features"
_WHOLE = "published in the comment: whole network"
_LISTED = "published with the released sets: whole network"
_PUBLISHED = (  # set, features, key, size of the mark, colour, what it is
    ("rand", "linear", "goh_rand_accuracy", 4.5, "published", _ROBUST_ONLY),
    ("det", "linear", "goh_det_accuracy", 4.5, "published", _ROBUST_ONLY),
    ("nonrobust", "linear", "draft_nonrobust_accuracy", 4.5, "neutral", _DRAFT),
    ("rand", "network", "goh_rand_denominator", 7.5, "published", _WHOLE),
    ("det", "network", "goh_det_denominator", 7.5, "published", _WHOLE),
    ("rand", "network", "released_rand_accuracy", 3, "neutral", _LISTED),
    ("det", "network", "released_det_accuracy", 3, "neutral", _LISTED),
    ("nonrobust", "network", "released_nonrobust_accuracy", 3, "neutral", _LISTED),
)


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy by training set, the two labels of the next-class set, and the toy argument."""
    table = tables[_TABLE]
    figure, axes = style.canvas(style.PAGE_WIDTH, 112, 1, 3, width_ratios=[2.9, 1.15, 1])
    _draw_accuracies(axes[0, 0], table, published, context)
    _draw_next_class(axes[0, 1], table, context)
    _draw_toy(axes[0, 2], table)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 2)
    return figure


def _accuracy(table: pd.DataFrame, training_set: str, features: str, quantity: str = "accuracy") -> Array:
    return values(table, training_set=training_set, features=features, quantity=quantity)


def _place(number: int, index: int) -> float:
    return number * 1.15 + (index - 1.5) * _BAR


def _draw_accuracies(
    axis: Axes, table: pd.DataFrame, published: pd.DataFrame, context: lettering.Context
) -> None:
    names = [name for name, _ in _SETS]
    order = [feature for feature, *_ in _FEATURES]
    for number, (training_set, _) in enumerate(_SETS):
        for index, (features, role, label) in enumerate(_FEATURES):
            place = _place(number, index)
            marks.bars(
                axis, place, _accuracy(table, training_set, features).tolist(), role, width=_BAR, label=label
            )
            before = f"{training_set}_before"
            if features != "network" and before in set(table["training_set"]):
                control = _accuracy(table, before, features).mean()
                axis.plot(
                    [place - _BAR / 2, place + _BAR / 2],
                    [control, control],
                    color="black",
                    linewidth=1.6,
                    zorder=5,
                    label="the same before perturbation (control)",
                )
    for training_set, features, key, size, role, label in _PUBLISHED:
        place = _place(names.index(training_set), order.index(features))
        height = published_value(published, key)
        marks.published_marks(axis, place, height, label, role=role, size=size, clip=False)
    axis.set_xticks([number * 1.15 for number in range(len(_SETS))], [label for _, label in _SETS])
    axis.tick_params(axis="x", length=0)
    axis.set(
        ylim=(0, 104),
        yticks=range(0, 101, 20),
        ylabel="accuracy on natural test images (%)",
        xlabel="trained on",
    )
    axis.axhline(
        context.chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1, label="chance"
    )
    axis.set_title("a  What is learnt")


def _draw_next_class(axis: Axes, table: pd.DataFrame, context: lettering.Context) -> None:
    for index, (features, role, _) in enumerate(_FEATURES):
        for group, quantity in enumerate(("accuracy", "accuracy_next_class")):
            values_of = _accuracy(table, "det", features, quantity).tolist()
            marks.bars(axis, 1.1 * group + (index - 1.5) * _BAR, values_of, role, width=_BAR)
    axis.set_xticks([0, 1.1], ["true", "next"])
    axis.tick_params(axis="x", length=0)
    axis.set(ylim=(0, 104), yticks=range(0, 101, 20), xlabel="label it is tested on")
    axis.axhline(context.chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1)
    axis.set_title("b  Next class")


def _draw_toy(axis: Axes, table: pd.DataFrame) -> None:
    rows = table[table["quantity"] == "toy_correlation"]
    for training_set, role, name in (
        ("rand", "from_standard", "random labels"),
        ("det", "from_robust", "flipped labels"),
    ):
        part = rows[rows["training_set"] == training_set].groupby("step")["value"].mean()
        axis.plot(part.index, part.to_numpy(), color=style.COLOURS[role], marker="o", markersize=3)
        axis.text(
            0.05, part.to_numpy()[2] + 0.12, name, color="black", ha="center", fontsize=style.SMALLEST_TEXT
        )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set(ylim=(-1.15, 1.15), xlabel="step", ylabel="E[f y] of the feature f = ±1")
    axis.set_title("c  The toy argument")


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say for random and next-class targets whether linear robust features alone leak."""

    def share(training_set: str, features: str) -> str:
        return f"{_accuracy(table, training_set, features).mean():.0f}"

    rand = context.by_verdict("goh_rand_leakage", there="leak", against="do not leak", open_="give")
    det = context.by_verdict("goh_det_no_leakage", there="but not", against="and also", open_="and")
    part = context.by_verdict(
        "goh_rand_leakage_is_a_part", there="a small part of", against="much of", open_="beside"
    )
    kept = values(table, features="linear", quantity="radius_kept").mean()
    fails = context.reserve("goh_rand_leakage")
    return (
        f"Robust linear features {rand} {share('rand', 'linear')} % from random targets ({part} "
        f"the network's "
        f"{share('rand', 'network')} %) {det} {share('det', 'linear')} % from the next class"
        f"{f'; a premise fails: they are robust up to ε = {kept:.2g} only' if 'premise' in fails else fails}"
    )
