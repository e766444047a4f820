"""What makes a study's figures mean little is said on its pages."""

import math
from pathlib import Path

import pandas as pd
import pytest

from advex.config import load
from advex.judge.guards import warnings

ROOT = Path(__file__).parents[3]
SOURCES = {"standard": ["data set det", "instrument transfer"]}
KNOWN = pd.DataFrame([{"source": "digits", "test_images_in_train": 0, "test_images_nearly_in_train": 0}])


def table(
    quantity: str, value: float, model: str = "standard", dataset: str = "natural_test"
) -> pd.DataFrame:
    row = {
        "seed": 0,
        "model": model,
        "dataset": dataset,
        "quantity": quantity,
        "images": 500,
        "unit": "percent",
    }
    return pd.DataFrame([{**row, "value": 98.0, "seed": 1}, {**row, "value": value}])


@pytest.mark.parametrize("value", [0.0, 10.0, 13.9, math.nan])
def test_a_source_at_chance_is_named_with_what_is_made_of_it(value: float) -> None:
    (said,) = warnings({"ilyas/a": table("accuracy", value)}, 10, SOURCES, KNOWN)
    assert said.startswith(f"standard, seed 0, is right on {value:.3g} % of 500 test images")
    assert "chance is 10 %" in said
    assert "data set det, instrument transfer" in said


@pytest.mark.parametrize(
    ("quantity", "value", "model", "dataset"),
    [
        ("accuracy", 14.1, "standard", "natural_test"),
        ("accuracy", 10.0, "on_det", "natural_test"),  # a student: its claims say what it must reach
        ("accuracy", 10.0, "standard", "rand"),
        ("accuracy_next_class", 10.0, "standard", "natural_test"),
        ("targets_reached", 50.0, "standard", "det"),
    ],
)
def test_nothing_is_said_of_what_is_as_it_should_be(
    quantity: str, value: float, model: str, dataset: str
) -> None:
    assert warnings({"ilyas/a": table(quantity, value, model, dataset)}, 10, SOURCES, KNOWN) == []


@pytest.mark.parametrize("value", [0.0, 49.9, math.nan])
def test_an_attack_that_reaches_few_targets_is_named(value: float) -> None:
    (said,) = warnings({"ilyas/a": table("targets_reached", value, dataset="det")}, 10, SOURCES, KNOWN)
    assert said.startswith(f"det, seed 0: attacks on standard reach {value:.3g} % of their targets")


@pytest.mark.parametrize(("exact", "near"), [(3, 0), (0, 2)])
def test_images_of_both_sets_are_counted(exact: int, near: int) -> None:
    origin = KNOWN.assign(test_images_in_train=exact, test_images_nearly_in_train=near)
    (said,) = warnings({}, 10, SOURCES, origin)
    assert said.startswith(f"{exact} test images stand in the training set too, and {near} more nearly so")


@pytest.mark.parametrize("origin", [None, pd.DataFrame(), KNOWN[["source"]], KNOWN])
def test_where_nothing_is_known_of_them_nothing_is_said(origin: pd.DataFrame | None) -> None:
    assert warnings({}, 10, SOURCES, origin) == []


def test_tables_of_other_columns_are_passed_over() -> None:
    assert warnings({"ilyas/gaussian": pd.DataFrame({"seed": [0], "value": [1.0]})}, 10, SOURCES) == []


def test_all_models_that_something_is_made_with_are_watched() -> None:
    sources = load(ROOT / "config").sources("digits")
    assert {"standard", "robust", "standard_resnet18", "ensemble"} <= sources.keys()
    assert "data set det" in sources["standard"]
