"""Power of images by frequency, in cycles per pixel: what is fine grain, what repeats with a stride."""

import numpy as np

from advex.common.artifacts import Array
from advex.common.errors import UserError

HIGH_FREQUENCY = 0.25
"""Half of the highest frequency along an axis, in cycles per pixel: finer than this is fine grain."""

_NEAR, _AROUND = 1, 3  # a peak under the window fills 3 x 3 frequencies; what surrounds it, 7 x 7


def power(images: Array, windowed: bool = False) -> Array:
    """Return the power of images at every frequency, averaged over channels.

    Args:
        images: (N, C, S, S), each channel's mean is taken off first.
        windowed: taper towards the edges (Hann), so that edges do not look like fine structure.

    Returns:
        (N, S, S), zero frequency at index (0, 0).
    """
    size = images.shape[-1]
    centred = images - images.mean((2, 3), keepdims=True)
    if windowed:
        taper = np.hanning(size + 1)[:size]
        weights = np.outer(taper, taper)
        centred = (images - (images * weights).mean((2, 3), keepdims=True) / weights.mean()) * weights
    result: Array = (np.abs(np.fft.fft2(centred.astype(np.float64))) ** 2).mean(1)
    return result


def radii(size: int) -> Array:
    """Return the distance of every frequency from zero, (S, S), in cycles per pixel."""
    axis = np.fft.fftfreq(size)
    return np.asarray(np.hypot(axis[:, None], axis[None, :]))


def high_frequency_share(images: Array) -> Array:
    """Return the percentage of power at or beyond :data:`HIGH_FREQUENCY`, (N,); 0 for constant images."""
    powers = power(images)
    total = powers.sum((1, 2))
    high = powers[:, radii(images.shape[-1]) >= HIGH_FREQUENCY].sum(1)
    return np.asarray(100 * np.divide(high, total, out=np.zeros_like(high), where=total > 0))


def radial_spectrum(images: Array, bins: int) -> tuple[Array, Array]:
    """Average power over rings up to half a cycle per pixel, as a share of the mean power of all frequencies.

    Args:
        images: (N, C, S, S).
        bins: how many rings, at most; no ring is narrower than two frequencies.

    Returns:
        The rings' middles (bins,) in cycles per pixel, and (N, bins).
    """
    powers = power(images, windowed=True)
    distance = radii(images.shape[-1])
    bins = min(bins, images.shape[-1] // 4)
    edges = np.linspace(0, 0.5, bins + 1)
    ring = np.digitize(distance, edges) - 1
    ring[distance == 0] = -1
    rings = [powers[:, ring == number].mean(1) for number in range(bins)]
    return (edges[:-1] + edges[1:]) / 2, np.stack(rings, 1) / powers.mean((1, 2))[:, None]


def stride_power(images: Array, period: int) -> tuple[Array, Array]:
    """Measure what repeats with a stride: power where both frequencies are multiples of 1 / period.

    Args:
        images: (N, C, S, S); S is a multiple of the period and at least eight periods, so that peaks do not
            meet.
        period: in pixels.

    Returns:
        The percentage of all power at or beyond 1 / period that lies there, and the power there over that of
        the frequencies around it (1: nothing special), (N,) each.

    Raises:
        UserError: the size does not suit the period.
    """
    size = images.shape[-1]
    if size % period or size < 8 * period:
        raise UserError(
            f"image_size: found {size}; with period {period} allowed: multiples of it from {8 * period} on"
        )
    powers = power(images, windowed=True)
    steps = np.arange(period) * (size // period)
    offsets = np.arange(-_AROUND, _AROUND + 1)
    near = np.maximum(np.abs(offsets)[:, None], np.abs(offsets)[None, :]) <= _NEAR
    peaks, around = np.zeros(len(images)), np.zeros(len(images))
    for row in steps:
        for column in steps:
            if row or column:
                block = powers[:, (row + offsets[:, None]) % size, (column + offsets[None, :]) % size]
                peaks += block[:, near].sum(1)
                around += block[:, ~near].mean(1) * near.sum()
    high = powers[:, radii(size) >= 1 / period].sum(1)
    return 100 * peaks / high, peaks / around
