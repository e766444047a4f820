"""Comment 6: a world as it and the response describe it reproduces their claims, but for one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_numbers import check_own_numbers

from advex.common.names.verdicts import THERE
from advex.judge.claims import load_claims, load_published
from advex.judge.judge import judge

ROOT = Path(__file__).parents[4]
CLAIMS = load_claims([ROOT / "config/claims/wallace/claims.yaml"])
PUBLISHED = load_published(sorted((ROOT / "published").glob("*.csv")))
VALUE = dict(zip(PUBLISHED["key"], PUBLISHED["value"], strict=True))

CONTRADICTED_BY_THEMSELVES = {
    "wallace_figure_2_stated_radius"
}  # 15 at one radius are more at twice that radius


UNITS = {
    "two_dimensional": "points",
    "worlds": "percent",
    "own_mistakes": "percent",
    "other_dataset": "percent",
}


def own_mistakes():
    headline = {"stop": 2.0, "headline": "yes"}
    rows = [
        {**headline, "quantity": key, "value": VALUE[key]}
        for key in ("teacher_train_accuracy", "teacher_test_accuracy", "mistakes")
    ]
    rows.append({**headline, "quantity": "classes_covered", "value": 80})
    students = {
        ("predictions", "same"): (VALUE["student_accuracy"], 60),
        ("predictions", "other"): (45, 58),
        ("same_confusion", "same"): (8, 30),
        ("uniform", "same"): (3, 5),
    }
    for (labels, student), numbers in students.items():
        for quantity, value in zip(("accuracy", "agreement"), numbers, strict=True):
            row = {**headline, "labels": labels, "student": student}
            rows.append({**row, "quantity": quantity, "value": value})
    return rows


def two_dimensional():
    rows = [{"points": "random", "quantity": "fitted_by_first", "value": VALUE["points_fitted"]}]
    for points in ("random", "published"):
        rows.append({"points": points, "quantity": "majority_class", "value": VALUE["points_majority"]})
        for radius, count in ((0.06, VALUE["points_adversarial"]), (0.12, 26)):
            at = {"points": points, "radius": radius}
            rows.append({**at, "quantity": "correct", "value": VALUE["points_correct"]})
            rows.append({**at, "quantity": "adversarial_examples", "value": count})
            rows.append({**at, "quantity": "correct_with_coin_labels", "value": 16})
    return rows


def other_dataset():
    accuracies = {
        ("task", "task", "same"): VALUE["mnist_teacher_accuracy"],
        ("other", "none", "same"): VALUE["fashion_student_accuracy"],
        ("other", "own", "same"): VALUE["fashion_student_accuracy"],
        ("other", "task", "same"): VALUE["fashion_student_accuracy_task"],
        ("other", "task", "perceptron"): 93,
        ("other", "task", "batch_normalised"): 92,
        ("shuffled", "task", "same"): 10,
        ("uniform", "task", "same"): 11,
        ("gaussian", "task", "same"): 10.5,
    }
    return [
        {
            "pair": "main", "learnt_from": learnt_from, "normalisation": normalisation, "student": student,
            "quantity": "accuracy", "value": value,
        }
        for (learnt_from, normalisation, student), value in accuracies.items()
    ]  # fmt: skip


def worlds():
    accuracies = {("random", 0): 50, ("flipped", 0): 40, ("random", 1.5): 73, ("flipped", 1.5): 85}
    return [
        {"target": target, "fine_signal": signal, "quantity": "accuracy", "value": value}
        for (target, signal), value in accuracies.items()
    ]


@pytest.fixture(scope="module")
def tables():
    made = {"own_mistakes": own_mistakes(), "two_dimensional": two_dimensional(), "worlds": worlds()}
    made["other_dataset"] = other_dataset()
    return {
        f"wallace/{name}": pd.concat(
            [pd.DataFrame(rows).assign(seed=seed, unit=UNITS[name]) for seed in (0, 1)]
        )
        for name, rows in made.items()
    }


def test_every_number_of_the_comment_is_judged():
    judged = {key for claim in CLAIMS for key in (claim.published, *claim.also)}
    ours = PUBLISHED[PUBLISHED["source"] == "wallace"]["key"]
    drawn = ours.str.fullmatch(r"figure2_\w+\d+")
    assert drawn.sum() == 47
    assert set(ours[~drawn]) - judged == {"points_epsilon", "points_radius", "points_majority"}


def test_the_comments_own_numbers_reproduce_every_claim(tables):
    check_own_numbers(CLAIMS, tables, PUBLISHED, contradicted=CONTRADICTED_BY_THEMSELVES)


@pytest.mark.parametrize(
    ("table", "changed", "value", "claims"),
    [
        (
            "own_mistakes",
            {"labels": "predictions", "student": "same"},
            3.0,
            {
                "wallace_student_accuracy",
                "wallace_labels_leak_the_model",
                "wallace_student_is_a_distilled_teacher",
            },
        ),
        ("own_mistakes", {"student": "other"}, 8.0, {"response_students_of_other_architectures"}),
        (
            "two_dimensional",
            {"points": "random", "quantity": "correct"},
            19.0,
            {"wallace_points_correct_drawn_radius", "wallace_points_correct_stated_radius"},
        ),
        (
            "other_dataset",
            {"learnt_from": "gaussian"},
            99.0,
            {"wallace_fashion_student_task_statistics", "response_gaussian_inputs_teach_nothing"},
        ),
        ("other_dataset", {"learnt_from": "shuffled"}, 99.0, {"wallace_other_images_need_the_models_labels"}),
        ("other_dataset", {"normalisation": "none"}, 99.0, {"wallace_task_statistics_help"}),
        (
            "worlds",
            {"fine_signal": 0},
            60.0,
            {"response_two_worlds"},
        ),
        (
            "worlds",
            {"fine_signal": 1.5},
            45.0,
            {"response_two_worlds", "response_worlds_differ_random_targets"},
        ),
    ],
)
def test_claims_fail_where_the_effect_is_absent(tables, table, changed, value, claims):
    worse = tables[f"wallace/{table}"].copy()
    mask = np.logical_and.reduce([worse[column] == wanted for column, wanted in changed.items()])
    assert mask.any()
    worse.loc[mask, "value"] = value
    result = judge(CLAIMS, tables | {f"wallace/{table}": worse}, PUBLISHED, True, 10)
    assert claims <= set(result[~result["verdict"].isin(THERE)]["claim"])


def test_derived_numbers_follow_from_published_ones():
    assert VALUE["mistakes"] / 50000 == pytest.approx(1 - VALUE["teacher_train_accuracy"] / 100, abs=1e-3)
    counts = PUBLISHED["key"].str.extract(r"^figure2_(.*)\d+$")[0].str.rstrip("0123456789").value_counts()
    assert counts["blue"] == VALUE["points_majority"]
    assert counts["adversarial_red"] + counts["adversarial_blue"] == VALUE["points_adversarial"]
