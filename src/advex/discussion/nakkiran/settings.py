"""The sizes of what comment 5 (Nakkiran) needs of a study: Adversarial Squares."""

from typing import Annotated

from pydantic import Field, model_validator

from advex.common.names.registry import OneOf
from advex.common.settings import Count, NonNegative, Positive
from advex.measure.sections import Section, Strict
from advex.registries import ARCHITECTURES

Several = Annotated[int, Field(ge=2)]
Ascending = Annotated[list[Count], Field(min_length=1)]
Probability = Annotated[float, Field(ge=0, lt=0.5)]


def _check_ascending(name: str, values: list[int]) -> None:
    if values != sorted(set(values)):
        raise ValueError(f"{name} must ascend, each given once")


def _check_early_and_late(name: str, values: list[int]) -> None:
    _check_ascending(name, values)
    if len(values) < 2:
        raise ValueError(f"{name} must hold two numbers at least, early and late in training")


class LinearCase(Strict):
    """One training set of :func:`advex.discussion.nakkiran.squares.linear_squares_table`."""

    images: Count
    pixels: Count
    label_noise: Probability
    pixel_noise: Positive


class LinearSquares(Strict):
    """Arguments of :func:`advex.discussion.nakkiran.squares.linear_squares_table`."""

    cases: Annotated[list[LinearCase], Field(min_length=1)]
    epsilons: Annotated[list[Positive], Field(min_length=1)]
    test_images: Count

    @model_validator(mode="after")
    def _some_labels_are_wrong(self) -> "LinearSquares":
        if not any(case.label_noise for case in self.cases):
            raise ValueError("cases must hold one with label_noise above 0")
        return self


class SquaresArchitecture(Strict):
    """A network that takes squares of the study's size."""

    name: Annotated[str, OneOf(ARCHITECTURES)]
    options: dict[str, Count] = Field(default_factory=dict)


class NetworkSquares(Strict):
    """Arguments of :func:`advex.discussion.nakkiran.squares_networks.network_squares_table`.

    ``architecture`` is its network.
    """

    architecture: SquaresArchitecture
    images: Several
    test_images: Count
    channels: Count
    side: Count
    label_noise: Annotated[list[Probability], Field(min_length=1)]
    pixel_noise: Annotated[list[NonNegative], Field(min_length=1)]
    learning_rate: Positive
    batch_size: Several
    evaluate_after: Ascending
    epsilons: Annotated[list[Annotated[float, Field(gt=0, le=0.9)]], Field(min_length=1)]
    attack_steps: Count

    @model_validator(mode="after")
    def _steps_ascend(self) -> "NetworkSquares":
        _check_early_and_late("evaluate_after", self.evaluate_after)
        for name in ("label_noise", "pixel_noise"):
            if not any(getattr(self, name)):
                raise ValueError(f"{name} must hold a number above 0: the figure is about both noises")
        return self


class SquaresSettings(Section):
    """Adversarial Squares: the exact linear stand-in, and networks."""

    seeds: Count
    linear: LinearSquares
    network: NetworkSquares


class PlaneSettings(Section):
    """Arguments of :func:`advex.discussion.nakkiran.squares_networks.plane_table`."""

    seeds: Count
    points: Several
    label_noise: Probability
    pixel_noise: Positive
    width: Count
    learning_rate: Positive
    steps: Ascending
    resolution: Count

    @model_validator(mode="after")
    def _steps_ascend(self) -> "PlaneSettings":
        _check_early_and_late("steps", self.steps)
        if not self.label_noise:
            raise ValueError("label_noise must be above 0: the figure is about labels that are wrong")
        return self


SECTIONS = {"squares": SquaresSettings, "squares_2d": PlaneSettings}
