"""Corruptions against closed forms and scikit-image; reading CIFAR-10-C from a small copy of its archive."""

import io
import tarfile

import numpy as np
import pytest
from samples import random_set
from scipy import stats
from skimage import color, filters

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.numbers.frequency import filter_mask, filtered
from advex.discussion.gilmer_hendrycks import cifar10_c
from advex.discussion.gilmer_hendrycks.corruptions import (
    SEVERITIES,
    band_noise,
    brightness,
    corrupt,
    defocus_blur,
    fog,
    plasma,
)
from advex.prepare.prepared import balanced_subset
from advex.registries import CORRUPTIONS

SIZES = ((1, 8), (3, 8), (1, 28), (3, 32))


def generator():
    return np.random.default_rng(0)


def floats(count=6, channels=3, size=8):
    return generator().uniform(size=(count, channels, size, size))


@pytest.mark.parametrize(("channels", "size"), SIZES)
def test_every_corruption_works_at_every_size_and_is_the_same_every_time(channels, size):
    images = random_set(5, channels=channels, size=size)
    corrupted = corrupt(images, list(CORRUPTIONS))
    assert list(corrupted.extras) == list(CORRUPTIONS)
    np.testing.assert_array_equal(corrupted.images, images.images)
    again = corrupt(images, ["fog", "shot_noise"])
    for name, found in corrupted.extras.items():
        assert found.shape == (5, len(SEVERITIES), channels, size, size), name
        assert found.dtype == np.uint8
        assert (found[:, -1] != images.images).any(), name
        if name in again.extras:
            np.testing.assert_array_equal(found, again.extras[name])


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - {"pixelate"}))
def test_severities_grow(name):
    """Pixelation of 32 pixels is not monotonous: what counts is how the boxes fall on the grid."""
    images = random_set(40, channels=3, size=32)
    smooth = filtered(images.as_float().astype(float), filter_mask("low_pass", 9, 32)).clip(0, 1)
    images = ImageSet(smooth.astype(np.float32), images.labels, images.classes)
    found = corrupt(images, [name]).extras[name] / 255
    change = np.sqrt(((found - smooth[:, None]) ** 2).mean((0, 2, 3, 4)))
    assert (np.diff(change) > 0).all(), change


def test_unknown_corruptions_are_refused():
    with pytest.raises(
        UserError, match=r"found snow; made here are fog, contrast, .*only with source cifar10_c"
    ):
        corrupt(random_set(2, channels=3, size=8), ["fog", "snow"])


def test_contrast_brightness_and_noises_in_closed_form():
    images = floats(count=200)
    made = {
        name: [f(images, c, generator()) for c in constants] for name, (f, constants) in CORRUPTIONS.items()
    }
    mean = images.mean((2, 3))
    for severity, factor in enumerate((0.75, 0.5, 0.4, 0.3, 0.15)):
        found = made["contrast"][severity]
        np.testing.assert_allclose(found.mean((2, 3)), mean)
        np.testing.assert_allclose(found.std((2, 3)), factor * images.std((2, 3)))
    assert made["gaussian_noise"][0].std() ** 2 - images.std() ** 2 == pytest.approx(0.04**2, rel=0.1)
    # A Poisson count has its mean as its variance.
    assert ((made["shot_noise"][4] - images) ** 2).mean() == pytest.approx(images.mean() / 50, rel=0.05)
    hit = made["impulse_noise"][4] != images
    assert hit.mean() == pytest.approx(0.07, rel=0.1)
    assert made["impulse_noise"][4][hit].mean() == pytest.approx(0.5, abs=0.05)


def test_brightness_shifts_the_value_of_hsv():
    images = floats()
    images[0, :, 0, 0] = 0
    hsv = color.rgb2hsv(images, channel_axis=1)
    hsv[:, 2] = np.clip(hsv[:, 2] + 0.2, 0, 1)
    np.testing.assert_allclose(
        brightness(images, 0.2, generator()), color.hsv2rgb(hsv, channel_axis=1), atol=1e-9
    )
    grey = floats(channels=1)
    np.testing.assert_allclose(brightness(grey, 0.2, generator()), np.clip(grey + 0.2, 0, 1))


