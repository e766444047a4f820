"""The sizes of the paper's mathematics: the Gaussian model of Section 4, and two ellipses."""

from typing import Annotated

from pydantic import Field, model_validator

from advex.common.settings import Count, NonNegative, Positive
from advex.measure.sections import Section


class GaussianSettings(Section):
    """The model of Section 4: true mean and variances, and what to try."""

    mean: tuple[float, float]
    variances: tuple[Positive, Positive]
    epsilons: list[NonNegative]
    theory_epsilons: list[NonNegative]
    penalties: Annotated[list[Positive], Field(min_length=1)]
    samples: Count
    seeds: Count

    @model_validator(mode="after")
    def _has_adversaries(self) -> "GaussianSettings":
        for name in ("epsilons", "theory_epsilons"):
            if not any(getattr(self, name)):
                raise ValueError(f"{name} must hold a radius above 0: there is no robust model otherwise")
        return self


class EllipsesSettings(Section):
    """The example of Fig. 14."""

    epsilon: NonNegative
    samples: Count
    seeds: Count


SECTIONS = {"gaussian": GaussianSettings, "ellipses": EllipsesSettings}
