"""What the instruments of Nakkiran's comment say of themselves; see :mod:`advex.measure.kinds`."""

from collections.abc import Iterable
from typing import Any, ClassVar

from advex.measure.columns import NUMBERS, Columns, texts
from advex.measure.entries import MeasurementEntry
from advex.measure.kinds import Instrument
from advex.measure.work import Meter


class EnsembleTransfer(Instrument):
    """How often models follow attacks on a source, plain and penalised by an ensemble."""

    needs = frozenset({"attack", "source", "ensemble"})
    relabels = False
    section = "ensemble"
    columns: ClassVar[Columns] = {
        "norm": texts(""),
        "members": NUMBERS,
        "quantity": texts("targeted_rate untargeted_rate targeted_transfer untargeted_transfer"),
        "objective": texts("none targeted_cross_entropy ensemble_penalised ensemble_opposed"),
    }

    def named_by(self, studies: Iterable[Any]) -> Columns:
        """Return the norms of all attacks."""
        return {"norm": frozenset(each.norm for study in studies for each in study.attacks.values())}

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float:
        """Count tests of all attacks, and for the first model the attacks themselves."""
        images, attack = meter.images(entry.dataset), entry.needed_attack
        attacks = 2 + len(sizes.sizes)
        total = images * (attacks + 2) * meter.passes(entry.architecture).forward
        if meter.first(entry.source_path, entry.dataset, attack):
            source = meter.passes(meter.family(entry.needed_source))
            penalty = meter.passes(meter.family(entry.needed_ensemble))
            networks = sum(sizes.sizes) + max(sizes.sizes)
            total += images * (attacks * source.attacked(attack) + networks * penalty.attacked(attack))
        return total