def test_blurs_against_scikit_image_and_by_hand():
    images = floats(size=12)
    function, constants = CORRUPTIONS["gaussian_blur"]
    for width in constants:
        expected = filters.gaussian(images, (0, 0, width, width), mode="nearest")
        np.testing.assert_allclose(function(images, width, generator()), expected, atol=1e-9)
    # A disk of radius 1 is a plus of five pixels; with hardly any softening a pixel becomes that plus.
    point = np.zeros((1, 1, 9, 9))
    point[..., 4, 4] = 1
    plus = np.zeros((9, 9))
    plus[4, 3:6] = plus[3:6, 4] = 0.2
    np.testing.assert_allclose(defocus_blur(point, (1, 0.05), generator())[0, 0], plus, atol=1e-9)
    softer = defocus_blur(images, (1.5, 0.6), generator())
    constant = np.full((1, 1, 8, 8), 0.3)
    np.testing.assert_allclose(defocus_blur(constant, (1.5, 0.6), generator()), constant)
    assert softer.std() < images.std()


def test_pixelation_and_compression():
    images = random_set(3, channels=1, size=32)
    made = corrupt(images, ["pixelate", "jpeg_compression"]).extras
    grey = ImageSet(np.full((2, 3, 8, 8), 128, np.uint8), np.array([0, 1]), ("a", "b"))
    for name, found in corrupt(grey, ["pixelate", "jpeg_compression"]).extras.items():
        assert (np.abs(found.astype(int) - 128) <= 1).all(), name
    # 32 pixels in 30 boxes: averages hold the mean.
    assert made["pixelate"].mean() == pytest.approx(images.images.mean(), abs=0.5)


def test_fog_is_a_cloud_scaled_back_to_the_brightest_value():
    images = floats(count=50)
    strength = 1.5
    cloud = plasma(50, 8, 1.75, generator())[:, None]
    brightest = images.max((1, 2, 3), keepdims=True)
    expected = brightest * (images + strength * cloud) / (brightest + strength)
    np.testing.assert_allclose(fog(images, (strength, 1.75), generator()), expected)
    assert (expected.max((1, 2, 3)) <= images.max((1, 2, 3)) + 1e-12).all()


@pytest.mark.parametrize("size", [8, 12, 32])
def test_clouds_are_smooth_for_a_large_decay(size):
    def roughness(decay):
        clouds = plasma(200, size, decay, generator())
        assert clouds.shape == (200, size, size)
        assert clouds.min() >= 0
        assert clouds.max() <= 1
        return (np.diff(clouds, axis=2) ** 2).mean() / clouds.var()

    assert roughness(1.75) > 1.2 * roughness(2.5) > 1.2 * roughness(4)
    if size in (8, 32):
        spans = plasma(20, size, 2, generator())
        np.testing.assert_allclose([spans.min((1, 2)), spans.max((1, 2))], [[0] * 20, [1] * 20])


def test_finest_displacements_of_a_cloud_are_uniform_and_shrink_with_the_decay_squared():
    """A cloud of side 2 has one level; of side 4 and a huge decay, a second one that only interpolates."""
    clouds = plasma(4000, 2, 3.0, generator())
    values = clouds.reshape(4000, 4)
    assert ((values == 0).sum(1) >= 1).all()
    assert ((values == 1).sum(1) >= 1).all()
    fours = plasma(50, 4, 1e6, generator())
    corners = fours[:, ::2, ::2]
    mean = corners.mean((1, 2))
    np.testing.assert_allclose(fours[:, 1, 1], mean, atol=1e-6)


