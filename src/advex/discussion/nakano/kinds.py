"""What the instruments of Nakano's comment say of themselves; see :mod:`advex.measure.kinds`."""

from typing import ClassVar

from advex.common.settings import LayerSizes
from advex.measure.columns import ANY_TEXT, Columns, numbers
from advex.measure.entries import MeasurementEntry
from advex.measure.kinds import Instrument
from advex.measure.work import Meter


class LayerRobustness(Instrument):
    """R(f) of every layer."""

    needs = frozenset({"attack"})
    relabels = False
    section = "layer_robustness"
    columns: ClassVar[Columns] = {"layer": ANY_TEXT, **numbers("position relative_epsilon")}

    def work(self, entry: MeasurementEntry, sizes: LayerSizes, meter: Meter) -> float:
        """Count at most: every layer is searched with the whole network."""
        one, images = meter.passes(entry.architecture), meter.images(entry.dataset)
        searches = len(sizes.relative_epsilons) * one.layers
        searched = min(images, sizes.images) * searches * one.attacked(entry.needed_attack)
        return searched + 2 * sizes.pairs * one.forward
