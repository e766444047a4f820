"""Means over seeds and rank correlations, with the intervals that say how surely they are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit
from scipy.stats import rankdata

from advex.common.artifacts import Array
from advex.common.randomness import numpy_generator

CONFIDENCE = 0.95

_LEAST = 1e-9  # a share of variance left that is no more than rounding


@dataclass(frozen=True)
class MeanInterval:
    """A mean over independent repetitions (seeds) with Student's 95 % interval.

    ``sd``, ``low`` and ``high`` are NaN for fewer than two repetitions: one run has no spread.
    """

    mean: float
    sd: float
    low: float
    high: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def mean_interval(values: Sequence[float]) -> MeanInterval:
    """Estimate the mean of independent repetitions.

    Raises:
        ValueError: there is no value.
    """
    array = np.asarray(values, dtype=float)
    if array.size == 0:
        raise ValueError("an estimate needs at least one value")
    mean = float(array.mean())
    if array.size == 1:
        return MeanInterval(mean, float("nan"), float("nan"), float("nan"), 1)
    sd = float(array.std(ddof=1))
    quantile = float(stdtrit(array.size - 1, (1 + CONFIDENCE) / 2))
    half = quantile * sd / float(np.sqrt(array.size))
    return MeanInterval(mean, sd, mean - half, mean + half, int(array.size))


def rank_correlation(x: Array, y: Array) -> float:
    """Return Spearman's correlation of (n,) and (n,); NaN where one of them does not vary."""
    first, second = (rankdata(values) - (len(values) + 1) / 2 for values in (x, y))
    below = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / below if below > 0 else float("nan")


def given(x: Array, y: Array, z: Array) -> float:
    """Return the partial rank correlation of x and y with z held fixed, (n,) each; NaN where undefined."""
    xy, xz, yz = rank_correlation(x, y), rank_correlation(x, z), rank_correlation(y, z)
    below = float(np.sqrt((1 - xz**2) * (1 - yz**2)))
    return (xy - xz * yz) / below if below > _LEAST else float("nan")


def bootstrap_interval(
    points: Sequence[Sequence[Array]], repetitions: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Resample seeds and, within each, networks, and return the 95 % interval of the rank correlation.

    Layers of a network are no independent points, nor are networks of a seed: whole networks are drawn.

    Args:
        points: for each seed and each network, (layers, 2): x and y.
        repetitions: how often to draw.
        seed: of the draws.

    Returns:
        The ends; both NaN if too few draws have a correlation.
    """
    generator = numpy_generator("bootstrap of rank correlations", seed)
    found = []
    for _ in range(repetitions):
        networks = generator.integers(len(points[0]), size=len(points[0]))
        drawn = [
            points[which][network]
            for which in generator.integers(len(points), size=len(points))
            for network in networks
        ]
        found.append(rank_correlation(*np.concatenate(drawn).T))
    known = np.array(found)[np.isfinite(found)]
    if len(known) < repetitions / 2:
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
