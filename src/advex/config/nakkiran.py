"""The sizes of what comment 5 (Nakkiran) needs of a study: an ensemble, and Adversarial Squares."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from advex.registries import ARCHITECTURES
from advex.registry import OneOf
from advex.settings import Count, NonNegative, Positive


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Ascending = Annotated[list[Count], Field(min_length=1)]
Probability = Annotated[float, Field(ge=0, lt=0.5)]


def _check_ascending(name: str, values: list[int]) -> None:
    if values != sorted(set(values)):
        raise ValueError(f"{name} must ascend, each given once")


class EnsembleSettings(_Section):
    """How many networks penalise an attack (one more is trained and held out), and which numbers to try."""

    members: Count
    sizes: Ascending

    @model_validator(mode="after")
    def _largest_is_all(self) -> "EnsembleSettings":
        _check_ascending("sizes", self.sizes)
        if self.sizes[-1] != self.members:
            raise ValueError(f"the largest of sizes must be members, {self.members}")
        return self


class LinearCase(_Section):
    """One training set of :func:`advex.squares.linear_squares_table`."""

    images: Count
    pixels: Count
    label_noise: Probability
    pixel_noise: Positive


class LinearSquares(_Section):
    """Arguments of :func:`advex.squares.linear_squares_table`."""

    cases: Annotated[list[LinearCase], Field(min_length=1)]
    epsilons: Annotated[list[Positive], Field(min_length=1)]
    test_images: Count


class SquaresArchitecture(_Section):
    """A network that takes squares of the study's size."""

    name: Annotated[str, OneOf(ARCHITECTURES)]
    options: dict[str, Count] = {}


class NetworkSquares(_Section):
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


class SquaresSettings(_Section):
    """Adversarial Squares: the exact linear stand-in, and networks."""

    seeds: Count
    linear: LinearSquares
    network: NetworkSquares


class PlaneSettings(_Section):
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
