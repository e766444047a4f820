"""What to measure: one model on one data set by one instrument."""

from typing import Annotated, Any, Literal

from pydantic.dataclasses import dataclass

from advex.common.registry import OneOf
from advex.common.settings import STRICT, AttackSettings, FourierNoise, LayerSizes
from advex.registries import INSTRUMENTS, OBJECTIVES

Row = dict[str, Any]
"""Columns of one row that differ from the defaults: see :func:`advex.measure.measure.measure`."""


@dataclass(frozen=True, config=STRICT)
class Sweep:
    """Attacks of growing strength: every number of steps with every objective and step size.

    Attributes:
        steps: numbers of steps.
        relative_step_sizes: step sizes times steps, over epsilon (2.5 is the authors' convention).
        objectives: names of :data:`advex.registries.OBJECTIVES`.
    """

    steps: list[int]
    relative_step_sizes: list[float]
    objectives: list[Annotated[str, OneOf(OBJECTIVES)]]


@dataclass(frozen=True, config=STRICT)
class MeasurementEntry:
    """One model measured on one data set by one instrument; paths say where they lie."""

    quantity: str
    kind: Annotated[str, OneOf(INSTRUMENTS)]
    model: str
    architecture: str
    dataset: str
    model_path: str
    history_path: str
    dataset_path: str
    source_path: str | None = None
    ensemble_path: str | None = None
    sizes: tuple[int, ...] = ()
    labels: Literal["true", "next_class", "previous_class"] = "true"
    attack: AttackSettings | None = None
    sweep: Sweep | None = None
    noise: FourierNoise | None = None
    layers: LayerSizes | None = None
