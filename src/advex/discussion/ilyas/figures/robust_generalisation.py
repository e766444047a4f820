"""Table 8: robust accuracy on the robust training set, on the robust test set and on the test set."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_DATASETS = (
    ("robust", "robust\ntraining set"),
    ("robust_test", "robust\ntest set"),
    ("natural_test", "test set"),
)
_QUANTITY = "robust_accuracy_half_epsilon"
_VERBS = {1: "falls", 0: "does not clearly change", -1: "rises"}


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw one bar a data set from the table "ilyas/robust_generalisation"."""
    table = tables["ilyas/robust_generalisation"]
    figure, axes = style.canvas(style.COLUMN_WIDTH, 82)
    axis = axes[0, 0]
    found = [values(table, model="on_robust", quantity=_QUANTITY, dataset=name) for name, _ in _DATASETS]
    epsilon = float(table["epsilon"].max())
    for position, accuracies in enumerate(found):
        label = None if position else f"ours, trained on the robust set, ℓ₂, ε = {epsilon:g}"
        marks.bars(axis, position, accuracies.tolist(), "from_robust", width=0.6, label=label)
    theirs = [published_value(published, f"table8_{name}_{_QUANTITY}") for name, _ in _DATASETS]
    marks.published_marks(
        axis, range(len(theirs)), theirs, "published (Table 8), CIFAR-10 ResNet-50, ℓ₂, ε = 0.25"
    )
    axis.set_xticks(range(len(_DATASETS)), [label for _, label in _DATASETS])
    marks.percent_axis(axis, "robust accuracy (%)", context.chance)
    lettering.title(figure, _finding(found, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _finding(found: Sequence[Array], context: lettering.Context) -> str:
    """Say at which of the two steps robust accuracy falls, by the claims on them."""
    claims = "robust_generalisation_robust_train", "robust_generalisation_robust_test"
    first, second = (context.whether(claim, "lower") for claim in claims)
    train, test, last = (f"{accuracies.mean():.0f}" for accuracies in found)
    return (
        f"Robust accuracy: robust test set {first} ({train}, {test} %), test set {second} ({last} %)"
        f"{context.reserve(*claims)}"
    )
