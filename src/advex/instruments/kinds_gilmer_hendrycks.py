"""What the instruments of Gilmer and Hendrycks' comment say of themselves; see :mod:`.kinds`."""

from typing import Any

from advex.instruments.entries import MeasurementEntry
from advex.instruments.kinds import Accuracy, Instrument
from advex.work import Meter


class FilteredAccuracy(Accuracy):
    """Accuracy behind a frequency filter."""

    rows = "advex.instruments.filtered_accuracy:rows"
    columns = ("bandwidth", "relative_bandwidth")


class FourierSensitivity(Instrument):
    """Error under noise of every single frequency."""

    rows = "advex.instruments.fourier_sensitivity:rows"
    section = "fourier_noise"
    columns = ("root_mean_square", "vertical_frequency", "horizontal_frequency", "relative_ring")


class FourierNorms(Instrument):
    """The same at the norms that other readings of the comment's Fig. 2 give."""

    rows = "advex.instruments.fourier_norms:rows"
    section = "fourier_noise"
    columns = ("root_mean_square",)


class CorruptionAccuracy(Instrument):
    """Accuracy under common corruptions."""

    rows = "advex.instruments.corruption_accuracy:rows"
    columns = ("corruption", "severity")


class CorruptionSpectrum(Instrument):
    """Which frequencies common corruptions change; no model plays a role."""

    rows = "advex.instruments.corruption_spectrum:rows"
    relabels = False
    uses_network = False
    columns = ("corruption", "severity", "relative_ring")

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float | None:
        """Count nothing: these are not a network's operations."""
        return None
