"""How many seeds settle an effect, against simulations, tables and closed forms."""

import numpy as np
import pytest
from scipy import stats

from advex.judge.statistics.power import MOST, power, seeds_needed


@pytest.mark.parametrize(
    ("distance", "seeds", "images_error"), [(1.0, 5, 0.0), (0.7, 10, 0.0), (-1.5, 4, 0.0)]
)
def test_power_is_how_often_students_interval_excludes_the_boundary(
    distance: float, seeds: int, images_error: float
) -> None:
    drawn = np.random.default_rng(0).normal(distance, 1.0, size=(40_000, seeds))
    p = stats.ttest_1samp(drawn, 0, axis=1).pvalue
    assert power(distance, 1.0, seeds, images_error) == pytest.approx(np.mean(p < 0.05), abs=0.01)


def test_seeds_of_textbooks() -> None:
    """Cohen's tables for one sample, two-sided 5 %, power 0.9: effects of 0.5, 0.8 and 1 deviation."""
    assert [seeds_needed(effect, 1.0) for effect in (0.5, 0.8, 1.0)] == [44, 19, 13]
    assert seeds_needed(2.0, 2.0) == 13
    assert seeds_needed(-1.0, 1.0) == 13


def test_what_seeds_cannot_settle() -> None:
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(0.05, 1.0) is None
    assert seeds_needed(1.0, 0.0) == 2
    assert seeds_needed(1.0, 0.1, images_error=0.9) is None
    assert seeds_needed(1.0, 1.0, images_error=0.1) > 13
    assert seeds_needed(1.0, 1.0, resplit=0.4) is None
    assert power(10, 1e-9, 2) == pytest.approx(power(1000, 1e-9, 3), abs=0.05)
    assert seeds_needed(0.235, 1.0) <= MOST
