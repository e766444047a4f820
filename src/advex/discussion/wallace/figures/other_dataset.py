"""Figure 3 of Wallace's comment and its numbers: a task learnt from other images, and from noise."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from advex.common.artifacts import Array
from advex.discussion.wallace.figures.thumbnails import strip_over_two_panels
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value, values

_TABLE, _PICTURE = "wallace/other_dataset", "wallace/other_images"
_BARS = (  # learnt from, normalisation, student, colour, name, published numbers
    ("task", "task", "same", "standard", "teacher", ("mnist_teacher_accuracy",)),
    ("other", "none", "same", "from_standard", "none", ("fashion_student_accuracy",)),
    ("other", "own", "same", "from_standard", "own", ("fashion_student_accuracy",)),
    ("other", "task", "same", "from_standard", "task's", ("fashion_student_accuracy_task",)),
    ("shuffled", "task", "same", "neutral", "labels\nshuffled", ()),
    ("uniform", "task", "same", "second_accent", "uni-\nform", ()),
    ("gaussian", "task", "same", "second_accent", "Gaus-\nsian", ()),
)
_OTHER_NETWORKS = 4  # the bar before which those of other networks stand
_STUDENTS = {"perceptron": "per-\nceptron", "batch_normalised": "batch\nnorm."}  # others by their names
_GAPS = {"other": 1.0, "shuffled": 1.3, "uniform": 1.5, "gaussian": 1.1}  # before a bar, by what it learns
_STUDENT_GAP = 1.3
_HISTOGRAMS = (
    ("other", "none", "other, none"),
    ("other", "own", "other, own"),
    ("other", "task", "other, task's"),
    ("uniform", "task", "uniform"),
    ("gaussian", "task", "Gaussian"),
)


def draw(tables: Mapping[str, Any], published: pd.DataFrame, context: lettering.Context) -> Figure:
    """Draw some other images, what students of each kind of images learn, and the labels they saw."""
    table: pd.DataFrame = tables[_TABLE]
    named = "other images, with the teacher's predictions", "test images of the task"
    figure, first, second = strip_over_two_panels(
        tables[_PICTURE], *named, height_mm=122, width_ratios=(1.9, 1)
    )
    _draw_accuracies(first, table, published, context.chance)
    _draw_labels(second, table[table["pair"] == _main(table)])
    lettering.title(figure, _finding(table, context))
    tested = table[(table["pair"] == _main(table)) & (table["learnt_from"] == "task")]["images"]
    lettering.footer(figure, replace(context, images=int(tested.max())))
    lettering.legend_below(figure, 3)
    return figure


def _main(table: pd.DataFrame) -> str:
    """Return the pair that titles and histograms are about: the first."""
    return str(table["pair"].iloc[0])


def _bars(table: pd.DataFrame) -> list[tuple[float, tuple[str, str, str, str, str, tuple[str, ...]]]]:
    """Return all bars with their places: those of every study, and one for each other network's student."""
    others = [name for name in dict.fromkeys(table["student"]) if name != "same"]
    students = [
        ("other", "task", name, "accent", _STUDENTS.get(name, name.replace("_", "\n")), ()) for name in others
    ]
    rows = [*_BARS[:_OTHER_NETWORKS], *students, *_BARS[_OTHER_NETWORKS:]]
    places = [0.0]
    for learnt_from, normalisation, student, *_ in rows[1:]:
        gap = _GAPS[learnt_from] if student == "same" else _STUDENT_GAP
        places.append(places[-1] + gap + 0.5 * ((learnt_from, normalisation) == ("other", "none")))
    return list(zip(places, rows, strict=True))


def _of(
    table: pd.DataFrame, pair: str, learnt_from: str, normalisation: str, student: str = "same",
    quantity: str = "accuracy",
) -> Array:  # fmt: skip
    return values(
        table, pair=pair, learnt_from=learnt_from, normalisation=normalisation, student=student,
        quantity=quantity,
    )  # fmt: skip


