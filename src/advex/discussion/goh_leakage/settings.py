"""The sizes of what comment 2 (Goh, robust feature leakage) needs of a study: robust linear classifiers."""

from typing import Annotated

from pydantic import Field, model_validator

from advex.common.settings import Count, Positive
from advex.measure.sections import Section


class LeakageSettings(Section):
    """Robust linear classifiers: ascending penalties of ridge regression, and the radius of certificates.

    ``description`` is what figures say about the images, which are all that the study's source has.
    """

    description: str
    epsilon: Positive
    penalties: Annotated[list[Positive], Field(min_length=1)]
    seeds: Count

    @model_validator(mode="after")
    def _ascending(self) -> "LeakageSettings":
        if self.penalties != sorted(set(self.penalties)):
            raise ValueError("penalties must ascend, each given once")
        return self


SECTIONS = {"goh_leakage": LeakageSettings}
