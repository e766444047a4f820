"""Figures 3 and 13: what architectures learn from the next-class set against transfer to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.common.numbers.statistics import MeanInterval, rank_correlation
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values


@dataclass(frozen=True)
class _Architecture:
    """One point: the models behind it, its marker, and where its published label goes."""

    name: str
    label: str
    learner: str
    target: str
    marker: str
    beside: tuple[float, float]  # offset of the published label in points
    align: str


_ARCHITECTURES = (
    _Architecture("resnet50", "ResNet-50", "on_det", "standard_independent", "o", (-62, 2), "right"),
    _Architecture("resnet18", "ResNet-18", "on_det_resnet18", "standard_resnet18", "s", (-62, -6), "right"),
    _Architecture("densenet", "DenseNet", "on_det_densenet", "standard_densenet", "^", (6, -2), "left"),
    _Architecture("inception", "Inception", "on_det_inception", "standard_inception", "v", (6, -1), "left"),
    _Architecture("vgg16", "VGG-16", "on_det_vgg16", "standard_vgg16", "P", (6, 0), "left"),
)
_PANELS = (
    ("untargeted_transfer", "figure3", "a  Untargeted"),
    ("targeted_transfer", "figure13", "b  Targeted"),
)
_ROLE = "from_standard"
_LEAST_RIGHT = 53  # where the label of the published point on the right ends
_SPREAD = 1e-9  # points nearer than this have no correlation


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw both panels from the table "ilyas/transferability"."""
    table = tables["ilyas/transferability"]
    figure, axes = style.canvas(style.PAGE_WIDTH, 105, 1, 2)
    accuracy = _by_architecture(table, "accuracy")
    for axis, (quantity, key, name) in zip(axes[0], _PANELS, strict=True):
        transfer = _by_architecture(table, quantity)
        _draw_ours(axis, accuracy, transfer, context.chance)
        _draw_published(axis, published, key, quantity)
        axis.set(xlim=(0, max(_LEAST_RIGHT, 1.05 * accuracy.max())), ylim=(-4, 104))
        axis.set_ylabel("transfer from the standard source (%)")
        axis.set_title(
            f"{name}: {_pearson(accuracy, transfer, published_value(published, f'{key}_correlation'))}"
        )
    ranks = [
        _correlation(accuracy, _by_architecture(table, quantity), ranked=True) for quantity, *_ in _PANELS
    ]
    lettering.title(figure, _finding(ranks, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 4)
    return figure


def _by_architecture(table: pd.DataFrame, quantity: str) -> Array:
    """Return one number an architecture and seed, (architectures, seeds); NaN: nothing could transfer."""
    models = [each.learner if quantity == "accuracy" else each.target for each in _ARCHITECTURES]
    return np.stack([values(table, model=model, quantity=quantity) for model in models])


def _draw_ours(axis: Axes, accuracy: Array, transfer: Array, chance: float) -> None:
    """Draw each seed, the means with crossed intervals, and the line through the means."""
    means = []
    for each, x, y in zip(_ARCHITECTURES, accuracy, transfer, strict=True):
        known = np.isfinite(x) & np.isfinite(y)
        if not known.any():
            continue
        horizontal, vertical = (marks.bounded(each[known].tolist(), marks.SHARE) for each in (x, y))
        means.append((horizontal.mean, vertical.mean))
        colour = style.COLOURS[_ROLE]
        if known.sum() > 1:
            axis.plot(
                x[known], y[known], linestyle="none", marker=each.marker, markersize=3, alpha=0.5,
                markerfacecolor=colour, markeredgewidth=0,
            )  # fmt: skip
            axis.errorbar(
                horizontal.mean, vertical.mean, marks.whiskers(vertical), marks.whiskers(horizontal),
                color=style.COLOURS["neutral"], linewidth=0.5,
            )  # fmt: skip
        axis.plot(
            horizontal.mean, vertical.mean, linestyle="none", marker=each.marker, markersize=6.5, zorder=4,
            markerfacecolor=colour, markeredgecolor="black", markeredgewidth=0.5, label=f"ours, {each.label}",
        )  # fmt: skip
    _draw_fit(axis, np.array(means))
    axis.axvline(chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1)
    axis.text(
        chance, 0.0, " chance", transform=axis.get_xaxis_transform(), color=style.COLOURS["chance"],
        fontsize=style.SMALLEST_TEXT, ha="left", va="bottom",
    )  # fmt: skip
    axis.set_xlabel("test accuracy, trained on the next-class set (%)")


def _draw_fit(axis: Axes, means: Array) -> None:
    """Draw the least-squares line through the means of the architectures."""
    if len(means) < 2 or np.ptp(means[:, 0]) < _SPREAD:
        return
    ends = np.array([means[:, 0].min(), means[:, 0].max()])
    line = np.polynomial.Polynomial.fit(means[:, 0], means[:, 1], 1)
    axis.plot(
        ends,
        line(ends),
        color=style.COLOURS[_ROLE],
        linestyle="--",
        zorder=1,
        label="ours, line through the means",
    )


def _draw_published(axis: Axes, published: pd.DataFrame, figure: str, quantity: str) -> None:
    for each in _ARCHITECTURES:
        x = published_value(published, f"figure3_{each.name}_accuracy")
        y = published_value(published, f"{figure}_{each.name}_{quantity}")
        marks.published_marks(axis, x, y, "published (Figs. 3, 13), CIFAR-10")
        axis.annotate(
            each.label, (x, y), each.beside, textcoords="offset points", ha=each.align, va="center",
            zorder=6, bbox={"color": "white", "alpha": 0.75, "pad": 0.5, "linewidth": 0},
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3},
        )  # fmt: skip


