"""Table 10: which label the models trained on next-class examples follow on the test set, by architecture."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import difference, published_value, values

_STANDARD, _ROBUST = "from_standard", "from_robust"
_MODELS = (
    ("on_det", _STANDARD, "ResNet-50"),
    ("on_det_resnet18", _STANDARD, "ResNet-18"),
    ("on_det_vgg16", _STANDARD, "VGG-16"),
    ("on_det_densenet", _STANDARD, "DenseNet"),
    ("on_det_inception", _STANDARD, "Inception"),
    ("on_det_plain", _STANDARD, "plain, not\nnormalised"),
    ("on_det_perceptron", _STANDARD, "perceptron"),
    ("on_det_robust", _ROBUST, "ResNet-50"),
)
_QUANTITIES = (("accuracy", "y"), ("accuracy_next_class", "y+1"))
_IN_TABLE_10 = ("on_det", "on_det_robust")
_PUBLISHED = "published (Table 10), CIFAR-10 ResNet-50"
_SOURCES = ((_STANDARD, "examples of a standard model"), (_ROBUST, "examples of a robust model"))


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy on original and on shifted labels from the table "ilyas/relabelled"."""
    table = tables["ilyas/relabelled"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 95)
    axis = axes[0, 0]
    what = "label: y is the original class, y+1 the next; below, what was trained"
    for (model, quantity), place in marks.answer_bars(axis, table, _MODELS, _QUANTITIES, what).items():
        if model in _IN_TABLE_10:
            number = published_value(published, f"table10_{model}_{quantity}")
            marks.published_marks(axis, place, number, _PUBLISHED, clip=False)
    for role, name in _SOURCES:
        axis.plot([], [], linestyle="none", marker="s", color=style.COLOURS[role], label=name)
    marks.percent_axis(axis, "images given this label (%)", context.chance)
    lettering.title(figure, _finding(table))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _finding(table: pd.DataFrame) -> str:
    """Say which class each source of examples teaches, and to how many architectures."""
    answers = {
        model: [values(table, model=model, quantity=name) for name, _ in _QUANTITIES] for model, *_ in _MODELS
    }
    of_standard = [
        lettering.direction(difference(*answers[model])) for model, role, _ in _MODELS if role == _STANDARD
    ]
    original, following = of_standard.count(1), of_standard.count(-1)
    first, second = (_taught(*answers[model]) for model in _IN_TABLE_10)
    return (
        f"Next-class examples of a standard model teach a ResNet-50 {first}, of a robust model {second}; of "
        f"{len(of_standard)} architectures the former teach {original} the original class and {following} "
        f"the next{lettering.one_seed(difference(*answers['on_det']))}"
    )


def _taught(original: Array, shifted: Array) -> str:
    """Name the class that is answered more often, with both shares."""
    original_share, shifted_share = f"{original.mean():.0f}", f"{shifted.mean():.0f}"
    return {
        1: f"the original class ({original_share} against {shifted_share} %)",
        -1: f"the next class ({shifted_share} against {original_share} %)",
        0: f"neither class clearly (original {original_share}, next {shifted_share} %)",
    }[lettering.direction(difference(original, shifted))]
