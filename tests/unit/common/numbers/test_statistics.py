"""Intervals of means and rank correlations, against textbook numbers and cases known in advance."""

import numpy as np
import pytest
from scipy.stats import spearmanr, t

from advex.common.numbers.statistics import bootstrap_interval, given, mean_interval, rank_correlation


def test_the_interval_of_a_mean_is_students():
    values = [2.0, 4.0, 9.0]
    found = mean_interval(values)
    assert (found.mean, found.n, found.sd) == (5.0, 3, pytest.approx(np.sqrt(13)))
    ends = t.interval(0.95, 2, loc=5.0, scale=np.sqrt(13 / 3))
    assert (found.low, found.high) == pytest.approx(ends)
    assert found.half_width == pytest.approx(5.0 - ends[0])


def test_one_value_has_no_spread_and_none_has_no_mean():
    found = mean_interval([3.0])
    assert (found.mean, found.n) == (3.0, 1)
    assert np.isnan([found.sd, found.low, found.high]).all()
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([])


def test_rank_correlation_is_spearmans():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=12), generator.integers(4, size=12).astype(float)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert np.isnan(rank_correlation(x, np.ones(12)))


def test_what_a_third_explains_is_taken_off():
    generator = np.random.default_rng(1)
    z = np.repeat([1.0, 2.0, 3.0], 200)
    x, y = z + 0.01 * generator.normal(size=600), z + 0.01 * generator.normal(size=600)
    assert rank_correlation(x, y) > 0.8
    assert abs(given(x, y, z)) < 0.15
    assert np.isnan(given(x, y, x))


def test_the_bootstrap_draws_whole_networks():
    """Networks of equal points: however many layers, there is one value only."""
    same = np.array([[1.0, 3.0], [2.0, 1.0], [3.0, 4.0], [4.0, 2.0]])
    low, high = bootstrap_interval([[same, same]] * 3, repetitions=50)
    expected = rank_correlation(*np.concatenate([same] * 6).T)
    assert low == pytest.approx(expected)
    assert high == pytest.approx(expected)
    rising = np.stack([np.arange(4.0), np.arange(4.0)], 1)
    falling = np.stack([np.arange(4.0), -np.arange(4.0)], 1)
    low, high = bootstrap_interval([[rising, falling]], repetitions=200)
    assert low == -1
    assert high == 1
    assert np.isnan(bootstrap_interval([[np.ones((3, 2))]], repetitions=20)).all()
