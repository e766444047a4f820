"""Figure 10: accuracy by epoch of training on the relabelled sets, from both source models."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.draw import lettering, marks, style
from advex.draw.tables import published_points, values

_PANELS = (
    (
        ("on_rand", "from_standard", "a  Random target, standard source"),
        ("on_rand_robust", "from_robust", "b  Random target, robust source"),
    ),
    (
        ("on_det", "from_standard", "c  Next-class target, standard source"),
        ("on_det_robust", "from_robust", "d  Next-class target, robust source"),
    ),
)
_SOURCES = {"from_standard": "standard source", "from_robust": "robust source"}


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw four panels from the table "ilyas/accuracy_curves"."""
    table = tables["ilyas/accuracy_curves"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 130, 2, 2, sharex=True, sharey=True)
    drops: dict[str, Array] = {}
    theirs: dict[str, int] = {}
    for row, panels in enumerate(_PANELS):
        for axis, (model, role, name) in zip(axes[row], panels, strict=True):
            drops[model] = _draw_ours(axis, table, model, role)
            theirs[model] = _draw_published(axis, published, model)
            marks.chance_line(axis, context.chance)
            axis.set_title(name, loc="left")
        axes[row, 0].set_ylabel("accuracy (%)")
    ours = _epochs(table).max()
    for axis, (above, below) in zip(axes[1], zip(*_PANELS, strict=True), strict=True):
        upper, lower = theirs[above[0]], theirs[below[0]]
        differs = "" if upper == lower else f", below {lower}"
        axis.set_xlabel(f"% of training (ours {ours} epochs, published {upper}{differs})")
    axes[0, 0].set(xlim=(0, 102), ylim=(0, 103), yticks=range(0, 101, 20))
    lettering.title(figure, _finding(drops, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _epochs(table: pd.DataFrame) -> Array:
    return np.unique(table["epoch"].dropna()).astype(int)


def _curve(table: pd.DataFrame, model: str, quantity: str) -> tuple[Array, Array]:
    """Return the epochs, (points,), and the accuracies, (seeds, points)."""
    epochs = _epochs(table[(table["model"] == model) & (table["quantity"] == quantity)])
    if not epochs.size:
        raise UserError(f"the measurement has no row with model {model!r}, quantity {quantity!r}; measure it")
    columns = [values(table, model=model, quantity=quantity, epoch=epoch) for epoch in epochs]
    return epochs, np.stack(columns, axis=1)


def _draw_ours(axis: Axes, table: pd.DataFrame, model: str, role: str) -> Array:
    """Draw both accuracies; return how far test accuracy is below its best epoch at the end, (seeds,)."""
    epochs, test = _curve(table, model, "test_accuracy")
    marks.mean_line(
        axis, 100 * epochs / epochs.max(), test, role, label=f"test set, {_SOURCES[role]}", marker=False
    )
    epochs, train = _curve(table, model, "train_accuracy")
    marks.mean_line(
        axis, 100 * epochs / epochs.max(), train, "neutral", label="training set, new labels",
        linestyle="--", marker=False,
    )  # fmt: skip
    drop: Array = test.max(axis=1) - test[:, -1]
    return drop


def _draw_published(axis: Axes, published: pd.DataFrame, model: str) -> int:
    """Draw Fig. 10's points on the same scale and return its last epoch."""
    source = "published (Fig. 10), CIFAR-10 ResNet-50"
    test_epochs, test = published_points(published, f"figure10_{model}_test_epoch")
    epochs, train = published_points(published, f"figure10_{model}_train_epoch")
    last = float(test_epochs.max())
    marks.published_marks(axis, 100 * test_epochs / last, test, f"{source}: test set", size=4)
    marks.published_marks(
        axis, 100 * epochs / last, train, f"{source}: training set", role="neutral", size=2.5
    )
    return round(last)


def _finding(drops: Mapping[str, Array], context: lettering.Context) -> str:
    """Say whether test accuracy declines more with the robust source, by the claims on both targets."""
    claims = {
        "random": "on_rand_robust_test_accuracy_declines",
        "next-class": "on_det_robust_test_accuracy_declines",
    }
    more = [target for target, claim in claims.items() if context.holds(claim)]
    unclear = [target for target in claims if target not in more]
    random, random_robust, shifted, shifted_robust = (
        f"{drops[model].mean():.1f}" for model in ("on_rand", "on_rand_robust", "on_det", "on_det_robust")
    )
    words = {
        2: "Test accuracy declines more in training with the robust source",
        1: (
            f"Test accuracy declines clearly more with the robust source for {''.join(more)} targets, "
            f"not clearly for {''.join(unclear)} ones"
        ),
        0: "Test accuracy does not clearly decline more with the robust source",
    }[len(more)]
    return (
        f"{words}: from its best epoch to the last by {random_robust} against {random} points "
        f"(random target) and {shifted_robust} against {shifted} (next "
        f"class){context.reserve(*claims.values())}"
    )
