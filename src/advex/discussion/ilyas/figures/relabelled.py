"""Table 10: which label the models trained on next-class examples follow on the test set, by architecture."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

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
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say which class each source of examples teaches, by the claims on them."""
    claims = "on_det_original_labels", "on_det_robust_next_class_labels"
    standard, robust = (
        [values(table, model=model, quantity=name).mean() for name, _ in _QUANTITIES]
        for model in _IN_TABLE_10
    )
    return (
        f"Next-class examples of a standard model {context.does(claims[0], 'teach')} every architecture the "
        f"original class (ResNet-50: {standard[0]:.0f} against {standard[1]:.0f} %); a robust model's "
        f"{context.does(claims[1], 'teach')} the next ({robust[1]:.0f} against {robust[0]:.0f} %)"
        f"{context.reserve(*claims)}"
    )
