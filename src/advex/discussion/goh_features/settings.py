"""The sizes of what comment 3 (Goh, two examples of useful, non-robust features) needs of a study."""

from typing import Annotated

from pydantic import Field, model_validator

from advex.common.settings import MAIN_SUCCESS, Count, Positive, Share
from advex.measure.sections import Section, Strict


class ClassPairRow(Strict):
    """Two classes by name; ``robust_feature`` is the one in the containment, by default the most useful."""

    classes: tuple[str, str]
    robust_feature: Annotated[int, Field(ge=0)] | None = None


class FeatureSettings(Section):
    """Linear features of two classes, by name of pair.

    See :class:`advex.discussion.goh_features.feature_tables.FeatureSizes`.
    """

    description: str
    pairs: Annotated[dict[str, ClassPairRow], Field(min_length=1)]
    epsilons: Annotated[list[Positive], Field(min_length=1)]
    ensemble_below: Positive
    contained_robustness: Positive
    contained_share: Share
    frontier_at: list[Positive]
    successes: Annotated[list[Share], Field(min_length=1)]
    seeds: Count

    @model_validator(mode="after")
    def _success_of_the_figure(self) -> "FeatureSettings":
        if MAIN_SUCCESS not in self.successes:
            raise ValueError(f"successes must hold {MAIN_SUCCESS:g}, which figure and claims are about")
        return self


SECTIONS = {"goh_features": FeatureSettings}
