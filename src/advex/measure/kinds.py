"""What instruments say of themselves, without torch: what they need, what they read, what they cost.

A kind of instrument is a class derived from :class:`Instrument`, an entry of :data:`advex.registries.KINDS`;
a row of ``instruments`` in ``config/experiments.yaml`` is an object of its kind. The function that measures
is the entry of the same name of :data:`advex.registries.INSTRUMENTS`, in a module of its own, which may
import anything.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from advex.measure.columns import NUMBERS, Columns, texts
from advex.measure.entries import AutoAttackSizes, MeasurementEntry, Sweep
from advex.measure.work import Meter

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Instrument(BaseModel):
    """One way to measure a model on a data set: a row of ``instruments`` in ``config/experiments.yaml``.

    Attributes:
        kind: its entry of :data:`advex.registries.KINDS`.
        quantity: what the table calls the result, by default the row's name.
        attack: the study's attack that is used.
        source: the model that is attacked in the place of the one measured.
        ensemble: the ensemble that takes part in attacks.
        labels: with which labels images are compared: their own, or those of the class after or before.

    What a class says of its kind:
        needs: which of ``attack``, ``source`` and ``ensemble`` a row must give; others it must not.
        relabels: whether it can compare with other labels than the true ones.
        section: the section of a study's file with its sizes, if it has any.
        reads: ``images``, with the model; or ``history``, the table of the model's training alone.
        uses_network: whether a GPU serves it.
        columns: those of its rows that not all tables have, see :func:`advex.measure.measure.measure`;
            and the texts it writes in ``quantity``, beside that of its row, and in ``objective``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    quantity: Name | None = None
    attack: Name | None = None
    source: Name | None = None
    ensemble: Name | None = None
    labels: Literal["true", "next_class", "previous_class"] = "true"

    needs: ClassVar[frozenset[str]] = frozenset()
    relabels: ClassVar[bool] = True
    section: ClassVar[str | None] = None
    reads: ClassVar[Literal["images", "history"]] = "images"
    uses_network: ClassVar[bool] = True
    columns: ClassVar[Columns] = {}

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Instrument":
        for name in ("attack", "source", "ensemble"):
            article = "an" if name[0] in "ae" else "a"
            if name in self.needs and getattr(self, name) is None:
                raise ValueError(f"kind {self.kind} needs {article} {name}")
            if name not in self.needs and getattr(self, name) is not None:
                raise ValueError(f"kind {self.kind} has no {name}")
        if self.labels != "true" and not self.relabels:
            raise ValueError(f"kind {self.kind} has no other labels")
        return self

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The names of columns that not all tables have."""
        return tuple(name for name in self.columns if name not in ("quantity", "objective"))

    def named_by(self, studies: Iterable[Any]) -> Columns:
        """Return columns whose texts are names in the files of studies."""
        return {}

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float | None:
        """Count the operations of attacks and tests in one measurement; none if they are not counted.

        Args:
            entry: what is measured.
            sizes: the instrument's section of the study, if it has one.
            meter: the study, and the operations of its networks.
        """
        return None


class Accuracy(Instrument):
    """Accuracy on the images as they are."""

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float:
        """Count one forward pass an image."""
        return meter.images(entry.dataset) * meter.passes(entry.architecture).forward


class RobustAccuracy(Instrument):
    """Accuracy under the strongest attack."""

    needs = frozenset({"attack"})
    columns: ClassVar[Columns] = {"objective": texts("strongest")}

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float:
        """Count every attack before the rounds on all images, though those that are fooled leave.

        What that is too much is about what two rounds take.
        """
        one, attack = meter.passes(entry.architecture), entry.needed_attack
        attacks = meter.study.data.classes
        return float(meter.images(entry.dataset) * attacks * (one.attacked(attack) + one.forward))


class AutoAttack(Instrument):
    """Our strongest attack against independent code."""

    needs = frozenset({"attack"})
    relabels = False
    section = "auto_attack"
    columns: ClassVar[Columns] = {
        "quantity": texts("robust_accuracy_ours robust_accuracy_autoattack autoattack_excess"),
        "objective": texts("strongest autoattack"),
    }

    def work(self, entry: MeasurementEntry, sizes: AutoAttackSizes, meter: Meter) -> float:
        """Count all attacks on all images: ours, and theirs towards each other class, by two methods."""
        one, classes = meter.passes(entry.architecture), meter.study.data.classes
        ours = classes * one.attacked(entry.needed_attack)
        theirs = sizes.iterations * 2 * classes * one.attack + sizes.queries * one.forward
        return float(min(meter.images(entry.dataset), sizes.images) * (ours + theirs))


class AttackStrength(Instrument):
    """Accuracy under attacks of growing strength."""

    needs = frozenset({"attack"})
    section = "attack_strength"

    def named_by(self, studies: Iterable[Any]) -> Columns:
        """Return the objectives of all sweeps."""
        sweeps = [study.section("attack_strength") for study in studies]
        return {"objective": frozenset(name for sweep in sweeps if sweep for name in sweep.objectives)}

    def work(self, entry: MeasurementEntry, sizes: Sweep, meter: Meter) -> float:
        """Count every attack of the sweep, and a test of each."""
        one = meter.passes(entry.architecture)
        steps = sum(count * one.attack + 2 * one.forward for count in sizes.steps)
        attacks = len(sizes.objectives) * len(sizes.relative_step_sizes)
        return meter.images(entry.dataset) * attacks * steps


class Transfer(Instrument):
    """Share of a source model's adversarial examples that also fool the model."""

    needs = frozenset({"attack", "source"})
    relabels = False
    columns: ClassVar[Columns] = {"objective": texts("cross_entropy targeted_cross_entropy")}

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float:
        """Count a test, and for the first model the attack on the source."""
        images = meter.images(entry.dataset)
        total = images * meter.passes(entry.architecture).forward
        if meter.first(entry.source_path, entry.dataset, entry.quantity):
            source = meter.passes(meter.family(entry.needed_source))
            total += images * source.attacked(entry.needed_attack)
        return total


class History(Instrument):
    """Accuracy by epoch, as training recorded it."""

    relabels = False
    reads = "history"
    uses_network = False
    columns: ClassVar[Columns] = {"epoch": NUMBERS, "quantity": texts("train_accuracy test_accuracy")}

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float:
        """Count nothing: a table is read."""
        return 0.0
