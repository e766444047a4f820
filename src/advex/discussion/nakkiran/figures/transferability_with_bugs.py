"""The authors' response: learnability against transfer, with the set that does not transfer, as measured."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_ARCHITECTURES = (  # name, label, learner, target, marker
    ("resnet50", "ResNet-50", "on_det", "standard_independent", "o"),
    ("resnet18", "ResNet-18", "on_det_resnet18", "standard_resnet18", "s"),
    ("densenet", "DenseNet", "on_det_densenet", "standard_densenet", "^"),
    ("inception", "Inception", "on_det_inception", "standard_inception", "v"),
    ("vgg16", "VGG-16", "on_det_vgg16", "standard_vgg16", "P"),
)
_SETS = (  # norm, objective, learner, role, label
    ("l2", "targeted_cross_entropy", "on_pgd_l2", "neutral", "ours, large ℓ₂ radius, plain"),
    ("l2", "ensemble_penalised", "on_bugs_l2", "accent", "ours, large ℓ₂ radius, penalised"),
    ("linf", "targeted_cross_entropy", "on_pgd_linf", "neutral", "ours, ℓ∞, plain"),
    ("linf", "ensemble_penalised", "on_bugs_linf", "accent", "ours, ℓ∞, penalised"),
)
_PANELS = (("untargeted_transfer", "a  Untargeted"), ("targeted_transfer", "b  Targeted"))
_FRESH = "ensemble"


def draw(tables: Mapping[str, pd.DataFrame], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw both panels, with least-squares lines through the architectures with and without the new set."""
    figure, axes = style.canvas(style.PAGE_WIDTH, 112, 1, 2)
    found = []
    for axis, (quantity, name) in zip(axes[0], _PANELS, strict=True):
        points = _draw_architectures(axis, tables["ilyas/transferability"], quantity)
        sets = _draw_sets(axis, tables, quantity)
        new = sets.get("on_bugs_l2")
        _draw_published(axis, published, quantity)
        lines = [_draw_line(axis, points, "from_standard", "ours, line through the architectures", ":")]
        if new is not None:
            label = "ours, line with the penalised ℓ₂ set"
            lines.append(_draw_line(axis, [*points, new], "accent", label, "--"))
        found.append((new, lines, len(points)))
        right = max(55.0, *(1.08 * x for x, _ in [*points, *sets.values()]), 0.0)
        axis.set(xlim=(-4, right), ylim=(-5, 106), ylabel="transfer from the set's source (%)")
        axis.set_xlabel("test accuracy, trained on the next-class set (%)")
        axis.set_title(name, loc="left")
        axis.axvline(context.chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1)
        axis.text(
            context.chance, 1.0, " chance", transform=axis.get_xaxis_transform(), ha="left", va="top",
            color=style.COLOURS["chance"], fontsize=style.SMALLEST_TEXT,
        )  # fmt: skip
    lettering.title(figure, _finding(found, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _draw_point(
    axis: Axes, x: Array, y: Array, role: str, marker: str, label: str
) -> tuple[float, float] | None:
    """Draw the mean over seeds with both intervals; None where nothing could transfer."""
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    across, up = (marks.bounded(each[known].tolist(), marks.SHARE) for each in (x, y))
    if known.sum() > 1:
        axis.errorbar(
            across.mean,
            up.mean,
            marks.whiskers(up),
            marks.whiskers(across),
            color=style.COLOURS["neutral"],
            linewidth=0.5,
        )
    axis.plot(
        across.mean, up.mean, linestyle="none", marker=marker, markersize=6, zorder=4, label=label,
        markerfacecolor=style.COLOURS[role], markeredgecolor="black", markeredgewidth=0.5, clip_on=False,
    )  # fmt: skip
    return across.mean, up.mean


def _draw_architectures(axis: Axes, table: pd.DataFrame, quantity: str) -> list[tuple[float, float]]:
    points = []
    for _, name, learner, target, marker in _ARCHITECTURES:
        x = values(table, model=learner, quantity="accuracy")
        y = values(table, model=target, quantity=quantity)
        points.append(_draw_point(axis, x, y, "from_standard", marker, f"ours, {name}"))
    return [point for point in points if point is not None]


def _draw_sets(
    axis: Axes, tables: Mapping[str, pd.DataFrame], quantity: str
) -> dict[str, tuple[float, float]]:
    """Draw the sets of comment 5 that the study has, and return their places by their models."""
    learnt, attacks = tables["nakkiran/bugs_dataset"], tables["nakkiran/attack_transfer"]
    drawn: dict[str, tuple[float, float]] = {}
    for norm, objective, learner, role, label in _SETS:
        if not (learnt["model"] == learner).any():
            continue
        rows = attacks[(attacks["norm"] == norm) & (attacks["objective"] == objective)]
        rows = rows[rows["members"] == rows["members"].max()]
        x = values(learnt, model=learner, quantity="accuracy")
        y = values(rows, model=_FRESH, quantity=quantity)
        point = _draw_point(axis, x, y, role, "p" if norm == "l2" else "X", label)
        drawn |= {learner: point} if point else {}
    return drawn


def _draw_published(axis: Axes, published: pd.DataFrame, quantity: str) -> None:
    label = "published, CIFAR-10; at the left, comment 5"
    for name, *_ in _ARCHITECTURES:
        x = published_value(published, f"rebuttal_{name}_accuracy")
        marks.published_marks(axis, x, published_value(published, f"rebuttal_{name}_{quantity}"), label)
    if quantity == "targeted_transfer":
        for norm in ("l2", "linf"):
            x = published_value(published, f"{norm}_bugs_accuracy")
            marks.published_marks(axis, x, published_value(published, f"{norm}_bugs_transfer"), label)
    else:
        x = published_value(published, "new_point_accuracy")
        marks.published_marks(axis, x, published_value(published, "new_point_transfer"), label)


def _draw_line(
    axis: Axes, points: Sequence[tuple[float, float]], role: str, label: str, line: str
) -> tuple[float, float]:
    """Draw the least-squares line through means; return its slope and the points' correlation."""
    x, y = np.array(points).reshape(-1, 2).T
    if len(points) < 3 or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return float("nan"), float("nan")
    fit = np.polynomial.Polynomial.fit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    axis.plot(
        ends, fit(ends), color=style.COLOURS[role], linestyle=line, linewidth=0.9, zorder=1, label=label
    )
    return float(fit.deriv()(0.0)), float(np.corrcoef(x, y)[0, 1])


def _spelt(number: int) -> str:
    names = ("no", "one", "two", "three", "four", "five", "six")
    return names[number] if number < len(names) else str(number)


def _finding(
    found: Sequence[tuple[tuple[float, float] | None, list[tuple[float, float]], int]],
    context: lettering.Context,
) -> str:
    """Say whether the new set lies below every architecture, and what it does to the correlation of means."""
    (untargeted, lines, count), (targeted, *_) = found
    claim = "new_point_lies_on_the_trend"
    if untargeted is None or targeted is None:
        return "No penalised example reached its target, so none could transfer"
    before, after = (f"{correlation:.2f}" for _, correlation in lines)
    words = context.by_verdict(claim, there="lies", against="does not lie", open_="does not surely lie")
    return (
        f"The set that fools its source alone {words} below all architectures (learnt to "
        f"{untargeted[0]:.1f} %, "
        f"{untargeted[1]:.1f} % transfers); means of {_spelt(count + 1)} points correlate to "
        f"{after} with it, of "
        f"{_spelt(count)} to {before} without{context.reserve(claim)}"
    )
