"""Figure 1 of Wallace's comment and its number: students of a model's own mistakes, with controls."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.discussion.wallace.figures.thumbnails import strip_over_two_panels
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_TABLE, _PICTURE = "wallace/own_mistakes", "wallace/mistakes"
_STUDENTS = (
    ("predictions", "same", "from_standard", "student"),
    ("predictions", "other", "accent", "another\nnetwork"),
    ("same_confusion", "same", "neutral", "same\nconfusion"),
    ("uniform", "same", "neutral", "uniformly\nwrong"),
)


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw some mistakes, accuracies at the headline, and students against teachers."""
    table: pd.DataFrame = tables[_TABLE]
    named = "training images the teacher gets wrong, with its predictions", "test images, with true labels"
    figure, first, second = strip_over_two_panels(
        tables[_PICTURE], *named, height_mm=118, width_ratios=(1.3, 1)
    )
    _draw_headline(first, table, published, context.chance)
    _draw_sweep(second, table, published, context.chance)
    lettering.title(figure, _finding(table, published, context))
    lettering.footer(figure, context)
    lettering.legend_below(figure, 3)
    return figure


def _student(table: pd.DataFrame, labels: str, student: str, quantity: str = "accuracy") -> Array:
    return values(table, headline="yes", labels=labels, student=student, quantity=quantity)


def _draw_headline(axis: Axes, table: pd.DataFrame, published: pd.DataFrame, chance: float) -> None:
    bars = [
        (values(table, headline="yes", quantity=f"teacher_{part}_accuracy"), "standard", f"teacher,\n{part}")
        for part in ("train", "test")
    ]
    bars += [(_student(table, labels, which), role, name) for labels, which, role, name in _STUDENTS]
    for place, (found, role, _) in enumerate(bars):
        marks.bars(axis, place, found.tolist(), role, width=0.6)
    for place, (labels, which, *_) in enumerate(_STUDENTS, start=2):
        agreement = _student(table, labels, which, "agreement").mean()
        axis.plot(
            [place - 0.3, place + 0.3], [agreement, agreement], color="black", linewidth=1.6,
            label="agreement with the teacher",
        )  # fmt: skip
    keys = ("teacher_train_accuracy", "teacher_test_accuracy", "student_accuracy")
    heights = [published_value(published, key) for key in keys]
    marks.published_marks(axis, range(3), heights, "published (CIFAR-10)")
    axis.axhline(
        chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1, label="chance"
    )
    names = [name for *_, name in bars]
    for place, (labels, which, *_) in enumerate(_STUDENTS, start=2):
        if labels != "predictions":
            unchanged = _student(table, labels, which, "labels_unchanged").mean()
            names[place] += f"\n{unchanged:.0f} % kept"
    axis.set_xticks(range(len(bars)), names)
    axis.tick_params(axis="x", length=0)
    axis.set(ylim=(0, 104), yticks=range(0, 101, 20), ylabel="accuracy (%)")
    axis.set_title("b  Labels of the teacher, and labels blind to the image")


def _draw_sweep(axis: Axes, table: pd.DataFrame, published: pd.DataFrame, chance: float) -> None:
    stops = np.sort(table["stop"].unique())
    student = (table["labels"] == "predictions") & (table["student"] == "same")
    learnt = table[table["student"].isna() | student]

    def by_stop(quantity: str) -> Array:
        return np.stack([values(learnt, stop=stop, quantity=quantity) for stop in stops], axis=1)

    teacher = by_stop("teacher_test_accuracy").mean(axis=0)
    marks.mean_line(axis, teacher, by_stop("accuracy"), "from_standard", label="student")
    marks.mean_line(
        axis, teacher, by_stop("agreement"), "second_accent", label="student's agreement with the teacher",
        linestyle="--",
    )  # fmt: skip
    for x, count in zip(teacher, by_stop("mistakes").mean(axis=0), strict=True):
        axis.text(x, 99, f"{count:,.0f}", ha="center", va="bottom", fontsize=style.SMALLEST_TEXT)
    axis.text(0.01, 1.0, "mistakes:", transform=axis.transAxes, va="bottom", fontsize=style.SMALLEST_TEXT)
    marks.published_marks(
        axis,
        published_value(published, "teacher_test_accuracy"),
        published_value(published, "student_accuracy"),
        "published (CIFAR-10)",
    )
    axis.axhline(chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1)
    axis.set(xlim=(0, 100), ylim=(0, 100), yticks=range(0, 101, 20), xlabel="teacher's test accuracy (%)")
    axis.set_ylabel("student on test images (%)")
    axis.set_title("c  The same teacher, by where it stops", pad=14)


def _finding(table: pd.DataFrame, published: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether students learn from mistakes, against chance and against labels blind to the image."""
    claim = "wallace_student_accuracy"
    student, blind = (_student(table, labels, "same").mean() for labels in ("predictions", "same_confusion"))
    size = values(table, headline="yes", quantity="mistakes").mean()
    return (
        f"Students {context.does(claim, 'learn')} the task from a teacher's {size:,.0f} "
        f"mistakes: {student:.0f} % "
        f"of test images, {blind:.0f} % where the same labels are blind to the image (published "
        f"{published_value(published, 'student_accuracy'):.0f} %, CIFAR-10){context.reserve(claim)}"
    )
