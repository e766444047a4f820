"""Tables 1 and 9: accuracy after training on relabelled adversarial examples alone."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.numbers.statistics import mean_interval
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
    lettering.title(figure, _finding(table, context.chance))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _accuracy(table: pd.DataFrame, model: str) -> Array:
    return values(table, model=model, quantity="accuracy")


def _finding(table: pd.DataFrame, chance: float) -> str:
    """Say which of a standard model's examples lift accuracy above chance, and name the robust model's."""
    found = {model: _accuracy(table, model) for _, model, *_ in _MODELS}
    rand, det, rand_robust, det_robust = (
        f"{found[model].mean():.0f} %" for model in ("on_rand", "on_det", "on_rand_robust", "on_det_robust")
    )
    compared = [mean_interval((found[model] - chance).tolist()) for model in ("on_rand", "on_det")]
    above = (lettering.direction(compared[0]) > 0, lettering.direction(compared[1]) > 0)
    outcome = {
        (True, True): "lift accuracy above chance",
        (True, False): "lift accuracy above chance with random targets, not clearly with the next class",
        (False, True): "lift accuracy above chance with the next class, not clearly with random targets",
        (False, False): "do not clearly lift accuracy above chance",
    }[above]
    return (
        f"Relabelled examples of a standard model {outcome}: random targets {rand}, next class {det}; "
        f"of a robust model: {rand_robust}, {det_robust}{lettering.one_seed(compared[0])}"
    )
