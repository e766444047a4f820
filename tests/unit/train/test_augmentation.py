import numpy as np
import pytest
import torch
from samples import random_images
from scipy import stats

from advex.common.settings import AugmentationSettings
from advex.networks.torchvision_import import torchvision
from advex.train.augmentation import augment, jitter_colours, random_crop, random_flip, random_rotation

EVERYTHING = AugmentationSettings(2, True, 0.3, 10.0, 0.2)
SINGLE = {
    "crop": AugmentationSettings(crop_padding=2),
    "flip": AugmentationSettings(flip=True),
    "jitter": AugmentationSettings(colour_jitter=0.5),
    "rotation": AugmentationSettings(rotation_degrees=20.0),
    "noise": AugmentationSettings(gaussian_noise=0.3),
    "everything": EVERYTHING,
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_stay_in_range_and_depend_on_the_generator_alone(name, channels):
    images, settings = random_images(40, channels, 8), SINGLE[name]
    before = images.clone()
    augmented = augment(images, settings, seeded())
    assert augmented.shape == images.shape
    assert augmented.dtype == images.dtype
    assert augmented.min() >= 0
    assert augmented.max() <= 1
    assert torch.equal(images, before), "not changed in place"
    torch.rand(5)
    assert torch.equal(augmented, augment(images, settings, seeded()))
    assert not torch.equal(augmented, augment(images, settings, seeded(1)))
    assert not torch.equal(augmented, images)


@pytest.mark.parametrize("name", SINGLE)
def test_every_image_is_changed_for_itself(name):
    """The same image many times comes out in many ways, and an image does not leak into the others."""
    images = random_images(1, 3, 8).repeat(40, 1, 1, 1)
    different = augment(images, SINGLE[name], seeded()).flatten(1).unique(dim=0)
    assert len(different) == 2 if name == "flip" else len(different) > 10
    mixed = images.clone()
    mixed[1:] = random_images(39, 3, 8, seed=1)
    first = [augment(batch, SINGLE[name], seeded())[0] for batch in (images, mixed)]
    torch.testing.assert_close(*first)


def test_no_settings_change_nothing():
    images = random_images(10, 3, 8)
    assert torch.equal(augment(images, AugmentationSettings(), seeded()), images)


@pytest.mark.parametrize(("padding", "height", "width"), [(1, 5, 7), (3, 6, 6)])
def test_crops_are_shifts_filled_with_zeros(padding, height, width):
    images = 0.1 + 0.9 * torch.rand(400, 2, height, width, generator=seeded(1))
    counts = np.zeros((2 * padding + 1, 2 * padding + 1))
    for image, cropped in zip(images, random_crop(images, padding, seeded()), strict=True):
        padded = torch.zeros(2, height + 2 * padding, width + 2 * padding)
        padded[:, padding : padding + height, padding : padding + width] = image
        matches = [
            (row, column)
            for row in range(2 * padding + 1)
            for column in range(2 * padding + 1)
            if torch.equal(padded[:, row : row + height, column : column + width], cropped)
        ]
        assert len(matches) == 1, "a crop is one shift of its own image"
        counts[matches[0]] += 1
    assert stats.chisquare(counts.ravel()).pvalue > 0.01, "all shifts are equally likely"


def test_flips_are_exact_and_happen_half_of_the_time():
    images = random_images(2000, 1, 4)
    flipped = random_flip(images, seeded())
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    assert (mirrored ^ (flipped == images).flatten(1).all(1)).all(), "each is mirrored or the same"
    assert stats.binomtest(int(mirrored.sum()), 2000).pvalue > 0.01


def test_jitter_of_grey_images_has_the_factors_it_should():
    """On a dim two-valued image nothing is clipped, so brightness and contrast can be read off."""
    strength, images = 0.3, torch.full((3000, 1, 2, 2), 0.4)
    images[:, :, :, 1] = 0.6
    jittered = jitter_colours(images, strength, seeded())
    brightness = jittered.mean((1, 2, 3)) / 0.5
    contrast = (jittered[:, 0, 0, 1] - jittered[:, 0, 0, 0]) / 0.2 / brightness
    for factors in (brightness, contrast):
        spread = ("uniform", (1 - strength, 2 * strength))
        assert stats.kstest(factors.numpy(), spread[0], args=spread[1]).pvalue > 0.01
        assert factors.min() >= 1 - strength - 1e-5
        assert factors.max() <= 1 + strength + 1e-5
    assert abs(np.corrcoef(brightness, contrast)[0, 1]) < 0.05


def test_jitter_is_that_of_torchvision(monkeypatch):
    """The same factors in the same order give torchvision's image, to rounding."""
    functional = torchvision().transforms.functional
    images, factors = random_images(20, 3, 6), torch.rand(3, 20, 1, 1, 1, generator=seeded(4))
    monkeypatch.setattr("advex.train.augmentation.torch.rand", lambda *shape, **options: factors)
    jittered = jitter_colours(images, 0.5, seeded())
    for index, image in enumerate(images):
        brightness, contrast, saturation = (0.5 + factors[:, index].flatten()).tolist()
        expected = functional.adjust_brightness(image, brightness)
        expected = functional.adjust_saturation(functional.adjust_contrast(expected, contrast), saturation)
        torch.testing.assert_close(jittered[index], expected, rtol=0, atol=2e-3)


def test_saturation_leaves_grey_pixels_grey():
    images = random_images(30, 1, 5).repeat(1, 3, 1, 1)
    jittered = jitter_colours(images, 0.5, seeded())
    torch.testing.assert_close(jittered[:, :1].expand(-1, 3, -1, -1), jittered, rtol=0, atol=1e-6)


def test_rotation_by_small_angles_is_that_of_torchvision(monkeypatch):
    functional = torchvision().transforms.functional
    images = random_images(12, 3, 16)
    draws = torch.linspace(0, 1, 12)
    monkeypatch.setattr("advex.train.augmentation.torch.rand", lambda *shape, **options: draws)
    rotated = random_rotation(images, 8.0, seeded())
    agreement = {
        sign: np.mean(
            [
                (functional.rotate(image, sign * (2 * draw - 1) * 8.0) == result).float().mean().item()
                for image, result, draw in zip(images, rotated, draws.tolist(), strict=True)
            ]
        )
        for sign in (1, -1)
    }
    assert max(agreement.values()) > 0.99, agreement
    assert min(agreement.values()) < 0.9, "the images tell one sense from the other"


def test_rotation_goes_both_ways_equally_and_up_to_its_angle():
    """A bright pixel at the end of a long row tells the angle of its image."""
    size = 65
    images = torch.zeros(600, 1, size, size)
    images[:, 0, 32, 62:65] = 1
    images[:, 0, 31:34, 64] = 1
    rotated = random_rotation(images, 20.0, seeded())[:, 0]
    weights = rotated / rotated.sum((1, 2), keepdim=True)
    positions = torch.arange(size) - 32.0
    rows, columns = (weights.sum(2) * positions).sum(1), (weights.sum(1) * positions).sum(1)
    angles = torch.rad2deg(torch.atan2(rows, columns)).numpy()
    assert np.abs(angles).max() < 21.5
    assert stats.kstest(angles, "uniform", args=(-20, 40)).pvalue > 0.01


def test_noise_has_its_deviation_and_is_clipped():
    images = torch.full((50, 1, 20, 20), 0.5)
    noise = augment(images, AugmentationSettings(gaussian_noise=0.1), seeded()) - 0.5
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert stats.kstest(noise.flatten().numpy()[::10], "norm", args=(0, 0.1)).pvalue > 0.01
    strong = augment(images, AugmentationSettings(gaussian_noise=2.0), seeded())
    assert ((strong == 0) | (strong == 1)).float().mean() > 0.7


def test_noise_of_varying_deviation_is_uniform_from_nothing_to_the_largest():
    images = torch.full((3000, 1, 16, 16), 0.5)
    settings = AugmentationSettings(gaussian_noise=0.1, gaussian_noise_varies=True)
    deviations = augment(images, settings, seeded()).flatten(1).std(1)
    shares = (deviations / 0.1).sort().values
    assert shares[-1] < 1.2  # each is estimated from 256 pixels
    torch.testing.assert_close(shares, torch.linspace(0, 1, 3000), rtol=0, atol=0.12)


def test_order_is_geometry_and_colour_before_noise():
    """Zeros that a crop or a rotation brings in get noise, too."""
    images = torch.zeros(4, 1, 8, 8)
    noisy = augment(images, AugmentationSettings(2, True, 0.3, 10.0, 0.2), seeded())
    assert 0.4 < (noisy > 0).float().mean() < 0.6
