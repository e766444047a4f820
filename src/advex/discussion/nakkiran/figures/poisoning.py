"""The addendum: training with the right labels on images perturbed towards the next class."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_MODELS = (
    ("poisoned_by_pgd", "from_standard", "plain attack"),
    ("poisoned_by_bugs", "accent", "penalised attack"),
)
_QUANTITIES = (("accuracy", "true\nclass"), ("accuracy_previous_class", "class\nbefore"))
_PUBLISHED = {"accuracy": "poisoning_accuracy", "accuracy_previous_class": "poisoning_previous_class"}


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw how often poisoned models give the true class and the one before, from "nakkiran/bugs_dataset"."""
    table = tables["nakkiran/bugs_dataset"]
    figure, axes = style.canvas(style.COLUMN_WIDTH, 95)
    axis = axes[0, 0]
    what = "answer on the test set; below, how\nthe training images were perturbed"
    places = marks.answer_bars(axis, table, _MODELS, _QUANTITIES, what)
    for quantity, key in _PUBLISHED.items():
        place, number = places["poisoned_by_pgd", quantity], published_value(published, key)
        label = "published corollary of Tables 1 and 10\n(CIFAR-10, radius 0.5; not run)"
        marks.published_marks(axis, place, number, label, clip=False)
    marks.percent_axis(axis, "test images given this label (%)", context.chance)
    lettering.title(figure, _finding(table, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 1)
    return figure


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether right labels on perturbed images lead to the class before, and what bugs do."""
    claim = "poisoning_leads_to_the_class_before"
    plain, bugs = (
        values(table, model=f"poisoned_by_{name}", quantity="accuracy_previous_class").mean()
        for name in ("pgd", "bugs")
    )
    return (
        f"Right labels on plain examples {context.does(claim, 'lead')} to the class before "
        f"({plain:.0f} %; penalised {bugs:.0f} %){context.reserve(claim)}"
    )
