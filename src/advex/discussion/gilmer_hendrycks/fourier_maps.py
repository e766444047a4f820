"""Maps of a model's error under noise of each frequency, and what they amount to."""

import numpy as np
import torch
from torch import Tensor

from advex.common.artifacts import Array
from advex.common.machine.devices import Device, torch_generator
from advex.common.numbers.frequency import distinct_frequencies, fourier_basis, mirrored, rings
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry
from advex.networks.classifier import Classifier
from advex.networks.predictions import predictions

LOW_ERROR, HIGH_ERROR = 30.0, 50.0  # percent; how blue and how red a cell of Fig. 2 is
CENTRAL_SHARE = 9 / 32  # of the side: the central square of Fig. 2 that is counted apart
CORNER_SHARE = 13 / 16  # of the highest frequency: where its corners begin


def first_images(entry: MeasurementEntry, bench: Bench, count: int) -> tuple[Tensor, Tensor]:
    """Return the first ``count`` images of a set, (count, C, H, W) float32 in [0, 1], and their labels."""
    loaded = bench.images(entry.dataset_path)
    return loaded.floats[:count], loaded.labels(entry.labels)[:count]


def error_maps(
    model: Classifier, images: Tensor, labels: Tensor, norm: float, device: Device, seed: int, draws: int
) -> Array:
    """Return the error in percent under noise of each frequency, (draws, side, side), zero at the centre.

    Each image gets the noise of norm ``norm`` in every channel with a random sign for each channel, and is
    clipped; every second draw has the signs opposite to those of the draw before, which leaves less of the
    mean to chance. They depend on the seed and the draw alone, so models are compared under the same noise;
    a frequency and its mirror are one measurement.
    """
    return np.stack([_error_map(model, images, labels, norm, device, seed, draw) for draw in range(draws)])


def _error_map(
    model: Classifier, images: Tensor, labels: Tensor, norm: float, device: Device, seed: int, draw: int
) -> Array:
    side = images.shape[-1]
    pair, opposite = divmod(draw, 2)
    generator = torch_generator("signs of Fourier noise", pair, seed)
    frequencies = list(distinct_frequencies(side))
    rates = []
    for u, v in frequencies:
        wave = torch.as_tensor(norm * fourier_basis(u, v, side), dtype=torch.float32, device=images.device)
        signs = torch.randint(2, (len(images), images.shape[1], 1, 1), generator=generator).to(images.device)
        noisy = (images + (2 * (signs ^ opposite) - 1) * wave).clamp_(0, 1)
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        rates.append((predictions(model, noisy, device) != labels).double().mean())
    errors = np.empty((side, side))
    for (u, v), rate in zip(frequencies, torch.stack(rates).cpu().tolist(), strict=True):
        for row, column in ((u, v), mirrored(u, v, side)):
            errors[row + side // 2, column + side // 2] = 100 * rate
    return errors


def spread_over_signs(maps: Array) -> float:
    """Tell by how much a map of one draw of signs differs from the mean of all, (draws, side, side).

    Returns:
        The root of the mean square over draws and frequencies, in percentage points.
    """
    return float((maps - maps.mean(axis=0)).std())


def map_summary(errors: Array) -> dict[str, float]:
    """Describe a map of errors in percent, (side, side), by a few numbers, in percent of images or cells."""
    side, centre = len(errors), len(errors) // 2
    ring = rings(side)
    central = ring <= (int(CENTRAL_SHARE * side) | 1) // 2
    distance = np.abs(np.arange(side) - centre) >= CORNER_SHARE * centre
    return {
        "mean_error": errors.mean(),
        "lowest_error": errors.min(),
        "highest_error": errors.max(),
        "centre_error": errors[centre, centre],
        "corner_error": errors[np.logical_and.outer(distance, distance)].mean(),
        "low_error_cells": 100 * (errors < LOW_ERROR).mean(),
        "central_low_error_cells": 100 * (errors[central] < LOW_ERROR).mean(),
        "high_error_cells": 100 * (errors > HIGH_ERROR).mean(),
    }
