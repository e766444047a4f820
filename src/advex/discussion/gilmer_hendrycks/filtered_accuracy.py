"""Accuracy behind a frequency filter (Gilmer and Hendrycks, Fig. 1).

Besides the usual columns, rows have ``bandwidth`` (of the filter, in frequencies) and ``relative_bandwidth``
(over the image's side).
"""

from collections.abc import Iterable

import numpy as np

from advex.common.artifacts import Array
from advex.common.numbers.frequency import filter_mask, perturbation_power
from advex.measure.bench import Bench, share
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.predictions import predictions


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy of a model behind a filter, with the filter's bandwidth; without one, the whole side.

    And how much of the test images' power passes: through the filter, and (``power_kept_by_frame``) through
    the other reading of a high-pass, which drops the central square of side d - B and keeps the frame.
    """
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    matches = predictions(model, loaded.floats, bench.device) == loaded.labels(entry.labels)
    side = loaded.floats.shape[-1]
    accuracy = share(matches)
    if model.filter is None:
        yield {"objective": "none", "bandwidth": side, "relative_bandwidth": 1.0, **accuracy}
        return
    kind, bandwidth = model.filter.settings.kind, model.filter.settings.bandwidth
    common: Row = {"objective": kind, "bandwidth": bandwidth, "relative_bandwidth": bandwidth / side}
    yield {**common, **accuracy}
    images = loaded.images.as_float()
    yield {
        **common,
        "quantity": "power_kept",
        "value": _power_kept(images, filter_mask(kind, bandwidth, side)),
    }
    if kind == "high_pass":
        frame = ~filter_mask("low_pass", side - bandwidth, side)
        yield {**common, "quantity": "power_kept_by_frame", "value": _power_kept(images, frame)}


def _power_kept(images: Array, mask: Array) -> float:
    """Return the percentage of the images' power at all frequencies but zero that lies in ``mask``."""
    power = np.fft.ifftshift(perturbation_power(np.zeros_like(images), images))
    power[0, 0] = 0
    return 100 * float(power[mask].sum() / power.sum())
