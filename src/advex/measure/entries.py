"""What to measure: one model on one data set by one instrument."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from advex.common.names.registry import OneOf
from advex.common.settings import STRICT, AttackSettings, Count, Positive
from advex.registries import INSTRUMENTS, OBJECTIVES

Row = dict[str, Any]
"""Columns of one row that differ from the defaults: see :func:`advex.measure.measure.measure`."""


@dataclass(frozen=True, config=STRICT)
class Sweep:
    """Attacks of growing strength (Fig. 8): every number of steps with every objective and step size.

    Attributes:
        steps: numbers of steps.
        relative_step_sizes: step sizes times steps, over epsilon (2.5 is the authors' convention).
        objectives: names of :data:`advex.registries.OBJECTIVES`.
    """

    steps: Annotated[list[Count], Field(min_length=1)]
    relative_step_sizes: Annotated[list[Positive], Field(min_length=1)]
    objectives: Annotated[list[Annotated[str, OneOf(OBJECTIVES)]], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class AutoAttackSizes:
    """How long AutoAttack runs, and on how many images; by default as in its standard version.

    Attributes:
        images: how many test images are attacked, the first ones.
        iterations: of each of its attacks by gradients, for each class they aim at.
        queries: of its attack without gradients.
    """

    images: Count
    iterations: Count = 100
    queries: Count = 5000


@dataclass(frozen=True, config=STRICT)
class MeasurementEntry:
    """One model measured on one data set by one instrument; paths say where they lie.

    Attributes:
        quantity: what the table calls the result.
        kind: of the instrument, an entry of :data:`advex.registries.INSTRUMENTS`.
        model: name of the model.
        architecture: the family it is of.
        dataset: name of the data set.
        model_path: of its weights.
        history_path: of the table of its training.
        dataset_path: of the images.
        reads: ``images``, with the model; or ``history``, the table of its training alone.
        source_path: of the model that is attacked in the place of the one measured.
        ensemble_path: of the ensemble that takes part in attacks.
        labels: with which labels images are compared.
        attack: the attack that is used.
        sizes: plain values of the instrument's section in the study's file.
        columns: those of its rows that not all tables have.
    """

    quantity: str
    kind: Annotated[str, OneOf(INSTRUMENTS)]
    model: str
    architecture: str
    dataset: str
    model_path: str
    history_path: str
    dataset_path: str
    reads: Literal["images", "history"] = "images"
    source_path: str | None = None
    ensemble_path: str | None = None
    labels: Literal["true", "next_class", "previous_class"] = "true"
    attack: AttackSettings | None = None
    sizes: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @property
    def needed_attack(self) -> AttackSettings:
        """The attack, of an instrument that needs one."""
        assert self.attack is not None, f"{self.kind} needs an attack"
        return self.attack

    @property
    def needed_source(self) -> str:
        """The path of the source model, of an instrument that needs one."""
        assert self.source_path is not None, f"{self.kind} needs a source"
        return self.source_path

    @property
    def needed_ensemble(self) -> str:
        """The path of the ensemble, of an instrument that needs one."""
        assert self.ensemble_path is not None, f"{self.kind} needs an ensemble"
        return self.ensemble_path
