"""What the instruments of Gilmer and Hendrycks' comment say of themselves; see :mod:`advex.measure.kinds`."""

from collections.abc import Iterable
from typing import Any, ClassVar

from advex.measure.columns import NUMBERS, Columns, numbers, texts
from advex.measure.entries import MeasurementEntry
from advex.measure.kinds import Accuracy, Instrument
from advex.measure.work import Meter


class FilteredAccuracy(Accuracy):
    """Accuracy behind a frequency filter."""

    columns: ClassVar[Columns] = {
        **numbers("bandwidth relative_bandwidth"),
        "quantity": texts("power_kept power_kept_by_frame"),
        "objective": texts("none low_pass high_pass"),
    }


class FourierSensitivity(Instrument):
    """Error under noise of every single frequency."""

    section = "fourier_noise"
    columns: ClassVar[Columns] = {
        **numbers("root_mean_square vertical_frequency horizontal_frequency relative_ring"),
        "quantity": texts(
            "clean_error error ring_error ring_error_of_stronger_noise mean_error lowest_error highest_error "
            "centre_error corner_error low_error_cells central_low_error_cells high_error_cells "
            "added_ring_error added_mean_error added_centre_error added_corner_error "
            "spread_over_signs"
        ),
    }


class FourierNorms(Instrument):
    """The same at the norms that other readings of the comment's Fig. 2 give."""

    section = "fourier_noise"
    columns: ClassVar[Columns] = {
        "root_mean_square": NUMBERS,
        "quantity": texts("mean_error_norm_of_all_channels mean_error_norm_dropped"),
    }


def _corruptions(studies: Iterable[Any]) -> Columns:
    return {"corruption": frozenset(name for study in studies for name in study.corruptions.names)}


class CorruptionAccuracy(Instrument):
    """Accuracy under common corruptions."""

    columns: ClassVar[Columns] = {"corruption": texts(""), "severity": NUMBERS}

    def named_by(self, studies: Iterable[Any]) -> Columns:
        """Return all corruptions that a study has."""
        return _corruptions(studies)


class CorruptionSpectrum(Instrument):
    """Which frequencies common corruptions change; no model plays a role."""

    relabels = False
    uses_network = False
    columns: ClassVar[Columns] = {
        "corruption": texts(""),
        **numbers("severity relative_ring"),
        "quantity": texts("power_share"),
    }

    def named_by(self, studies: Iterable[Any]) -> Columns:
        """Return all corruptions that a study has."""
        return _corruptions(studies)

    def work(self, entry: MeasurementEntry, sizes: Any, meter: Meter) -> float | None:
        """Count nothing: these are not a network's operations."""
        return None
