"""Table 10: which label the models trained on next-class examples follow on the test set."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import difference, published_value, values

_MODELS = (
    ("on_det", "from_standard", "standard model"),
    ("on_det_robust", "from_robust", "robust model"),
)
_QUANTITIES = (("accuracy", "original\nclass"), ("accuracy_next_class", "next\nclass"))
_PUBLISHED = "published (Table 10), CIFAR-10 ResNet-50"


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy on original and on shifted labels from the table "ilyas/relabelled"."""
    table = tables["ilyas/relabelled"]
    figure, axes = style.canvas(style.COLUMN_WIDTH, 92)
    axis = axes[0, 0]
    what = "label; below, source of the next-class examples"
    for (model, quantity), place in marks.answer_bars(axis, table, _MODELS, _QUANTITIES, what).items():
        number = published_value(published, f"table10_{model}_{quantity}")
        marks.published_marks(axis, place, number, _PUBLISHED, clip=False)
    marks.percent_axis(axis, "images given this label (%)", context.chance)
    lettering.title(figure, _finding(table))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _finding(table: pd.DataFrame) -> str:
    """Say which class each source of examples teaches."""
    pairs = [[values(table, model=model, quantity=name) for name, _ in _QUANTITIES] for model, *_ in _MODELS]
    first, second = (_taught(original, shifted) for original, shifted in pairs)
    return (
        f"Next-class examples of a standard model teach {first}, of a robust model "
        f"{second}{lettering.one_seed(difference(*pairs[0]))}"
    )


def _taught(original: Array, shifted: Array) -> str:
    """Name the class that is answered more often, with both shares."""
    original_share, shifted_share = f"{original.mean():.0f}", f"{shifted.mean():.0f}"
    return {
        1: f"the original class ({original_share} against {shifted_share} %)",
        -1: f"the next class ({shifted_share} against {original_share} %)",
        0: f"neither class clearly (original {original_share}, next {shifted_share} %)",
    }[lettering.direction(difference(original, shifted))]
