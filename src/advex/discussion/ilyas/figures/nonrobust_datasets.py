"""Tables 1 and 9: accuracy after training on relabelled adversarial examples alone."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_MODELS = (
    (0.0, "standard", "standard", "table1_standard_accuracy"),
    (1.3, "on_rand", "from_standard", "table1_on_rand_accuracy"),
    (2.3, "on_rand_robust", "from_robust", "table9_on_rand_robust_accuracy"),
    (3.6, "on_det", "from_standard", "table1_on_det_accuracy"),
    (4.6, "on_det_robust", "from_robust", "table9_on_det_robust_accuracy"),
)
_TICKS = ("original\nimages", *2 * ("standard\nmodel", "robust\nmodel"))
_GROUPS = ((1.8, "random targets"), (4.1, "next class"))
_WIDTH, _BESIDE = 0.6, 0.44
_PUBLISHED = "published (Tables 1 and 9), CIFAR-10 ResNet-50"


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw test accuracy for every training set from the table "ilyas/nonrobust_datasets"."""
    table = tables["ilyas/nonrobust_datasets"]
    figure, axes = style.canvas(style.COLUMN_WIDTH, 95)
    axis = axes[0, 0]
    for place, model, role, key in _MODELS:
        marks.bars(axis, place, _accuracy(table, model).tolist(), role, width=_WIDTH)
        marks.published_marks(axis, place + _BESIDE, published_value(published, key), _PUBLISHED, clip=False)
    places = [place for place, *_ in _MODELS]
    marks.group_ticks(
        axis, places, _TICKS, _GROUPS, "source of the adversarial examples; below, their labels"
    )
    marks.percent_axis(axis, "test accuracy (%)", context.chance)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _accuracy(table: pd.DataFrame, model: str) -> Array:
    return values(table, model=model, quantity="accuracy")


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether a standard model's examples teach, and whether a robust model's teach less."""
    claims = "on_rand_accuracy", "on_rand_robust_accuracy"
    found = {model: f"{_accuracy(table, model).mean():.0f}" for _, model, *_ in _MODELS}
    return (
        f"Standard-model examples {context.does(claims[0], 'teach')} "
        f"({found['on_rand']}, {found['on_det']} %), "
        f"robust ones {context.whether(claims[1], 'less')} ({found['on_rand_robust']}, "
        f"{found['on_det_robust']} %){context.reserve(*claims)}"
    )
