"""Power by frequency against images whose spectrum is known."""

import numpy as np
import pytest

from advex.common.errors import UserError
from advex.discussion.nakano.numerics.spectra import (
    high_frequency_share,
    power,
    radial_spectrum,
    stride_power,
)


def wave(size, row, column):
    """A cosine of whole numbers of periods along rows and columns, (1, 1, S, S)."""
    axis = np.arange(size) / size
    return np.cos(2 * np.pi * (row * axis[:, None] + column * axis[None, :]))[None, None]


def noise(count=20, size=64, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 1, size, size))


def test_power_is_that_of_parseval():
    images = noise(3, 16)
    centred = images - images.mean((2, 3), keepdims=True)
    np.testing.assert_allclose(power(images).sum((1, 2)), 256 * (centred**2).sum((1, 2, 3)))
    assert power(np.ones((1, 3, 8, 8))).max() == 0


def test_fine_grain_is_told_from_coarse():
    fine, coarse = wave(32, 16, 16), wave(32, 1, 2)
    shares = high_frequency_share(np.concatenate([fine, coarse, fine + 3 * coarse, 0 * fine]))
    # A cosine at the highest frequency has twice the power of others of its height.
    np.testing.assert_allclose(shares, [100, 0, 100 * 2 / (2 + 9), 0], atol=1e-9)


def test_a_quarter_of_a_cycle_counts_as_fine():
    shares = high_frequency_share(np.concatenate([wave(32, 8, 0), wave(32, 7, 0)]))
    np.testing.assert_allclose(shares, [100, 0], atol=1e-9)


def test_noise_has_a_flat_spectrum():
    middles, spectrum = radial_spectrum(noise(), 8)
    assert middles[0] == 1 / 32
    np.testing.assert_allclose(spectrum[:, 2:].mean(0), 1, atol=0.1)
    middles, spectrum = radial_spectrum(noise(size=16), 100)
    assert len(middles) == 4
    assert np.isfinite(spectrum).all()


def test_a_wave_lies_in_its_ring():
    middles, spectrum = radial_spectrum(wave(64, 0, 16), 8)  # a quarter of a cycle per pixel
    assert 0.25 in (middles[np.argmax(spectrum)] - 1 / 32, middles[np.argmax(spectrum)] + 1 / 32)


def test_noise_has_nothing_at_strides():
    shares, excesses = stride_power(noise(), 4)
    assert excesses.mean() == pytest.approx(1, abs=0.1)
    uniform = 100 * 15 * 9 / 4096 / (1 - np.pi / 16)  # 15 peaks of 9 frequencies among those beyond 1/4
    assert shares.mean() == pytest.approx(uniform, rel=0.15)


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_checkerboard_is_found(period):
    board = (np.indices((64, 64)).sum(0) % period < period / 2)[None, None].astype(float)
    plain, marked = (stride_power(images, period)[1].mean() for images in (noise(), noise() + board))
    assert marked > 2 * plain


def test_a_modulated_stride_moves_with_its_period():
    every_third = np.zeros((64, 64))
    every_third[::3] = 2.0
    assert stride_power(noise() + every_third, 4)[1].mean() < 1.3


def test_what_only_fades_towards_an_edge_is_not_fine():
    ramp = np.broadcast_to(np.linspace(0, 1, 64), (1, 1, 64, 64))
    assert power(ramp, windowed=True)[0, :, 20:44].sum() < 1e-4 * power(ramp, windowed=True).sum()


@pytest.mark.parametrize(("size", "period"), [(30, 4), (16, 4)])
def test_sizes_suit_the_period(size, period):
    with pytest.raises(UserError, match=f"found {size}; with period {period}"):
        stride_power(np.zeros((1, 1, size, size)), period)
