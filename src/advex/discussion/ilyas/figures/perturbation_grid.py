"""Figure 9: images of the relabelled data sets, in the columns of the labels they were given."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from advex.common.pictures import Picture
from advex.draw import lettering, marks, style

_PANELS = (
    ("ilyas/random_perturbations", "a  Label: a random class"),
    ("ilyas/next_class_perturbations", "b  Label: the next class"),
)


def draw(tables: Mapping[str, Picture], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the pictures "ilyas/random_perturbations" and "ilyas/next_class_perturbations" side by side."""
    figure, axes = style.canvas(style.PAGE_WIDTH, 70, 1, 2)
    for axis, (name, heading) in zip(axes[0], _PANELS, strict=True):
        picture = tables[name]
        rows = picture.rows if axis is axes[0, 0] else []
        marks.image_grid(axis, picture.images.transpose(0, 1, 3, 4, 2), rows, picture.columns)
        axis.set_title(heading, loc="left")
    lettering.title(
        figure,
        "Training images under the label they were given: originals, and adversarial examples made with a "
        "standard and with a robust model",
    )
    lettering.footer(figure, replace(context, images=None))  # the context counts test images; these are not
    return figure
