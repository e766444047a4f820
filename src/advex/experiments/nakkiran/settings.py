"""The sizes of what comment 5 (Nakkiran) needs of a study: Adversarial Squares."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advex.sections import Section, Strict
from advex.settings import Count, NonNegative, Positive

Ascending = Annotated[list[Count], Field(min_length=1)]
Probability = Annotated[float, Field(ge=0, lt=0.5)]


def _check_ascending(name: str, values: list[int]) -> None:
    if values != sorted(set(values)):
        raise ValueError(f"{name} must ascend, each given once")


class LinearCase(Strict):
    """One training set of :func:`advex.squares.linear_squares_table`."""

    images: Count
    pixels: Count
    label_noise: Probability
    pixel_noise: Positive


class LinearSquares(Strict):
    """Arguments of :func:`advex.squares.linear_squares_table`."""

    cases: Annotated[list[LinearCase], Field(min_length=1)]
    epsilons: Annotated[list[Positive], Field(min_length=1)]
    test_images: Count


class SquaresArchitecture(Strict):
    """A network that takes squares of the study's size."""

    name: Literal["small_perceptron", "resnet18"]
    options: dict[str, Count] = Field(default_factory=dict)


class NetworkSquares(Strict):
    """Arguments of :func:`advex.squares_networks.network_squares_table`; ``architecture`` is its network."""

    architecture: SquaresArchitecture
    images: Count
    test_images: Count
    channels: Count
    side: Count
    label_noise: list[Probability]
    pixel_noise: list[NonNegative]
    learning_rate: Positive
    batch_size: Count
    evaluate_after: Ascending
    epsilons: Annotated[list[Annotated[float, Field(gt=0, le=0.9)]], Field(min_length=1)]
    attack_steps: Count

    @model_validator(mode="after")
    def _steps_ascend(self) -> "NetworkSquares":
        _check_ascending("evaluate_after", self.evaluate_after)
        return self


class SquaresSettings(Section):
    """Adversarial Squares: the exact linear stand-in, and networks."""

    seeds: Count
    linear: LinearSquares
    network: NetworkSquares


class PlaneSettings(Section):
    """Arguments of :func:`advex.squares_networks.plane_table`."""

    seeds: Count
    points: Count
    label_noise: Probability
    pixel_noise: Positive
    width: Count
    learning_rate: Positive
    steps: Ascending
    resolution: Count

    @model_validator(mode="after")
    def _steps_ascend(self) -> "PlaneSettings":
        _check_ascending("steps", self.steps)
        return self
