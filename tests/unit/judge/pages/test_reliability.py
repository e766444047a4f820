"""The page on reliability says what the tables of the benchmarks and the tests say."""

from pathlib import Path
from typing import Any

import pandas as pd
from outside_modules import module_at

from advex.judge.pages.reliability import reliability_markdown

ROOT = Path(__file__).parents[4]


def update() -> Any:
    return module_at("docs/update.py")


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs/reliability.md").read_text() == update().reliability()


def test_its_tests_are_there() -> None:
    for name in update().TESTS_OF_RELIABILITY:
        assert (ROOT / "tests" / name).exists(), name


def outcomes(**changed: object) -> pd.DataFrame:
    row = {"fault": "SIGTERM", "workers": "no", "seed": 0, "times": 3, "runs": 4, "files_compared": 10,
           "files_different": 0, "left_behind": 0, "seconds": 9, "failed": "no"}  # fmt: skip
    return pd.DataFrame([row, {**row, "seed": 1, "workers": "yes"}, {**row, "seed": 2, **changed}])


def page(faults: pd.DataFrame) -> str:
    return reliability_markdown(
        faults, pd.DataFrame(), pd.DataFrame(), ["names", "seeds", "names"], [Path(__file__)]
    )


def test_studies_of_one_fault_are_added_up() -> None:
    text = page(outcomes())
    assert "| SIGTERM | no | 2 | 6 | 8 | 20 | 0 | 0 | 0 |" in text
    assert "| SIGTERM | yes | 1 | 3 | 4 | 10 | 0 | 0 | 0 |" in text
    assert "Of 3 studies that were disturbed 9 times, nothing differed, was left or failed." in text
    assert "| names | 2 |" in text
    assert "| all | 3 |" in text
    assert "- studies of one fault are added up" in text
    assert "Not run yet." in text


def test_what_went_wrong_is_said() -> None:
    assert "2 things differed, were left or failed" in page(outcomes(files_different=1, failed="yes"))
    assert "| SIGTERM | no | 2 | 6 | 8 | 20 | 1 | 0 | 1 |" in page(outcomes(files_different=1, failed="yes"))
