"""What the authors' released sets teach, and what an independent network sees in them."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_MODELS = (
    ("standard", "standard", "original\nimages", None),
    ("on_robust", "from_robust", "robust\nset", "set_robust"),
    ("on_robust_resnet18", "from_robust", "robust\nset,\nResNet-18", "reader_robust_resnet18"),
    ("on_nonrobust", "from_standard", "non-\nrobust\nset", "set_nonrobust"),
    ("on_nonrobust_resnet18", "from_standard", "non-\nrobust,\nResNet-18", "reader_nonrobust_resnet18"),
    ("on_rand", "from_standard", "random\ntargets", "set_rand"),
    ("on_det", "from_standard", "next\nclass", "set_det"),
)
_QUANTITIES = (
    ("accuracy", "accuracy", "0"),
    ("robust_accuracy_half_epsilon", "robust_accuracy", "ε/2"),
)
_READ = (
    ("rand", "accuracy", "random\ntargets:\nlabel", "reader_sees_labels_of_rand"),
    ("det", "accuracy", "next\nclass:\nlabel", "reader_sees_labels_of_det"),
    ("det", "accuracy_previous_class", "next\nclass:\nclass before", "reader_sees_original_classes_of_det"),
)
_TABLE = "released/sets"
_PITCH, _WIDTH, _BESIDE = 0.38, 0.26, 0.2
_LISTED, _READER = "listed with the sets", "measured by readers"


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw accuracy for every training set, and what is seen in the sets, from the table "released/sets"."""
    table = tables[_TABLE]
    figure, axes = style.canvas(style.PAGE_WIDTH, 92, columns=2, width_ratios=(7, 3))
    _taught(axes[0, 0], table, published)
    _seen(axes[0, 1], table, published)
    for axis, label in zip(axes[0], ("test accuracy (%)", "of the set's images (%)"), strict=True):
        marks.percent_axis(axis, label, context.chance)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 2)
    return figure


def _taught(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
    for group, (model, role, _, key) in enumerate(_MODELS):
        for step, (quantity, name, _) in enumerate(_QUANTITIES):
            place = group + _PITCH * step
            heights = values(table, model=model, dataset="natural_test", quantity=quantity)
            marks.bars(axis, place, heights.tolist(), role, width=_WIDTH)
            if key is not None:
                number = published_value(published, f"{key}_{name}")
                label = _READER if "reader" in key else _LISTED
                marks.published_marks(axis, place + _BESIDE, number, label, clip=False)
    places = [group + _PITCH * step for group in range(len(_MODELS)) for step in range(len(_QUANTITIES))]
    radii = [label for _ in _MODELS for *_, label in _QUANTITIES]
    groups = [(group + _PITCH / 2, label) for group, (*_, label, _) in enumerate(_MODELS)]
    marks.group_ticks(axis, places, radii, groups, "radius of the attack; below, the training set")


def _seen(axis: Axes, table: pd.DataFrame, published: pd.DataFrame) -> None:
    for place, (dataset, quantity, _, key) in enumerate(_READ):
        heights = values(table, model="standard", dataset=dataset, quantity=quantity)
        marks.bars(axis, place, heights.tolist(), "standard", width=2 * _WIDTH)
        marks.published_marks(axis, place + 2 * _BESIDE, published_value(published, key), _READER, clip=False)
    axis.set_xticks(range(len(_READ)), [label for *_, label, _ in _READ])
    axis.set_xlabel("what an independent network gives")


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the released robust set gives robustness, and whether relabelled examples teach."""
    claims = "released_robust_robust_accuracy", "released_det_accuracy"
    robust = values(table, model="on_robust", quantity="robust_accuracy_half_epsilon").mean()
    taught = values(table, model="on_det", dataset="natural_test", quantity="accuracy").mean()
    return (
        f"The released robust set makes networks {context.whether(claims[0], 'more robust')} "
        f"({robust:.0f} % at ε/2); the released next-class examples {context.does(claims[1], 'teach')} "
        f"({taught:.0f} %){context.reserve(*claims)}"
    )
