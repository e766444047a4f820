"""The figures of comment 6: what they show, and titles that follow the numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import context_of, diamonds, heading

from advex.common.pictures import Picture
from advex.discussion.wallace.figures import other_dataset, own_mistakes, two_dimensional
from advex.discussion.wallace.two_dimensional import Fit, published_points
from advex.discussion.wallace.two_dimensional import two_dimensional as in_the_plane
from advex.discussion.wallace.worlds import worlds_table
from advex.draw import lettering

PUBLISHED = pd.read_csv(Path(__file__).parents[4] / "published/wallace.csv")
CONTEXT = lettering.Context(
    "digits", "wallace/x", "results/digits/measurements/wallace/x.csv", "digits", 3, 500
)
STRIP = Picture(np.full((1, 6, 1, 8, 8), 0.5, np.float32), ["labels"], list("123401"))
SPREAD = (-1.0, 0.0, 1.0)


def mistakes_table(student=40.0, blind=9.0, seeds=3):
    rows = []
    for stop, headline, teacher in ((30, "no", 31), (55, "yes", 56), (90, "no", 91)):
        common = {"stop": stop, "headline": headline}
        for part in ("train", "test"):
            rows.append({**common, "quantity": f"teacher_{part}_accuracy", "value": teacher})
        rows.append({**common, "quantity": "mistakes", "value": 10 * (100 - teacher)})
        students = [("predictions", "same", student)]
        if headline == "yes":
            students += [
                ("predictions", "other", 35),
                ("same_confusion", "same", blind),
                ("uniform", "same", 3),
            ]
        for labels, which, accuracy in students:
            for quantity, value in (("accuracy", accuracy), ("agreement", accuracy + 10)):
                row = {**common, "labels": labels, "student": which}
                rows.append({**row, "quantity": quantity, "value": value})
            if labels != "predictions":
                rows.append({**row, "quantity": "labels_unchanged", "value": 64})
        rows.append({**common, "quantity": "classes_covered", "value": 30})
    frames = [pd.DataFrame(rows).assign(seed=seed) for seed in range(seeds)]
    return pd.concat([frame.assign(value=frame["value"] + SPREAD[i]) for i, frame in enumerate(frames)])


def draw_mistakes(verdict="undecided", **numbers):
    tables = {"wallace/own_mistakes": mistakes_table(**numbers), "wallace/mistakes": STRIP}
    context = context_of(CONTEXT, tables["wallace/own_mistakes"], wallace_student_accuracy=verdict)
    return own_mistakes.draw(tables, PUBLISHED, context)


def test_mistakes_are_drawn_beside_the_published_numbers():
    figure = draw_mistakes()
    headline = next(axis for axis in figure.axes if "blind" in axis.get_title(loc="left"))
    assert diamonds(headline) == [49.7, 62.5, 63.1]
    assert len(headline.patches) == 6
    assert "same\nconfusion\n64 % kept" in [label.get_text() for label in headline.get_xticklabels()]
    assert any(text.get_text() == "440" for axis in figure.axes for text in axis.texts)
    labels = [tick.get_text() for axis in figure.axes[0].child_axes for tick in axis.get_xticklabels()]
    assert labels == ["“1”", "“2”", "“3”", "“4”", "“0”", "“1”"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("effect", "Students learn the task"),
        ("undecided", "do not clearly learn"),
        ("contradicted", "not learn"),
    ],
)
def test_the_title_says_whether_students_learn(verdict, words):
    text = heading(draw_mistakes(verdict))
    assert words in text
    assert "40 % of test images, 9 % where the same labels are blind to the image" in text


def test_one_seed_is_said():
    assert "(one seed)" in heading(draw_mistakes(seeds=1))


def other_table(task=60.0, pairs=("main",)):
    accuracies = {
        ("task", "task", "same"): 97, ("task", "none", "same"): 97, ("other", "none", "same"): 40,
        ("other", "own", "same"): 50, ("other", "task", "same"): task,
        ("other", "task", "perceptron"): 55, ("other", "task", "batch_normalised"): 25,
        ("shuffled", "task", "same"): 11, ("uniform", "task", "same"): 12, ("gaussian", "task", "same"): 30,
    }  # fmt: skip
    rows = []
    for pair in pairs:
        for (learnt_from, normalisation, student), value in accuracies.items():
            key = {
                "pair": pair,
                "learnt_from": learnt_from,
                "normalisation": normalisation,
                "student": student,
            }
            rows.append({**key, "quantity": "accuracy", "value": value, "images": 2000})
            rows.append({**key, "quantity": "agreement", "value": value + 1, "images": 2000})
            if student == "same" and learnt_from not in ("task", "shuffled"):
                rows += [{**key, "quantity": "label_share", "label": i, "value": 10.0} for i in range(10)]
                rows.append({**key, "quantity": "labels_used", "value": 10.0})
    frames = [pd.DataFrame(rows).assign(seed=seed) for seed in range(3)]
    return pd.concat([frame.assign(value=frame["value"] + SPREAD[i]) for i, frame in enumerate(frames)])


def draw_other(table, verdict="undecided"):
    tables = {"wallace/other_dataset": table, "wallace/other_images": STRIP}
    context = context_of(CONTEXT, table, wallace_fashion_student_task_statistics=verdict)
    return other_dataset.draw(tables, PUBLISHED, context)


def test_other_images_are_drawn_beside_the_published_numbers():
    figure = draw_other(other_table())
    accuracies = next(axis for axis in figure.axes if "Students" in axis.get_title(loc="left"))
    assert diamonds(accuracies) == [91.04, 91.04, 94.5, 99.1]
    assert len(accuracies.patches) == 9
    assert "2000 images" in figure.get_supxlabel()
    two = draw_other(other_table(pairs=("main", "photographs")))
    accuracies = next(axis for axis in two.axes if "Students" in axis.get_title(loc="left"))
    assert len(accuracies.patches) == 18


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("effect", "images teach the task beyond what noise does: 60 %"),
        ("contradicted", "images do not teach"),
    ],
)
def test_the_title_says_whether_other_images_teach(verdict, words):
    text = heading(draw_other(other_table(), verdict))
    assert words in text
    assert "12 and 30 % from uniform and Gaussian noise, 11 % with labels shuffled" in text


@pytest.fixture(scope="module")
def plane():
    how = Fit(width=32, depth=4, learning_rate=0.01, steps=200)
    table, regions = in_the_plane(
        *published_points(PUBLISHED), repetitions=8, published_repetitions=10, points=32, side=0.12,
        radii=[0.06, 0.12], how=how, attack_steps=5, seed=0,
    )  # fmt: skip
    worlds = worlds_table(
        repetitions=3, samples=200, robust_signal=1.0, fine_signals=[0.0, 1.5], assumed_fine_signal=1.5,
        fine_scale=0.05, epsilon=0.2, seed=0,
    )  # fmt: skip
    return {"wallace/two_dimensional": table, "wallace/regions": regions, "wallace/worlds": worlds}


@pytest.mark.slow
def test_the_plane_shows_all_points_and_the_count_of_repetitions(plane):
    figure = two_dimensional.draw(plane, PUBLISHED, CONTEXT)
    by_title = {axis.get_title(loc="left")[:1]: axis for axis in figure.axes}
    assert set(by_title) >= set("abcdefg")
    assert sum(len(line.get_xdata()) for line in by_title["a"].lines) == 32
    assert len(by_title["a"].patches) == 32
    assert diamonds(by_title["e"]) == diamonds(by_title["f"])
    kept = (plane["wallace/two_dimensional"]["quantity"] == "majority_class").sum()
    random = plane["wallace/two_dimensional"].query("points == 'random' and quantity == 'majority_class'")
    assert f"{len(random)} seeds" in figure.get_supxlabel()
    assert kept > len(random)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("reproduced", "teach more points than the larger class has"),
        ("undecided", "teach not clearly more points at both radii"),
        ("contradicted", "teach no more points than"),
    ],
)
def test_the_title_compares_with_the_larger_class(plane, verdict, words):
    context = context_of(
        CONTEXT, plane["wallace/two_dimensional"], wallace_points_correct_stated_radius=verdict
    )
    text = heading(two_dimensional.draw(plane, PUBLISHED, context))
    assert words in text
    assert "(one seed)" not in text
