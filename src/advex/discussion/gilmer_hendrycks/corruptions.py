"""Common corruptions of images at five severities (Hendrycks and Dietterich, 2019), for images of any size.

The constants are those of CIFAR-10-C, much milder than ImageNet-C's. Here are the corruptions that can be
defined by them for images of every size; the others are read from CIFAR-10-C itself
(:mod:`advex.discussion.gilmer_hendrycks.cifar10_c`), as they need photographs of frost or are fixed to 32 x
32 pixels. The two noises confined to a band of frequencies are ours: the comment speaks of "low-pass filtered
noise" without saying how it was made.
"""

import io
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.numbers.frequency import FilterKind, filter_mask, filtered
from advex.common.randomness import numpy_generator
from advex.registries import CORRUPTIONS

_log = logging.getLogger(__name__)

SEVERITIES = (1, 2, 3, 4, 5)

Corruption = Callable[[Array, Any, np.random.Generator], Array]
Made = tuple[Corruption, tuple[Any, ...]]
"""How a corruption is made, with its constant for each severity."""


def fog(images: Array, constants: tuple[float, float], generator: np.random.Generator) -> Array:
    """Add a cloud of given strength and roughness, then scale back to the image's own maximum."""
    strength, decay = constants
    cloud = strength * plasma(len(images), images.shape[-1], decay, generator)[:, None]
    brightest = images.max((1, 2, 3), keepdims=True)
    result: Array = (images + cloud) * brightest / (brightest + strength)
    return result


def plasma(count: int, size: int, decay: float, generator: np.random.Generator) -> Array:
    """Draw clouds by midpoint displacement on a torus (diamonds and squares).

    Displacements are uniform; with every halving of the step their range shrinks by ``decay`` squared, as the
    code behind CIFAR-10-C multiplies them by the amplitude twice.

    Args:
        count: how many.
        size: side of the clouds; they are cut from ones whose side is a power of two.
        decay: the larger, the smoother.
        generator: where the randomness comes from.

    Returns:
        (count, size, size) float64; before the cut each cloud spans [0, 1].
    """
    side = 1 << (size - 1).bit_length()
    heights = np.zeros((count, side, side))
    step, amplitude = side, 1.0

    def displaced(total_of_four: Array) -> Array:
        return total_of_four / 4 + amplitude * generator.uniform(-1, 1, total_of_four.shape)

    while step > 1:
        half = step // 2
        corners = heights[:, ::step, ::step]
        beside = corners + np.roll(corners, -1, 2)
        heights[:, half::step, half::step] = displaced(beside + np.roll(beside, -1, 1))
        middles = heights[:, half::step, half::step]
        heights[:, ::step, half::step] = displaced(beside + middles + np.roll(middles, 1, 1))
        below = corners + np.roll(corners, -1, 1)
        heights[:, half::step, ::step] = displaced(below + middles + np.roll(middles, 1, 2))
        step, amplitude = half, amplitude / decay**2
    heights -= heights.min((1, 2), keepdims=True)
    clouds: Array = heights / heights.max((1, 2), keepdims=True)
    return clouds[:, :size, :size]


def contrast(images: Array, factor: float, generator: np.random.Generator) -> Array:
    """Shrink the distance of every pixel to its channel's mean."""
    mean = images.mean((2, 3), keepdims=True)
    result: Array = (images - mean) * factor + mean
    return result


def brightness(images: Array, shift: float, generator: np.random.Generator) -> Array:
    """Shift the value of hue, saturation and value; the first two stay."""
    value = images.max(1, keepdims=True)
    shifted = np.clip(value + shift, 0, 1)
    brighter: Array = np.where(value > 0, images * shifted / np.where(value > 0, value, 1), shifted)
    return brighter


def gaussian_noise(images: Array, deviation: float, generator: np.random.Generator) -> Array:
    """Add white Gaussian noise."""
    return images + generator.normal(0, deviation, images.shape)


def shot_noise(images: Array, photons: float, generator: np.random.Generator) -> Array:
    """Count photons, ``photons`` of them on average where the image is 1."""
    return generator.poisson(images * photons) / photons


def impulse_noise(images: Array, amount: float, generator: np.random.Generator) -> Array:
    """Set a share ``amount`` of the values to 0 or to 1, equally often."""
    hit = generator.random(images.shape) < amount
    return np.where(hit, generator.random(images.shape) < 0.5, images)


def gaussian_blur(images: Array, width: float, generator: np.random.Generator) -> Array:
    """Convolve with a Gaussian whose deviation is ``width`` pixels; edges are continued."""
    blurred: Array = ndimage.gaussian_filter(images, (0, 0, width, width), mode="nearest")
    return blurred


def defocus_blur(images: Array, constants: tuple[float, float], generator: np.random.Generator) -> Array:
    """Convolve with a disk of given radius in pixels, softened by a small Gaussian; mirrored edges."""
    radius, softening = constants
    y, x = np.mgrid[-2:3, -2:3]
    disk = (x**2 + y**2 <= radius**2).astype(float)
    taps = np.exp(-(np.arange(-1, 2) ** 2) / (2 * softening**2))
    kernel = ndimage.convolve(disk / disk.sum(), np.outer(taps, taps) / taps.sum() ** 2, mode="constant")
    blurred: Array = ndimage.correlate(images, kernel[None, None], mode="mirror")
    return blurred


