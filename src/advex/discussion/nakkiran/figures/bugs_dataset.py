"""Table of trained models: what next-class examples teach that fool their source alone, or others too."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.draw import lettering, marks, style
from advex.draw.tables import difference, published_value, values

_GROUPS = (  # model, role, name, key of the published numbers, table
    ("on_pgd_l2", "from_standard", "plain\nl2", "l2_pgd", "nakkiran/bugs_dataset"),
    ("on_bugs_l2", "accent", "penalised\nl2", "l2_bugs", "nakkiran/bugs_dataset"),
    ("on_pgd_linf", "from_standard", "plain\nl-infinity", "linf_pgd", "nakkiran/bugs_dataset"),
    ("on_bugs_linf", "accent", "penalised\nl-infinity", "linf_bugs", "nakkiran/bugs_dataset"),
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
    lettering.title(figure, _finding(tables["nakkiran/bugs_dataset"], context.chance))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _finding(table: pd.DataFrame, chance: float) -> str:
    """Say what models trained on non-transferable l2 examples answer, beside those trained on plain ones."""
    bugs, plain = (values(table, model=f"on_{name}_l2", quantity="accuracy") for name in ("bugs", "pgd"))
    shifted = values(table, model="on_bugs_l2", quantity="accuracy_next_class")
    taught = {1: "more than plain ones", 0: "not clearly less than plain ones", -1: "less than plain ones"}
    level = {1: "above", 0: "not clearly off", -1: "below"}[
        lettering.direction(difference(bugs, 0 * bugs + chance))
    ]
    change = lettering.direction(difference(bugs, plain))
    return (
        f"Examples that fool their source alone teach the original class {taught[change]} "
        f"({bugs.mean():.1f} against {plain.mean():.0f} %), {level} chance; they teach the next class "
        f"to {shifted.mean():.0f} %{lettering.one_seed(difference(bugs, plain))}"
    )
