"""Filters and the Fourier basis, against closed forms, NumPy's transform and an independent library."""

import numpy as np
import pytest
import torch

from advex.common.errors import UserError
from advex.common.machine.devices import Device
from advex.common.numbers.frequency import (
    distinct_frequencies,
    filter_mask,
    filtered,
    fourier_basis,
    mirrored,
    perturbation_power,
    ring_means,
    rings,
    signed_frequencies,
)
from advex.common.settings import ArchitectureSettings, FilterSettings, Recipe, TrainingRun
from advex.networks.architectures.filters import FrequencyFilter
from advex.networks.classifier import build
from advex.networks.stored_models import read_model, write_model
from advex.networks.torchvision_import import torchvision
from advex.train.training import train

from samples import first, random_images  # isort: skip

KINDS = ("low_pass", "high_pass")
EVEN_SIZES = (6, 8, 32)


def wave(u, v, size):
    y, x = np.mgrid[:size, :size]
    return np.cos(2 * np.pi * (u * y + v * x) / size)


@pytest.mark.parametrize("size", [6, 7, 8, 32])
def test_frequencies_are_numpys(size):
    assert signed_frequencies(size).tolist() == (np.fft.fftfreq(size) * size).round().astype(int).tolist()


@pytest.mark.parametrize("bandwidth", [1, 3, 5, 7])
def test_filters_keep_a_square_of_the_lowest_or_highest_frequencies(bandwidth):
    lowest, highest = (filter_mask(kind, bandwidth, 8) for kind in KINDS)
    assert lowest.sum() == highest.sum() == bandwidth**2
    half = (bandwidth - 1) // 2
    for u in range(-4, 4):
        for v in range(-4, 4):
            assert lowest[u, v] == (max(abs(u), abs(v)) <= half)
            assert highest[u, v] == (min(abs(u), abs(v)) >= 4 - half)
    # The highest frequencies are the lowest ones, moved by half the side.
    np.testing.assert_array_equal(np.roll(lowest, (4, 4), (0, 1)), highest)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", EVEN_SIZES)
def test_filtered_images_are_real_projections(kind, size):
    images = random_images(3, channels=2, size=size).double().numpy()
    for bandwidth in range(1, size, 2):
        mask = filter_mask(kind, bandwidth, size)
        spectrum = np.fft.fft2(images) * mask
        np.testing.assert_allclose(np.fft.ifft2(spectrum).imag, 0, atol=1e-12)
        once = filtered(images, mask)
        np.testing.assert_allclose(filtered(once, mask), once, atol=1e-12)


def test_filters_in_closed_form():
    images = random_images(2, size=8).double().numpy()
    means = images.mean((2, 3), keepdims=True)
    np.testing.assert_allclose(filtered(images, filter_mask("low_pass", 1, 8)), means + 0 * images)
    checkers = (-1.0) ** np.add.outer(np.arange(8), np.arange(8))
    amount = (images * checkers).mean((2, 3), keepdims=True)
    np.testing.assert_allclose(
        filtered(images, filter_mask("high_pass", 1, 8)), amount * checkers, atol=1e-12
    )
    # A wave passes where the definition says, an upright one no high-pass at all.
    for u, v, low, high in ((1, 0, 3, None), (2, 3, 7, 5), (3, 3, 7, 3), (0, 3, 7, None)):
        for bandwidth in (1, 3, 5, 7):
            through = filtered(wave(u, v, 8), filter_mask("low_pass", bandwidth, 8))
            np.testing.assert_allclose(through, wave(u, v, 8) * (bandwidth >= low), atol=1e-12)
            through = filtered(wave(u, v, 8), filter_mask("high_pass", bandwidth, 8))
            passes = high is not None and bandwidth >= high
            np.testing.assert_allclose(through, wave(u, v, 8) * passes, atol=1e-12)


@pytest.mark.parametrize(("bandwidth", "size"), [(2, 8), (0, 8), (9, 8), (3, 7)])
def test_filters_that_cannot_be_are_refused(bandwidth, size):
    with pytest.raises(UserError, match=f"bandwidths: found {bandwidth} for images of side {size}"):
        filter_mask("low_pass", bandwidth, size)