def _draw_accuracies(axis: Axes, table: pd.DataFrame, published: pd.DataFrame, chance: float) -> None:
    pairs = list(dict.fromkeys(table["pair"]))
    width = 0.7 / len(pairs)
    bars = _bars(table)
    for place, (learnt_from, normalisation, student, role, _, keys) in bars:
        for number, pair in enumerate(pairs):
            at = place + (number - (len(pairs) - 1) / 2) * width
            key = (pair, learnt_from, normalisation, student)
            marks.bars(axis, at, _of(table, *key).tolist(), role, width=0.92 * width)
            if learnt_from != "task":
                agreement = _of(table, *key, "agreement").mean()
                axis.plot(
                    [at - width / 2, at + width / 2], [agreement, agreement], color="black", linewidth=1.4,
                    label="agreement with the teacher",
                )  # fmt: skip
            if len(pairs) > 1 and learnt_from == "task":
                axis.text(at, 2, pair, rotation=90, ha="center", va="bottom", color="white",
                          fontsize=style.SMALLEST_TEXT)  # fmt: skip
        for key_of in keys:
            stated = key_of != "fashion_student_accuracy"
            name = "published (MNIST from Fashion-MNIST)"
            marks.published_marks(
                axis, place, published_value(published, key_of), name if stated else f"{name}, which?",
                role="published" if stated else "neutral",
            )  # fmt: skip
    axis.axhline(
        chance, color=style.COLOURS["chance"], linestyle="--", linewidth=0.7, zorder=1, label="chance"
    )
    axis.set(ylim=(0, 104), yticks=range(0, 101, 20), ylabel="accuracy on the task (%)")
    by_group = {
        "other images,\nnormalised by": [at for at, row in bars if row[0] == "other" and row[2] == "same"],
        "other\nnetworks": [at for at, row in bars if row[2] != "same"],
        "noise": [at for at, row in bars if row[0] in ("uniform", "gaussian")],
    }
    groups = [((places[0] + places[-1]) / 2, name) for name, places in by_group.items()]
    places, names = [at for at, _ in bars], [row[4] for _, row in bars]
    marks.group_ticks(axis, places, names, groups, "images that the teacher labelled")
    axis.set_title("b  Students of the teacher's labels")


def _draw_labels(axis: Axes, table: pd.DataFrame) -> None:
    """Draw how often the teacher gives each label, in percent, one row a kind of images."""
    rows = table[table["quantity"] == "label_share"]
    classes = int(rows["label"].max()) + 1
    shares = np.array(
        [
            [_share(rows, learnt_from, normalisation, label) for label in range(classes)]
            for learnt_from, normalisation, _ in _HISTOGRAMS
        ]
    )
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        axis.text(
            column, row, f"{share:.0f}", ha="center", va="center", fontsize=style.SMALLEST_TEXT,
            color="white" if share > 55 else "black",
        )  # fmt: skip
    used = [
        values(table, learnt_from=learnt_from, normalisation=normalisation, quantity="labels_used").mean()
        for learnt_from, normalisation, _ in _HISTOGRAMS
    ]
    names = [f"{name} ({count:.1f})" for (*_, name), count in zip(_HISTOGRAMS, used, strict=True)]
    axis.set_yticks(range(len(names)), names)
    axis.set_xticks(range(classes), [str(label) for label in range(classes)])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("label (effective number in brackets)")
    axis.set_title("c  The teacher's labels (%)")


def _share(rows: pd.DataFrame, learnt_from: str, normalisation: str, label: int) -> float:
    return float(values(rows, learnt_from=learnt_from, normalisation=normalisation, label=label).mean())


def _finding(table: pd.DataFrame, context: lettering.Context) -> str:
    """Say whether the task is learnt from other images beyond what noise teaches."""
    claim = "wallace_fashion_student_task_statistics"
    main = _main(table)
    other, shuffled = (_of(table, main, kind, "task").mean() for kind in ("other", "shuffled"))
    uniform, gaussian = (_of(table, main, kind, "task").mean() for kind in ("uniform", "gaussian"))
    return (
        f"Another data set's images {context.does(claim, 'teach')} the task beyond what noise "
        f"does: {other:.0f} % with "
        f"the task's statistics, {uniform:.0f} and {gaussian:.0f} % from uniform and Gaussian noise, "
        f"{shuffled:.0f} % with labels shuffled{context.reserve(claim)}"
    )
