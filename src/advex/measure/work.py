"""What work a job does, counted before it runs, and what is known when it is counted.

Experiments and instruments count their own work; :mod:`advex.config.estimate` asks them. Nothing here needs
torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from advex.common.settings import AttackSettings


@dataclass(frozen=True)
class Passes:
    """Floating-point operations of one image through one network, its parameters, and its main layers.

    Attributes:
        forward: of a forward pass.
        attack: of a forward pass and a backward pass to the image.
        train: of a forward pass and a backward pass to the weights.
        parameters: how many the network has.
        layers: how many layers figures count.
    """

    forward: float
    attack: float
    train: float
    parameters: int
    layers: int

    def attacked(self, attack: AttackSettings) -> float:
        """Return the operations of an attack on one image."""
        return attack.steps * self.attack + (self.forward if attack.keep_best else 0.0)


@dataclass(frozen=True)
class Work:
    """What one job does: operations in training, operations in attacks and tests, bytes it leaves."""

    train: float = 0.0
    attack: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.train + other.train, self.attack + other.attack, self.bytes + other.bytes)


class Meter(Protocol):
    """What can be asked while the work of one job is counted.

    Attributes:
        study: all sizes of the study, a :class:`advex.config.schema.Study`.
        side: height and width of its images, in pixels.
    """

    study: Any
    side: int

    def images(self, dataset: str) -> int:
        """Return how many images a data set has, given its name."""

    def images_of_source(self, source: str) -> int:
        """Return how many training images a source of data has when it is taken whole."""

    def side_of_source(self, source: str) -> int:
        """Return the side of a source's images, in pixels, where a study does not choose it."""

    def family(self, path: str) -> str:
        """Return the family of architectures that a model is of, given the path of its weights."""

    def passes(self, family: str, side: int | None = None) -> Passes:
        """Return the operations of a family's network on images of a side, by default the study's."""

    def passes_of(
        self, name: str, options: Mapping[str, int], channels: int, classes: int, side: int
    ) -> Passes:
        """Return the operations of an experiment's own network, by its architecture, on one image."""

    def first(self, *key: Any) -> bool:
        """Tell whether this is the first time in this job that something is asked for: it is made once."""
