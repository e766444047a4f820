"""What the instruments of Nakkiran's comment say of themselves; see :mod:`.kinds`."""

from typing import Any

from advex.instruments.entries import MeasurementEntry
from advex.instruments.kinds import Instrument
from advex.work import Meter


class EnsembleTransfer(Instrument):
    """How often models follow attacks on a source, plain and penalised by an ensemble."""

    rows = "advex.instruments.ensemble_transfer:rows"
    needs = frozenset({"attack", "source", "ensemble"})
    relabels = False
    section = "ensemble"
    columns = ("norm", "members")

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
