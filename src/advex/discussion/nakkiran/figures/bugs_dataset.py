"""Table of trained models: what next-class examples teach that fool their source alone, or others too."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_GROUPS = (  # model, role, name, key of the published numbers, table
    ("on_pgd_l2", "from_standard", "plain\nℓ₂", "l2_pgd", "nakkiran/bugs_dataset"),
    ("on_bugs_l2", "accent", "penalised\nℓ₂", "l2_bugs", "nakkiran/bugs_dataset"),
    ("on_pgd_linf", "from_standard", "plain\nℓ∞", "linf_pgd", "nakkiran/bugs_dataset"),
    ("on_bugs_linf", "accent", "penalised\nℓ∞", "linf_bugs", "nakkiran/bugs_dataset"),
    ("on_det", "from_standard", "Table 10,\nstandard source", "det", "ilyas/relabelled"),
    ("on_det_robust", "from_robust", "Table 10,\nrobust source", "det_robust", "ilyas/relabelled"),
)
_QUANTITIES = (("accuracy", "original\nclass"), ("accuracy_next_class", "next\nclass"))
_STEP, _WIDTH, _BESIDE = 2.5, 0.6, 0.42


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy on original and next classes for every set that the study has."""
    groups = [group for group in _GROUPS if (tables[group[-1]]["model"] == group[0]).any()]
    figure, axes = style.canvas(style.PAGE_WIDTH, 95)
    axis = axes[0, 0]
    for number, (model, role, _, key, name) in enumerate(groups):
        for step, (quantity, _) in enumerate(_QUANTITIES):
            place = number * _STEP + step
            numbers = values(tables[name], model=model, quantity=quantity)
            marks.bars(axis, place, numbers.tolist(), role, width=_WIDTH)
            marks.published_marks(
                axis, place + _BESIDE, published_value(published, f"{key}_{quantity}"),
                "published: comment 5, CIFAR-10 ResNet-18; Ilyas et al., Table 10", clip=False,
            )  # fmt: skip
    places = [number * _STEP + step for number in range(len(groups)) for step in (0, 1)]
    marks.group_ticks(
        axis,
        places,
        [label for _ in groups for _, label in _QUANTITIES],
        [(number * _STEP + 0.5, group[2]) for number, group in enumerate(groups)],
        "label asked for on the test set; below, the attack behind the training set",
    )
    marks.percent_axis(axis, "test images given this label (%)", context.chance)
    lettering.title(figure, _finding(tables["nakkiran/bugs_dataset"], context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether l2 examples that fool their source alone teach the original class, beside plain ones."""
    claim = "on_l2_bugs_original_labels"
    bugs, plain = (
        values(table, model=f"on_{name}_l2", quantity="accuracy").mean() for name in ("bugs", "pgd")
    )
    shifted = values(table, model="on_bugs_l2", quantity="accuracy_next_class").mean()
    words = context.by_verdict(
        claim, there="do not teach the original class",
        against="teach the original class, or the next no better",
        open_="teach the original class hardly, if at all",
    )  # fmt: skip
    return (
        f"Examples that fool their source alone {words} ({bugs:.1f} %, chance "
        f"{context.chance:.0f}; plain ones "
        f"{plain:.0f} %); they give the next class on {shifted:.0f} %{context.reserve(claim)}"
    )
