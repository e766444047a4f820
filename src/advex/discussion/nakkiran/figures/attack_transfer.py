"""Tables of attacks: what reaches its target in one network alone, and how many networks that takes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_NORMS = (("l2", "ℓ₂"), ("linf", "ℓ∞"))
_SOURCE, _FRESH = "standard_resnet18", "ensemble"
_PLAIN, _PENALISED = "targeted_cross_entropy", "ensemble_penalised"
_ATTACKS = (  # objective, name, key of the published numbers
    (_PLAIN, "plain", "pgd"),
    (_PENALISED, "penalised", "bugs"),
    ("ensemble_opposed", "footnote's\nvariant", None),
)
_BARS = (  # model, quantity, role, label, published suffix
    (_SOURCE, "targeted_rate", "standard", "target reached in the source", "success"),
    (_FRESH, "targeted_rate", "from_standard", "target reached in a fresh network", "transfer"),
    (_FRESH, "untargeted_rate", "neutral", "fresh network errs", None),
)
_OTHERS = (
    ("standard_independent", "ResNet-50", "o"),
    ("standard_vgg16", "VGG-16", "s"),
    ("standard_densenet", "DenseNet", "^"),
    ("standard_inception", "Inception", "v"),
)
_WIDTH = 0.26


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw success and transfer by norm and attack, and transfer by number of networks, by norm."""
    table = tables["nakkiran/attack_transfer"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 132, 2, 2, height_ratios=[1.15, 1])
    for column, (norm, name) in enumerate(_NORMS):
        rows = table[table["norm"] == norm]
        _draw_attacks(axes[0, column], rows, published, norm)
        _draw_sizes(axes[1, column], rows)
        radius, steps = rows["epsilon"].iloc[0], int(rows["steps"].iloc[0])
        axes[0, column].set_title(f"{'ab'[column]}  {name}, radius {radius:.3g}, {steps} steps", loc="left")
        axes[1, column].set_title(f"{'cd'[column]}  {name}, by number of networks in the penalty", loc="left")
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _chosen(
    rows: pd.DataFrame, model: str, quantity: str, objective: str, members: int | None = None
) -> Array:
    """Return one number a seed, by default of the largest number of networks."""
    found = rows[rows["objective"] == objective]
    largest = int(found["members"].max()) if members is None else members
    return values(rows, model=model, quantity=quantity, objective=objective, members=largest)


def _draw_attacks(axis: Axes, rows: pd.DataFrame, published: pd.DataFrame, norm: str) -> None:
    for group, (objective, _, key) in enumerate(_ATTACKS):
        for step, (model, quantity, role, label, suffix) in enumerate(_BARS):
            place = group + (step - 1) * (_WIDTH + 0.02)
            marks.bars(
                axis,
                place,
                _chosen(rows, model, quantity, objective).tolist(),
                role,
                width=_WIDTH,
                label=label,
            )
            if key and suffix:
                number = published_value(published, f"{norm}_{key}_{suffix}")
                marks.published_marks(axis, place, number, "published, CIFAR-10 ResNet-18", clip=False)
    accident = float(_chosen(rows, _FRESH, "targeted_rate", "none").mean())
    marks.chance_line(axis, accident, "by\naccident")
    axis.set_xticks(range(len(_ATTACKS)), [name for _, name, _ in _ATTACKS])
    axis.tick_params(axis="x", length=0)
    axis.set(ylim=(0, 105), yticks=range(0, 101, 20), ylabel="test images (%)")


def _draw_sizes(axis: Axes, rows: pd.DataFrame) -> None:
    penalised = rows[rows["objective"] == _PENALISED]
    sizes = [0, *sorted(int(size) for size in penalised["members"].unique())]
    places = np.arange(len(sizes))

    def line(model: str) -> Array:
        columns = [
            _chosen(rows, model, "targeted_rate", _PENALISED if size else _PLAIN, size) for size in sizes
        ]
        return np.stack(columns, axis=1)

    marks.mean_line(axis, places, line(_SOURCE), "standard", label="target reached in the source")
    marks.mean_line(axis, places, line(_FRESH), "from_standard", label="target reached in a fresh network")
    for number, (model, name, marker) in enumerate(_OTHERS):
        means = line(model).mean(0)
        axis.plot(
            places + 0.03 * (number - 1.5), means, linestyle="none", marker=marker, markersize=3.5,
            markerfacecolor="white", markeredgecolor=style.COLOURS["accent"], label=f"the same in {name}",
        )  # fmt: skip
    axis.set_xticks(places, ["none\n(plain)", *map(str, sizes[1:])])
    axis.set(
        ylim=(0, 105), yticks=range(0, 101, 20), ylabel="test images (%)", xlabel="networks in the penalty"
    )


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether penalised examples reach their target in a fresh network more often than by accident."""
    claim = "l2_bugs_do_not_transfer"
    parts = []
    for norm, name in _NORMS:
        rows = table[table["norm"] == norm]
        plain, penalised, accident = (
            _chosen(rows, _FRESH, "targeted_rate", objective).mean()
            for objective in (_PLAIN, _PENALISED, "none")
        )
        parts.append(f"{name} {penalised:.1f} % (by accident {accident:.1f}, plain {plain:.0f} %)")
    words = context.by_verdict(
        claim, there="no more often than by accident", against="more often than by accident",
        open_="perhaps more often than by accident",
    )  # fmt: skip
    return (
        f"Penalised examples reach their target in a fresh network {words}: {', '.join(parts)}"
        f"{context.reserve(claim)}"
    )