@pytest.mark.parametrize("kind", ["low_pass", "high_pass"])
def test_band_noise_has_its_band_and_strength(kind):
    for size, bandwidth in ((8, 3), (32, 9)):
        noise = band_noise(kind, (300, 2, size, size), 0.125, generator())
        np.testing.assert_allclose(np.sqrt((noise**2).mean((2, 3))), 0.125)
        np.testing.assert_allclose(filtered(noise, filter_mask(kind, bandwidth, size)), noise, atol=1e-12)
        assert stats.ttest_1samp(noise[:, 0, 0, 0], 0).pvalue > 1e-3


def write_archive(path, labels, arrays):
    with tarfile.open(path, "w") as file:
        for name, array in {**arrays, "labels": labels}.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            member = tarfile.TarInfo(f"CIFAR-10-C/{name}.npy")
            member.size = buffer.tell()
            buffer.seek(0)
            file.addfile(member, buffer)


@pytest.fixture
def archive(tmp_path):
    """CIFAR-10-C of 20 images: pixel values tell severity and image."""
    labels = np.tile(np.arange(20) % 10, 5)
    images = np.zeros((100, 32, 32, 3), np.uint8)
    images[..., 0] = np.arange(100)[:, None, None]
    write_archive(tmp_path / "CIFAR-10-C.tar", labels, {"fog": images, "snow": images[::-1].copy()})
    return tmp_path / "CIFAR-10-C.tar"


def test_the_published_corruptions_are_read_in_order(archive):
    images = random_set(20, channels=3, size=32)
    images = ImageSet(images.images, np.arange(20) % 10, tuple("abcdefghij"))
    found = cifar10_c.read_corruptions(archive, images, ["snow", "fog", "low_pass_noise"])
    assert set(found.extras) == {"snow", "fog", "low_pass_noise"}
    expected = np.arange(100).reshape(5, 20).T
    np.testing.assert_array_equal(found.extras["fog"][:, :, 0, 5, 7], expected)
    np.testing.assert_array_equal(found.extras["snow"][:, :, 0, 5, 7], 99 - expected)
    assert not found.extras["fog"][:, :, 1:].any()


def test_a_share_of_the_test_images_gets_its_own_corruptions(archive):
    whole = ImageSet(
        np.broadcast_to(np.arange(20, dtype=np.uint8)[:, None, None, None], (20, 3, 32, 32)).copy(),
        np.arange(20) % 10,
        tuple("abcdefghij"),
    )
    part = balanced_subset(whole, 12, "test_images")
    found = cifar10_c.read_corruptions(archive, part, ["fog"])
    np.testing.assert_array_equal(found.extras["fog"][:, 0, 0, 0, 0], part.images[:, 0, 0, 0])


def test_images_in_another_order_and_damaged_archives_are_refused(archive, tmp_path):
    other = ImageSet(
        random_set(20, channels=3, size=32).images, np.arange(20)[::-1] % 10, tuple("abcdefghij")
    )
    with pytest.raises(UserError, match=r"not in the official order.*corruptions\.source"):
        cifar10_c.read_corruptions(archive, other, ["fog"])
    right = ImageSet(other.images, np.arange(20) % 10, other.classes)
    with pytest.raises(UserError, match="not CIFAR-10-C"):
        cifar10_c.read_corruptions(archive, right, ["frost"])
    (tmp_path / "broken.tar").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"broken\.tar: not CIFAR-10-C"):
        cifar10_c.read_corruptions(tmp_path / "broken.tar", right, ["fog"])


def test_the_archive_is_taken_from_a_mirror_only_if_whole(archive, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(cifar10_c, "fetch", lambda download, folder: calls.append((download.name, folder)))
    cifar10_c.find_archive(str(tmp_path), "data")
    cifar10_c.find_archive(None, "data")
    cifar10_c.find_archive("elsewhere", "data")
    assert [str(folder) for _, folder in calls] == [str(tmp_path), "data/cifar10_c", "data/cifar10_c"]
    made = cifar10_c.corrupted_test_set(random_set(2, channels=3, size=8), "generated", ["fog"], None, "data")
    assert set(made.extras) == {"fog"}