@pytest.mark.parametrize("size", EVEN_SIZES)
def test_the_basis_is_orthonormal_and_holds_its_frequency_alone(size):
    frequencies = list(distinct_frequencies(size))
    assert len(frequencies) == size**2 // 2 + 2
    waves = np.stack([fourier_basis(u, v, size).ravel() for u, v in frequencies])
    np.testing.assert_allclose(waves @ waves.T, np.eye(len(waves)), atol=1e-9)
    seen = set()
    for (u, v), image in zip(frequencies, waves, strict=True):
        spectrum = np.fft.fftshift(np.fft.fft2(image.reshape(size, size)))
        places = {(u, v), mirrored(u, v, size)}
        where = {(int(i) - size // 2, int(j) - size // 2) for i, j in np.argwhere(np.abs(spectrum) > 1e-6)}
        assert where == places
        assert not places & seen
        seen |= places
    assert len(seen) == size**2


@pytest.mark.slow
def test_the_basis_is_that_of_an_independent_library():
    """rai-toolbox makes its basis by an inverse transform of a spectrum with two cells."""
    torchvision()  # so that the library's import of it succeeds beside a CPU build of torch
    fourier = pytest.importorskip("rai_toolbox.augmentations.fourier", exc_type=ImportError)
    compared = 0
    for size in (8, 32):
        for found in fourier.generate_fourier_bases(size, size, np.float64):
            u, v = (place - size // 2 for place in found.position)
            other = found.basis
            ours = [fourier_basis(*place, size) for place in ((u, v), mirrored(u, v, size))]
            assert any(np.allclose(other, sign * each, atol=1e-6) for each in ours for sign in (1, -1))
            compared += 1
    assert compared == 34 + 514


@pytest.mark.parametrize("size", EVEN_SIZES)
def test_rings_run_from_zero_to_the_highest_frequency(size):
    ring = rings(size)
    assert ring[size // 2, size // 2] == 0
    counts = np.bincount(ring.ravel())
    assert counts.tolist() == [1, *(8 * k for k in range(1, size // 2)), 2 * size - 1]
    np.testing.assert_allclose(ring_means(ring.astype(float)), np.arange(size // 2 + 1))
    centred = np.abs(np.fft.fftshift(signed_frequencies(size)))
    np.testing.assert_array_equal(ring, np.maximum.outer(centred, centred))


def test_power_of_a_wave_is_in_its_two_cells_and_obeys_parseval():
    images = random_images(4, channels=3, size=8).double().numpy()
    power = perturbation_power(images, images + 0.5 * wave(1, -2, 8))
    assert {tuple(place - 4) for place in np.argwhere(power > 1e-9)} == {(1, -2), (-1, 2)}
    changed = random_images(4, channels=3, size=8, seed=1).double().numpy()
    mean_square = ((changed - images) ** 2).sum((2, 3)).mean()
    assert perturbation_power(images, changed).sum() == pytest.approx(64 * mean_square)


@pytest.mark.parametrize("kind", KINDS)
def test_the_layer_is_the_filter(kind):
    images = random_images(3, channels=3, size=8)
    layer = FrequencyFilter(FilterSettings(kind, 3))
    expected = filtered(images.double().numpy(), filter_mask(kind, 3, 8))
    np.testing.assert_allclose(layer(images).numpy(), expected, atol=1e-6)
    assert not list(layer.parameters())


def test_a_filtered_network_sees_standardised_frequencies_only(digits, cpu: Device, tmp_path):
    settings = FilterSettings("high_pass", 3)
    architecture = ArchitectureSettings(
        "small_resnet18", {"width": 4, "stages": 2}, 1, 10, (0.3,), (0.4,), settings
    )
    run = TrainingRun("model", 0, architecture, Recipe(1, 32, 0.1))
    training_set = first(digits.train, 200)
    model, _ = train(run, training_set, first(digits.test, 20), cpu)
    through = filtered(training_set.as_float(), filter_mask("high_pass", 3, 8))
    assert model.mean.item() == pytest.approx(through.mean(), abs=1e-6)
    assert model.std.item() == pytest.approx(through.std(), rel=1e-4)
    images = cpu.images(training_set.as_float()[:5])
    other = images + torch.from_numpy(wave(1, 2, 8)).float()
    torch.testing.assert_close(model(images), model(other), rtol=1e-4, atol=1e-4)
    write_model(tmp_path / "model", model, architecture, {})
    again = read_model(tmp_path / "model", cpu)
    assert again.filter.settings == settings
    torch.testing.assert_close(again(images), model(images))


def test_standardising_without_a_filter_takes_the_images_moments():
    model = build(ArchitectureSettings("small_resnet18", {"width": 4, "stages": 2}, 3, 4, (0,) * 3, (1,) * 3))
    images = random_images(50, channels=3)
    model.standardise(images)
    torch.testing.assert_close(model.mean.flatten(), images.mean((0, 2, 3)))
    torch.testing.assert_close(model.std.flatten(), images.std((0, 2, 3), correction=0))
