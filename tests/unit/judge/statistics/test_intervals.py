"""Intervals over seeds and images: closed forms, a bootstrap, and how often they hold the truth."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from advex.common.numbers.statistics import mean_interval
from advex.judge.statistics.intervals import SEEDS, SEEDS_AND_IMAGES, SPLITS, Values, estimate


def crossed(table: np.ndarray, images: object = "test") -> Values:
    """Return values given (seeds, images) numbers."""
    return Values(pd.Series(table.mean(1)), {images: dict(enumerate(table))}, "percent")


def draw(
    generator: np.random.Generator, seeds: int, images: int, sds: tuple[float, float, float]
) -> np.ndarray:
    """Draw (seeds, images) numbers with mean 0, given the deviations of seeds, images and the rest."""
    parts = ((seeds, 1), (1, images), (seeds, images))
    return sum(sd * generator.normal(size=shape) for sd, shape in zip(sds, parts, strict=True))


def test_without_images_it_is_students_interval() -> None:
    values = [3.0, 4.0, 6.0, 2.5]
    found, student = estimate(Values(pd.Series(values))), mean_interval(values)
    assert (found.mean, found.sd, found.n) == (student.mean, student.sd, 4)
    assert (found.low, found.high) == pytest.approx((student.low, student.high))
    assert found.varies == SEEDS


def test_images_that_do_not_vary_change_nothing() -> None:
    """Whatever else an image does to a seed: its mean over seeds is that of every image."""
    table = np.array([[1.0, 3.0], [6.0, 4.0], [5.0, 5.0]])
    found, student = estimate(crossed(table)), mean_interval(list(table.mean(1)))
    assert (found.low, found.high) == pytest.approx((student.low, student.high))
    assert (found.varies, found.images) == (SEEDS_AND_IMAGES, (2,))


def test_seeds_that_do_not_vary_leave_students_interval_over_images() -> None:
    images = np.array([1.0, 5.0, 2.0, 8.0, 4.0])
    found, student = estimate(crossed(np.tile(images, (3, 1)))), mean_interval(list(images))
    assert (found.low, found.high) == pytest.approx((student.low, student.high))
    assert found.seeds_error == 0


def test_a_worked_analysis_of_variance() -> None:
    """Two seeds, three images: squares of 6 (seeds), 21.5 (images), 1.5 (rest), added up by hand."""
    table = np.array([[1.0, 5.0, 6.0], [2.0, 6.0, 10.0]])
    seeds, images, rest = 6.0, 21.5, 1.5
    found = estimate(crossed(table))
    variance = (seeds + images - rest) / 6
    degrees = (seeds + images - rest) ** 2 / (seeds**2 / 1 + images**2 / 2 + rest**2 / 2)
    assert found.error == pytest.approx(np.sqrt(variance))
    assert found.degrees == pytest.approx(degrees)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, degrees) * np.sqrt(variance))
    assert found.seeds_error == pytest.approx(np.sqrt(seeds / 6))


def test_differences_are_paired_by_image_where_images_are_the_same() -> None:
    generator = np.random.default_rng(1)
    first, second = (draw(generator, 4, 30, (1, 2, 1)) for _ in range(2))
    paired = crossed(first).minus(crossed(second))
    together = estimate(crossed(first - second))
    assert (estimate(paired).low, estimate(paired).high) == pytest.approx((together.low, together.high))
    apart = estimate(crossed(first).minus(crossed(second, "other")))
    assert apart.images == (30, 30)
    assert apart.mean == pytest.approx(estimate(paired).mean)
    alone = crossed(first).minus(Values(pd.Series(second.mean(1)), None, "percent"))
    assert estimate(alone).varies == SEEDS
    assert alone.unit == "percent"
    assert crossed(first).minus(Values(pd.Series(second.mean(1)))).unit == ""


def test_a_constant_takes_its_place_and_nothing_else() -> None:
    table = draw(np.random.default_rng(2), 3, 20, (1, 2, 1))
    found, moved = estimate(crossed(table)), estimate(crossed(table).minus_constant(5))
    assert (moved.low, moved.high) == pytest.approx((found.low - 5, found.high - 5))


def test_seeds_in_common_are_compared() -> None:
    first, second = Values(pd.Series({0: 1.0, 1: 2.0, 2: 5.0})), Values(pd.Series({1: 1.0, 2: 3.0, 3: 9.0}))
    assert first.minus(second).numbers.tolist() == [1.0, 2.0]


def test_re_splits_are_corrected_as_nadeau_and_bengio_say() -> None:
    values = [3.0, 4.0, 6.0, 2.5, 7.0]
    found, student = estimate(Values(pd.Series(values), resplit=0.4)), mean_interval(values)
    assert found.half_width / student.half_width == pytest.approx(np.sqrt((1 / 5 + 0.4) / (1 / 5)))
    assert found.varies == SPLITS
    assert Values(pd.Series(values)).minus(Values(pd.Series(values), resplit=0.4)).resplit == 0.4


@pytest.mark.parametrize(
    ("seeds", "images", "sds"),
    [
        (3, 500, (1, 5, 5)),
        (3, 500, (0.1, 5, 5)),
        (8, 100, (1, 10, 5)),
        (3, 50, (2, 0, 5)),
        (5, 200, (1, 14, 0)),
    ],
)
def test_nineteen_in_twenty_intervals_hold_the_truth(
    seeds: int, images: int, sds: tuple[float, float, float]
) -> None:
    """Whichever of seeds and images varies more; the error of 1,500 is 0.6 points.

    Satterthwaite's degrees of freedom are a little too many where few seeds vary more than images: of three
    seeds at worst 92 % of intervals hold the truth (by 40,000 drawings of the sums of squares), of five 94 %.
    """
    generator = np.random.default_rng(seeds + images)
    found = [estimate(crossed(draw(generator, seeds, images, sds))) for _ in range(1500)]
    held = np.mean([each.low <= 0 <= each.high for each in found])
    assert (0.91 if seeds == 3 else 0.93) <= held <= 0.97


def test_intervals_of_seeds_alone_miss_what_images_vary() -> None:
    """The same drawings that hold the truth with images: the fault that images in the interval mend."""
    generator = np.random.default_rng(0)
    tables = [draw(generator, 3, 500, (0.1, 8, 3)) for _ in range(300)]
    held = np.mean([abs(table.mean()) <= mean_interval(list(table.mean(1))).half_width for table in tables])
    assert held < 0.85


def test_outcomes_that_are_right_or_wrong_are_covered_too() -> None:
    """Differences of percentages of easy and hard images, which are anything but normal."""
    generator = np.random.default_rng(5)

    def outcomes(hard: np.ndarray, offset: float) -> np.ndarray:
        seeds = 0.2 * generator.normal(size=(4, 1))
        return 100 * (generator.random((4, len(hard))) < 1 / (1 + np.exp(hard - offset + seeds)))

    def difference(images: int) -> np.ndarray:
        hard = 3 * generator.normal(size=images)
        return outcomes(hard, 1.0) - outcomes(hard, 0.5)

    truth = np.mean([difference(20_000).mean() for _ in range(40)])
    found = [estimate(crossed(difference(300))) for _ in range(800)]
    assert 0.93 <= np.mean([each.low <= truth <= each.high for each in found]) <= 0.985


def test_an_independent_bootstrap_gives_the_same_error() -> None:
    """SciPy draws seeds and images anew, both at once; what it counts twice, the rest, is small here."""
    table = draw(np.random.default_rng(3), 40, 60, (1, 6, 0.5))
    found = estimate(crossed(table))

    def mean(seeds: np.ndarray, images: np.ndarray, axis: int) -> np.ndarray:
        assert axis == -1
        return np.array([table[np.ix_(s, i)].mean() for s, i in zip(seeds, images, strict=True)])

    again = stats.bootstrap(
        (np.arange(40), np.arange(60)), partial(mean), vectorized=True, n_resamples=3000, method="percentile",
        rng=np.random.default_rng(4),
    )  # fmt: skip
    assert found.error == pytest.approx(again.standard_error, rel=0.06)
    interval = again.confidence_interval
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=0.25 * found.error)
