"""The triptych: squares of two pixels, and what a small network says early and at the end of training."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.draw import lettering, style
from advex.draw.tables import first_repetition, values

_BLACK, _WHITE = "robust", "standard"  # blue for label 1, as the map; orange for label -1


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw the training set and the network's map at the first and the last step, of the first seed."""
    table = tables["nakkiran/squares_2d"]
    drawn = first_repetition(table)
    steps = sorted(int(step) for step in drawn["step"].dropna().unique())
    figure, axes = style.canvas(style.PAGE_WIDTH, 78, 1, 3, sharex=True, sharey=True)
    _draw_points(axes[0, 0], drawn)
    axes[0, 0].set_title("a  training set", loc="left")
    for axis, letter, step in zip(axes[0, 1:], "bc", (steps[0], steps[-1]), strict=True):
        probability = drawn[(drawn["quantity"] == "probability") & (drawn["step"] == step)]
        square = probability.pivot(index="x2", columns="x1", values="value")
        low, high = float(square.columns.min()), float(square.columns.max())
        mesh = axis.imshow(
            square.to_numpy(), cmap="RdBu", vmin=0, vmax=1, alpha=0.5, origin="lower",
            interpolation="bilinear", extent=(low, high, low, high),
        )  # fmt: skip
        axis.contour(square.columns, square.index, square.to_numpy(), [0.5], colors="black", linewidths=0.8)
        _draw_points(axis, drawn)
        right = values(table[table["step"] == step], quantity="train_accuracy")
        axis.set_title(f"{letter}  after {step:,} steps: {right.mean():.0f} % fitted", loc="left")
        axis.set_xlabel("first pixel")
    axes[0, 0].set(xlabel="first pixel", ylabel="second pixel", xlim=(-2, 2), ylim=(-2, 2))
    for axis in axes[0]:
        axis.set_aspect("equal")
    figure.colorbar(
        mesh, ax=list(axes[0]), shrink=0.75, pad=0.01, label="probability of white", ticks=(0, 0.5, 1)
    )
    lettering.title(figure, _finding(table, steps, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 2)
    return figure


def _draw_points(axis: Axes, table: pd.DataFrame) -> None:
    points = table[table["quantity"] == "training_point"]
    for label, role, name, marker in (
        (-1, _BLACK, "labelled black (-1)", "o"),
        (1, _WHITE, "labelled white (+1)", "s"),
    ):
        chosen = points[points["value"] == label]
        axis.plot(
            chosen["x1"], chosen["x2"], linestyle="none", marker=marker, markersize=3, label=name,
            markerfacecolor=style.COLOURS[role], markeredgecolor="white", markeredgewidth=0.4,
        )  # fmt: skip


def _finding(table: pd.DataFrame, steps: list[int], context: lettering.Context) -> str:
    """Say how sharply the network answers around its training points, early and late."""
    claims = "squares_2d_get_steeper", "squares_2d_ignore_wrong_labels_early"
    early, late = (
        values(table[table["step"] == step], quantity="largest_gradient") for step in (steps[0], steps[-1])
    )
    flipped = values(table[table["step"] == steps[-1]], quantity="flipped_accuracy")
    known = flipped[np.isfinite(flipped)]  # a repetition may have no mislabelled point
    share = f"{known.mean():.0f} %" if known.size else "none"
    ignored = context.by_verdict(claims[1], there="ignored", against="had fitted some of", open_="saw first")
    return (
        f"Fitting mislabelled points ({share} of them) {context.does(claims[0], 'make', 's')} "
        f"the network steeper: "
        f"{float((late / early).mean()):,.0f} times what it was after {steps[0]} steps, when it "
        f"{ignored} "
        f"them{context.reserve(*claims)}"
    )