def _correlation(accuracy: Array, transfer: Array, *, ranked: bool = False) -> MeanInterval | None:
    """Correlate over architectures within each seed; None if a seed has no correlation."""
    if not (np.isfinite(accuracy).all() and np.isfinite(transfer).all()):
        return None
    if min(np.ptp(accuracy, axis=0).min(), np.ptp(transfer, axis=0).min()) < _SPREAD:
        return None
    of = rank_correlation if ranked else lambda x, y: float(np.corrcoef(x, y)[0, 1])
    return marks.bounded([of(x, y) for x, y in zip(accuracy.T, transfer.T, strict=True)], marks.CORRELATION)


def _with_interval(found: MeanInterval | None) -> str:
    if found is None:
        return "undefined"
    return f"{found.mean:.2f}" + (f" ({found.low:.2f} to {found.high:.2f})" if found.n > 1 else "")


def _pearson(accuracy: Array, transfer: Array, published: float) -> str:
    """Say the correlation that the paper gives: of each seed's points, then the mean over seeds."""
    return f"r = {_with_interval(_correlation(accuracy, transfer))}, published {published:.2f}"


def _finding(ranks: Sequence[MeanInterval | None], context: lettering.Context) -> str:
    """Say for which attacks transfer grows with what is learnt, by rank correlations over architectures."""
    names = ("untargeted", "targeted")
    claims = [f"{name}_transfer_rank_correlation" for name in names]
    grows = [name for name, claim in zip(names, claims, strict=True) if context.holds(claim)]
    words = {
        2: "receive more transfer",
        1: (
            f"receive clearly more transfer for {''.join(grows)} attacks, not clearly for "
            f"{''.join(name for name in names if name not in grows)} ones"
        ),
        0: "do not clearly receive more transfer",
    }[len(grows)]
    ours = ", ".join(f"{name} {_with_interval(found)}" for name, found in zip(names, ranks, strict=True))
    return (
        f"Architectures that learn more from the next-class set {words}: rank correlation {ours}"
        f"{context.reserve(*claims)}"
    )
