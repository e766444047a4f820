"""Error under noise of one frequency (Gilmer and Hendrycks, Fig. 2).

Besides the usual columns, rows have ``vertical_frequency`` and ``horizontal_frequency`` (periods an image),
``root_mean_square`` (of noise in each channel) and ``relative_ring`` (a ring of
:mod:`advex.common.numbers.frequency`
over half the image's side: 0 at zero, 1 at the highest frequencies).
"""

from collections.abc import Iterable, Iterator

import numpy as np

from advex.common.artifacts import Array
from advex.common.numbers.frequency import ring_means
from advex.common.settings import FourierNoise
from advex.discussion.gilmer_hendrycks.fourier_maps import (
    error_maps,
    first_images,
    map_summary,
    spread_over_signs,
)
from advex.measure.bench import Bench, share
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.predictions import predictions

_ADDED = ("mean_error", "centre_error", "corner_error")


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Error under noise of one frequency, for every frequency, and what the map amounts to (Fig. 2).

    Errors are means over draws of the noise's signs. ``epsilon`` is the l2 norm of the noise in each channel;
    ``clean_error`` is without noise. Of stronger noise there are ring means only, and, as of all noise, what
    it adds to the error without noise (``added_...``) and ``spread_over_signs``, by how much one draw of
    signs differs from the mean of all.
    """
    noise = FourierNoise(**entry.sizes)
    images, labels = first_images(entry, bench, noise.images)
    side = images.shape[-1]
    model = bench.model(entry.model_path)
    clean: Row = share(predictions(model, images, bench.device) != labels)
    yield {"quantity": "clean_error", "epsilon": 0.0, "images": len(labels), **clean}
    for strength in (noise.root_mean_square, *noise.stronger):
        norm = strength * side
        maps = error_maps(model, images, labels, norm, bench.device, bench.seed, noise.draws)
        common: Row = {"epsilon": norm, "root_mean_square": strength, "images": len(labels)}
        found = _of_map if strength == noise.root_mean_square else _of_stronger_noise
        for row in (*found(maps.mean(axis=0)), *_of_any_noise(maps, clean["value"])):
            yield {**common, **row}


def _of_map(errors: Array) -> Iterator[Row]:
    """Describe the map of the published strength, (side, side), in all detail."""
    half = len(errors) // 2
    for (row, column), error in np.ndenumerate(errors):
        place = {"vertical_frequency": row - half, "horizontal_frequency": column - half}
        yield {**place, "quantity": "error", "value": error}
    yield from _by_ring("ring_error", errors)
    for quantity, value in map_summary(errors).items():
        yield {"quantity": quantity, "value": value}


def _of_stronger_noise(errors: Array) -> Iterator[Row]:
    return _by_ring("ring_error_of_stronger_noise", errors)


def _of_any_noise(maps: Array, clean: float) -> Iterator[Row]:
    """Tell what noise adds to the error without it, ``clean``, and how far maps of draws differ."""
    errors = maps.mean(axis=0)
    yield from _by_ring("added_ring_error", errors - clean)
    summary = map_summary(errors)
    for quantity in _ADDED:
        yield {"quantity": f"added_{quantity}", "value": summary[quantity] - clean}
    if len(maps) > 1:
        yield {"quantity": "spread_over_signs", "value": spread_over_signs(maps)}


def _by_ring(quantity: str, errors: Array) -> Iterator[Row]:
    for ring, error in enumerate(ring_means(errors)):
        yield {"quantity": quantity, "relative_ring": ring / (len(errors) // 2), "value": error}
