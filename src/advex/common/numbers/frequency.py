"""Frequencies of images: ideal low- and high-pass filters, the real Fourier basis, and means over rings.

A frequency of an image of side d is a pair (u, v) of integers from -(d // 2) to (d - 1) // 2: vertical and
horizontal periods per image. Frequencies at the same Chebyshev distance ``max(|u|, |v|)`` from zero form a
ring; ring d / 2 holds the highest (Nyquist) frequencies. Maps have zero frequency at index (d // 2, d // 2).
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from advex.common.artifacts import Array
from advex.common.errors import UserError

FilterKind = Literal["low_pass", "high_pass"]


def signed_frequencies(size: int) -> Array:
    """Return the frequencies of ``size`` pixels in the order of :func:`numpy.fft.fft`, (size,) int64."""
    return np.fft.ifftshift(np.arange(size) - size // 2)


def filter_mask(kind: FilterKind, bandwidth: int, size: int) -> Array:
    """Return which frequencies a filter keeps (Gilmer and Hendrycks, Fig. 1).

    Both filters keep a square of side ``bandwidth``: the low-pass around zero frequency, the high-pass
    around the highest frequency (size / 2, size / 2), around the corners of a spectrum with zero at its
    centre. A frequency is kept only if both its components are inside, so a high-pass drops horizontal
    and vertical waves, however fine.

    Args:
        kind: which filter.
        bandwidth: odd side of the square, so that it is symmetric and filtered images are real.
        size: side of the images, even.

    Returns:
        (size, size) bool, zero frequency first as in :func:`numpy.fft.fft2`.

    Raises:
        UserError: ``bandwidth`` is even or not in 1..size, or ``size`` is odd.
    """
    if bandwidth % 2 == 0 or not 0 < bandwidth <= size or size % 2:
        raise UserError(
            f"bandwidths: found {bandwidth} for images of side {size}; a filter keeps an odd number of "
            "frequencies, at most the side, of images with an even side"
        )
    distance = np.abs(signed_frequencies(size))
    if kind == "high_pass":
        distance = size // 2 - distance
    kept = distance <= (bandwidth - 1) // 2
    return np.outer(kept, kept)


def filtered(images: Array, mask: Array) -> Array:
    """Keep the frequencies in ``mask`` of images (..., H, W); the result is not clipped."""
    spectrum: Array = np.fft.fft2(images) * mask
    images_again: Array = np.fft.ifft2(spectrum).real
    return images_again


def distinct_frequencies(size: int) -> Iterator[tuple[int, int]]:
    """Yield one frequency of every mirrored pair (u, v), (-u, -v), and those that are their own mirror.

    There are size**2 / 2 + 2 of them for an even size: 514 of 1,024 for 32 x 32 pixels.
    """
    for u in np.sort(signed_frequencies(size)).tolist():
        for v in np.sort(signed_frequencies(size)).tolist():
            if (u, v) <= mirrored(u, v, size):
                yield u, v


def mirrored(u: int, v: int, size: int) -> tuple[int, int]:
    """Return the frequency that a real image has as much of as of (u, v): (-u, -v), modulo ``size``."""
    half = size // 2
    return (half - u) % size - half, (half - v) % size - half


def fourier_basis(u: int, v: int, size: int) -> Array:
    """Return the real image of unit l2 norm that holds frequency (u, v) and its mirror only.

    It is cos(2 pi (u y + v x) / size + pi / 4), normalised; where (u, v) is its own mirror the phase is 0.
    The phase is that of the code released with Yin et al. (2019).

    Returns:
        (size, size) float64.
    """
    y, x = np.mgrid[:size, :size]
    phase = 0 if mirrored(u, v, size) == (u, v) else np.pi / 4
    wave = np.cos(2 * np.pi * (u * y + v * x) / size + phase)
    normed: Array = wave / np.linalg.norm(wave)
    return normed


def rings(size: int) -> Array:
    """Return the ring of each frequency of a map, (size, size) int64, zero frequency at the centre."""
    distance = np.abs(np.arange(size) - size // 2)
    return np.maximum.outer(distance, distance)


def ring_means(values: Array) -> Array:
    """Return the mean over each ring, from zero frequency outwards, of a map (size, size); (size/2 + 1,)."""
    ring = rings(len(values)).ravel()
    means: Array = np.bincount(ring, values.ravel()) / np.bincount(ring)
    return means


def perturbation_power(original: Array, changed: Array) -> Array:
    """Return the mean power spectrum of what was changed, zero frequency at the centre.

    Args:
        original: (..., H, W).
        changed: the same images after the change.

    Returns:
        (H, W), the mean of the squared modulus of the transform; its sum is H W times the mean squared norm.
    """
    spectrum = np.fft.fftshift(np.fft.fft2(changed - original), axes=(-2, -1))
    power = np.abs(spectrum) ** 2
    mean: Array = power.reshape(-1, *power.shape[-2:]).mean(0)
    return mean
