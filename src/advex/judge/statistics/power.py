"""How many seeds settle an effect."""

from math import inf, sqrt

import numpy as np
from scipy.special import stdtrit
from scipy.stats import nct

from advex.common.numbers.statistics import CONFIDENCE

POWER = 0.9
"""How often an effect that is there is to be found."""

MOST = 200
"""Seeds that are tried; what needs more is not settled by seeds."""

_LARGEST = 30.0  # of the noncentral t's parameter: what lies beyond is found always


def power(distance: float, sd: float, seeds: int, images_error: float = 0.0, resplit: float = 0.0) -> float:
    """Return how often a 95 % interval excludes the boundary that the mean lies ``distance`` away from.

    Args:
        distance: of the mean from the boundary, on either side.
        sd: of one seed's difference.
        seeds: how many there are, at least two.
        images_error: what test images add to the standard error, however many seeds there are.
        resplit: test images for each training image, where seeds re-split one data set.
    """
    error = sqrt(sd**2 * (1 / seeds + resplit) + images_error**2)
    away = min(_LARGEST, abs(distance) / error if error else inf if distance else 0.0)
    edge = float(stdtrit(seeds - 1, (1 + CONFIDENCE) / 2))
    return float(nct.sf(edge, seeds - 1, away) + nct.cdf(-edge, seeds - 1, away))


def seeds_needed(distance: float, sd: float, images_error: float = 0.0, resplit: float = 0.0) -> int | None:
    """Return how many seeds find an effect nine times in ten (two-sided 5 %); None: more than ``MOST``.

    Arguments as of :func:`power`.
    """
    enough = [power(distance, sd, seeds, images_error, resplit) >= POWER for seeds in range(2, MOST + 1)]
    return int(np.argmax(enough)) + 2 if any(enough) else None
