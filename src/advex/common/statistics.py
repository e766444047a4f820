"""Means over seeds, with the interval that says how surely they are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95


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
