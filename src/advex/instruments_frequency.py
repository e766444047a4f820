"""Instruments of Gilmer and Hendrycks' comment: noise of one frequency, and common corruptions.

Besides the columns of :mod:`advex.instruments`, rows have ``vertical_frequency`` and
``horizontal_frequency`` (periods an image), ``root_mean_square`` (of noise in each channel),
``relative_ring`` (a ring of :mod:`advex.frequency` over half the image's side: 0 at zero, 1 at the
highest frequencies), ``bandwidth`` and ``relative_bandwidth`` (of a filter, in frequencies and over the
side), ``corruption`` and ``severity``.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from advex.architectures import Classifier
from advex.artifacts import Array
from advex.corruptions import SEVERITIES
from advex.devices import Device, stable_seed
from advex.frequency import (
    distinct_frequencies,
    filter_mask,
    fourier_basis,
    mirrored,
    perturbation_power,
    ring_means,
    rings,
)
from advex.training import predictions

if TYPE_CHECKING:
    from advex.instruments import Bench, MeasurementEntry

Row = dict[str, Any]

LOW_ERROR, HIGH_ERROR = 30.0, 50.0  # percent; how blue and how red a cell of Fig. 2 is
CENTRAL_SHARE = 9 / 32  # of the side: the central square of Fig. 2 that is counted apart
CORNER_SHARE = 13 / 16  # of the highest frequency: where its corners begin
SPECTRUM_SEVERITY = 3
# What the noise would be if the norm 4 were that of all three channels together, and what the released code
# adds where signs are random: an image of norm 1.
OTHER_NORMS = {"norm_of_all_channels": 3**-0.5, "norm_dropped": 1 / 4}


def filtered_accuracy(entry: "MeasurementEntry", bench: "Bench") -> Iterable[Row]:
    """Accuracy of a model behind a filter, with the filter's bandwidth; without one, the whole side.

    And how much of the test images' power passes: through the filter, and (``power_kept_by_frame``) through
    the other reading of a high-pass, which drops the central square of side d - B and keeps the frame.
    """
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    matches = predictions(model, loaded.floats, bench.device) == loaded.labels(entry.labels)
    side = loaded.floats.shape[-1]
    accuracy = 100 * float(matches.double().mean().item())
    if model.filter is None:
        yield {"objective": "none", "bandwidth": side, "relative_bandwidth": 1.0, "value": accuracy}
        return
    kind, bandwidth = model.filter.settings.kind, model.filter.settings.bandwidth
    common: Row = {"objective": kind, "bandwidth": bandwidth, "relative_bandwidth": bandwidth / side}
    yield {**common, "value": accuracy}
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


def fourier_sensitivity(entry: "MeasurementEntry", bench: "Bench") -> Iterable[Row]:
    """Error under noise of one frequency, for every frequency, and what the map amounts to (Fig. 2).

    ``epsilon`` is the l2 norm of the noise in each channel; ``clean_error`` is without noise. Of stronger
    noise there are ring means only.
    """
    assert entry.noise is not None, "fourier_sensitivity needs noise"
    images, labels = _first_images(entry, bench, entry.noise.images)
    side = images.shape[-1]
    norm = entry.noise.root_mean_square * side
    model = bench.model(entry.model_path)
    clean = (predictions(model, images, bench.device) != labels).double().mean().item()
    yield {"quantity": "clean_error", "epsilon": 0.0, "images": len(labels), "value": 100 * clean}
    errors = _error_map(model, images, labels, norm, bench.device, bench.seed)
    common: Row = {
        "epsilon": norm,
        "root_mean_square": entry.noise.root_mean_square,
        "images": len(labels),
    }
    for (row, column), error in np.ndenumerate(errors):
        place = {"vertical_frequency": row - side // 2, "horizontal_frequency": column - side // 2}
        yield {**common, **place, "quantity": "error", "value": error}
    for ring, error in enumerate(ring_means(errors)):
        yield {**common, "quantity": "ring_error", "relative_ring": ring / (side // 2), "value": error}
    for quantity, value in map_summary(errors).items():
        yield {**common, "quantity": quantity, "value": value}
    for strength in entry.noise.stronger:
        norm = strength * side
        errors = _error_map(model, images, labels, norm, bench.device, bench.seed)
        common |= {"epsilon": norm, "root_mean_square": strength, "quantity": "ring_error_of_stronger_noise"}
        for ring, error in enumerate(ring_means(errors)):
            yield {**common, "relative_ring": ring / (side // 2), "value": error}


def fourier_norms(entry: "MeasurementEntry", bench: "Bench") -> Iterable[Row]:
    """Mean error over all frequencies at the norms that other readings of Fig. 2 give."""
    assert entry.noise is not None, "fourier_norms needs noise"
    images, labels = _first_images(entry, bench, entry.noise.images)
    model, side = bench.model(entry.model_path), images.shape[-1]
    for reading, factor in OTHER_NORMS.items():
        norm = factor * entry.noise.root_mean_square * side
        errors = _error_map(model, images, labels, norm, bench.device, bench.seed)
        yield {
            "quantity": f"mean_error_{reading}",
            "epsilon": norm,
            "root_mean_square": norm / side,
            "images": len(labels),
            "value": errors.mean(),
        }


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


def corruption_accuracy(entry: "MeasurementEntry", bench: "Bench") -> Iterable[Row]:
    """Accuracy on every corruption of a corrupted set at every severity."""
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    for corruption, severity, images in _corrupted(entry, bench):
        predicted = predictions(model, bench.device.images(images), bench.device)
        yield {
            "corruption": corruption,
            "severity": severity,
            "value": 100 * float((predicted == labels).double().mean().item()),
        }


def corruption_spectrum(entry: "MeasurementEntry", bench: "Bench") -> Iterable[Row]:
    """Which frequencies each corruption changes: its share of power by ring. No model plays a role.

    Yin et al. (2019) show the same at severity 3.
    """
    clean = bench.images(entry.dataset_path).images.as_float().astype(np.float64)
    for corruption, severity, images in _corrupted(entry, bench):
        if severity != SPECTRUM_SEVERITY:
            continue
        power = perturbation_power(clean, images / 255)
        ring = rings(len(power)).ravel()
        shares = 100 * np.bincount(ring, power.ravel()) / power.sum()
        for index, share in enumerate(shares):
            yield {
                "model": None,
                "architecture": None,
                "quantity": "power_share",
                "corruption": corruption,
                "severity": severity,
                "relative_ring": index / (len(shares) - 1),
                "value": share,
            }


def _first_images(entry: "MeasurementEntry", bench: "Bench", count: int) -> tuple[Tensor, Tensor]:
    loaded = bench.images(entry.dataset_path)
    return loaded.floats[:count], loaded.labels(entry.labels)[:count]


def _corrupted(entry: "MeasurementEntry", bench: "Bench") -> Iterator[tuple[str, int, Array]]:
    for corruption, images in bench.images(entry.dataset_path).images.extras.items():
        for index, severity in enumerate(SEVERITIES):
            yield corruption, severity, images[:, index]


def _error_map(
    model: Classifier, images: Tensor, labels: Tensor, norm: float, device: Device, seed: int
) -> Array:
    """Return the error in percent under noise of each frequency, (side, side), zero at the centre.

    Each image gets the noise of norm ``norm`` in every channel with a random sign for each channel, and is
    clipped. Signs depend on the seed alone, so models are compared under the same noise; a frequency and its
    mirror are one measurement.
    """
    side = images.shape[-1]
    generator = device.generator(stable_seed("signs of Fourier noise", seed))
    frequencies = list(distinct_frequencies(side))
    rates = []
    for u, v in frequencies:
        wave = torch.as_tensor(norm * fourier_basis(u, v, side), dtype=torch.float32, device=images.device)
        signs = torch.randint(
            2, (len(images), images.shape[1], 1, 1), generator=generator, device=images.device
        )
        noisy = (images + (2 * signs - 1) * wave).clamp_(0, 1)
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        rates.append((predictions(model, noisy, device) != labels).double().mean())
    errors = np.empty((side, side))
    for (u, v), rate in zip(frequencies, torch.stack(rates).cpu().tolist(), strict=True):
        for row, column in ((u, v), mirrored(u, v, side)):
            errors[row + side // 2, column + side // 2] = 100 * rate
    return errors