def pixelate(images: Array, scale: float, generator: np.random.Generator) -> Array:
    """Resize to a share ``scale`` of the side by averaging boxes, and back."""

    def resized(image: Image.Image) -> Image.Image:
        small = [int(side * scale) for side in image.size]
        return image.resize((small[0], small[1]), Image.Resampling.BOX).resize(
            image.size, Image.Resampling.BOX
        )

    return _by_pillow(images, resized)


def jpeg_compression(images: Array, quality: int, generator: np.random.Generator) -> Array:
    """Compress as JPEG and decompress."""

    def compressed(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file, formats=("JPEG",))

    return _by_pillow(images, compressed)


def _by_pillow(images: Array, change: Callable[[Image.Image], Image.Image]) -> Array:
    """Change each image with Pillow, which works on 8 bits."""
    pixels = _eight_bits(images).transpose(0, 2, 3, 1)
    grey = pixels.shape[-1] == 1
    changed = [np.asarray(change(Image.fromarray(each[..., 0] if grey else each))) for each in pixels]
    stacked = np.stack(changed).reshape(pixels.shape).transpose(0, 3, 1, 2)
    return stacked / 255


def low_pass_noise(images: Array, strength: float, generator: np.random.Generator) -> Array:
    """Add Gaussian noise of low frequencies, ``strength`` its root mean square in each channel."""
    return images + band_noise("low_pass", images.shape, strength, generator)


def high_pass_noise(images: Array, strength: float, generator: np.random.Generator) -> Array:
    """Add Gaussian noise of high frequencies, ``strength`` its root mean square in each channel."""
    return images + band_noise("high_pass", images.shape, strength, generator)


def band_noise(
    kind: FilterKind, shape: tuple[int, ...], strength: float, generator: np.random.Generator
) -> Array:
    """Draw Gaussian noise, keep a square of frequencies, and scale each channel to a root mean square.

    The side of the square is a quarter of the image's, to the next odd number: 9 of 32, 3 of 8.
    """
    size = shape[-1]
    noise = filtered(generator.normal(size=shape), filter_mask(kind, size // 4 | 1, size))
    root_mean_square = np.sqrt((noise**2).mean((2, 3), keepdims=True))
    result: Array = strength * noise / root_mean_square
    return result


# By severity. The numbers of the band noises are ours; at severity 3 they are as strong as Fig. 2's noise.
_BAND_STRENGTHS = (0.05, 0.0875, 0.125, 0.1625, 0.2)
FOG: Made = (fog, ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)))
CONTRAST: Made = (contrast, (0.75, 0.5, 0.4, 0.3, 0.15))
BRIGHTNESS: Made = (brightness, (0.05, 0.1, 0.15, 0.2, 0.3))
LOW_PASS_NOISE: Made = (low_pass_noise, _BAND_STRENGTHS)
GAUSSIAN_BLUR: Made = (gaussian_blur, (0.4, 0.6, 0.7, 0.8, 1))
DEFOCUS_BLUR: Made = (defocus_blur, ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)))
PIXELATE: Made = (pixelate, (0.95, 0.9, 0.85, 0.75, 0.65))
JPEG_COMPRESSION: Made = (jpeg_compression, (80, 65, 58, 50, 40))
GAUSSIAN_NOISE: Made = (gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.1))
SHOT_NOISE: Made = (shot_noise, (500, 250, 100, 75, 50))
IMPULSE_NOISE: Made = (impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07))
HIGH_PASS_NOISE: Made = (high_pass_noise, _BAND_STRENGTHS)


def corrupt(images: ImageSet, names: Sequence[str]) -> ImageSet:
    """Corrupt every image by every corruption at every severity, the same way each time.

    Args:
        images: square images.
        names: of :data:`advex.registries.CORRUPTIONS`.

    Returns:
        The images with one extra a corruption, (N, severities, C, H, W) uint8.

    Raises:
        UserError: a name is unknown.
    """
    if unknown := [name for name in names if name not in CORRUPTIONS]:
        raise UserError(
            f"corruptions.names: found {', '.join(unknown)}; made here are {', '.join(CORRUPTIONS)}, "
            "others only with source cifar10_c"
        )
    clean = images.as_float().astype(np.float64)
    extras = {}
    for name in names:
        function, constants = CORRUPTIONS[name]
        made = []
        for severity, constant in zip(SEVERITIES, constants, strict=True):
            generator = numpy_generator("corruption", name, severity)
            made.append(_eight_bits(function(clean, constant, generator)))
        extras[name] = np.stack(made, axis=1)
    _log.info("made %s for %d images", ", ".join(names), len(images))
    return ImageSet(images.images, images.labels, images.classes, extras)


def _eight_bits(images: Array) -> Array:
    """Round images in [0, 1] to 256 levels after clipping; the released code cuts the fraction off."""
    levels: Array = np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)
    return levels
