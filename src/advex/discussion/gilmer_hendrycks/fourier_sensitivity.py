"""Error under noise of one frequency (Gilmer and Hendrycks, Fig. 2).

Besides the usual columns, rows have ``vertical_frequency`` and ``horizontal_frequency`` (periods an image),
``root_mean_square`` (of noise in each channel) and ``relative_ring`` (a ring of :mod:`advex.common.frequency`
over half the image's side: 0 at zero, 1 at the highest frequencies).
"""

from collections.abc import Iterable

import numpy as np

from advex.common.frequency import ring_means
from advex.common.settings import FourierNoise
from advex.discussion.gilmer_hendrycks.fourier_maps import error_map, first_images, map_summary
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.predictions import predictions


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Error under noise of one frequency, for every frequency, and what the map amounts to (Fig. 2).

    ``epsilon`` is the l2 norm of the noise in each channel; ``clean_error`` is without noise. Of stronger
    noise there are ring means only.
    """
    noise = FourierNoise(**entry.sizes)
    images, labels = first_images(entry, bench, noise.images)
    side = images.shape[-1]
    norm = noise.root_mean_square * side
    model = bench.model(entry.model_path)
    clean = (predictions(model, images, bench.device) != labels).double().mean().item()
    yield {"quantity": "clean_error", "epsilon": 0.0, "images": len(labels), "value": 100 * clean}
    errors = error_map(model, images, labels, norm, bench.device, bench.seed)
    common: Row = {
        "epsilon": norm,
        "root_mean_square": noise.root_mean_square,
        "images": len(labels),
    }
    for (row, column), error in np.ndenumerate(errors):
        place = {"vertical_frequency": row - side // 2, "horizontal_frequency": column - side // 2}
        yield {**common, **place, "quantity": "error", "value": error}
    for ring, error in enumerate(ring_means(errors)):
        yield {**common, "quantity": "ring_error", "relative_ring": ring / (side // 2), "value": error}
    for quantity, value in map_summary(errors).items():
        yield {**common, "quantity": quantity, "value": value}
    for strength in noise.stronger:
        norm = strength * side
        errors = error_map(model, images, labels, norm, bench.device, bench.seed)
        common |= {"epsilon": norm, "root_mean_square": strength, "quantity": "ring_error_of_stronger_noise"}
        for ring, error in enumerate(ring_means(errors)):
            yield {**common, "relative_ring": ring / (side // 2), "value": error}
