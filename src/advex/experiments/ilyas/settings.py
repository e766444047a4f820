"""The sizes of the paper's mathematics: the Gaussian model of Section 4, and two ellipses."""

from advex.sections import Section
from advex.settings import Count, NonNegative, Positive


class GaussianSettings(Section):
    """The model of Section 4: true mean and variances, and what to try."""

    mean: tuple[float, float]
    variances: tuple[Positive, Positive]
    epsilons: list[NonNegative]
    theory_epsilons: list[NonNegative]
    penalties: list[Positive]
    samples: Count
    seeds: Count


class EllipsesSettings(Section):
    """The example of Fig. 14."""

    epsilon: NonNegative
    samples: Count
    seeds: Count
