"""Adversarial Squares (comment 5, Nakkiran): a distribution without non-robust features.

An image is all black or all white with a little noise in every pixel, on the scale of the comment: -1 is
black, +1 is white. With probability ``label_noise`` the image is the negative of what its label says. The
sign of the mean pixel is a classifier that is robust up to 1 - ``pixel_noise`` in every pixel. One that fits
the flipped images too must tell them apart by their noise.

Here are the draws, and the linear interpolator of least l2 norm, whose robust accuracy is exact; networks
are in :mod:`advex.discussion.nakkiran.squares_networks`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import solve

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.randomness import numpy_generator


def draw_squares(
    count: int, dimension: int, label_noise: float, pixel_noise: float, generator: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Draw x = (y 1 + u) s, with u uniform in [-pixel_noise, pixel_noise]^d and P[s = -1] = label_noise.

    Returns:
        Images (count, dimension) float64 on the scale where -1 is black; labels y (count,) of -1 and 1; and
        whether s = -1 (count,), bool.
    """
    labels = generator.choice([-1.0, 1.0], size=count)
    flipped = generator.random(count) < label_noise
    noise = generator.uniform(-pixel_noise, pixel_noise, size=(count, dimension))
    images = (labels[:, None] + noise) * np.where(flipped, -1.0, 1.0)[:, None]
    return images, labels, flipped


def least_norm_interpolator(images: Array, labels: Array) -> Array:
    """Return the linear classifier of least l2 norm with w^T x = y on all images, (d,).

    Raises:
        UserError: no linear classifier interpolates: equal images have different labels, or there are more
            images than pixels.
    """
    try:
        weights: Array = images.T @ solve(images @ images.T, labels, assume_a="pos")
    except np.linalg.LinAlgError:
        weights = np.full(images.shape[1], np.nan)
    if not np.allclose(images @ weights, labels, atol=1e-6):
        raise UserError(f"squares: {len(images)} images of {images.shape[1]} pixels cannot be interpolated")
    return weights


def linear_robust_accuracy(weights: Array, images: Array, labels: Array, epsilon: float) -> float:
    """Return the exact accuracy in percent in the l-infinity ball: ``P[y w^T x > epsilon |w|_1]``."""
    return 100 * float((labels * (images @ weights) > epsilon * np.abs(weights).sum()).mean())


def expected_weight_sum(count: int, dimension: int, label_noise: float, pixel_noise: float) -> float:
    """Return the l1 norm of the interpolator's weights that random matrix theory expects, for n < d.

    sqrt(2 / pi) (2 / sigma) sqrt(n p (1 - p)) / sqrt(1 - n / d) with sigma = pixel_noise / sqrt(3): the
    part that interpolates flipped labels, so far too small without any.
    """
    sigma = pixel_noise / np.sqrt(3)
    flips = np.sqrt(count * label_noise * (1 - label_noise))
    return float(np.sqrt(2 / np.pi) * 2 / sigma * flips / np.sqrt(1 - count / dimension))


def linear_squares_table(
    cases: Sequence[Mapping[str, Any]], epsilons: Sequence[float], test_images: int, seed: int
) -> pd.DataFrame:
    """Fit the interpolator to each case and test it on images whose labels are right.

    Args:
        cases: each with ``images`` n, ``pixels`` d, ``label_noise`` and ``pixel_noise``.
        epsilons: l-infinity radii of robust accuracies, on the scale where black is -1 and white 1.
        test_images: number of test images.
        seed: decides all draws.

    Returns:
        One row per case and quantity: train_accuracy, accuracy, robust_accuracy (one for each ``epsilon``),
        in percent; weight_sum (the l1 norm of w), expected_weight_sum, median_flip_radius (the median test
        image's radius within which its answer stays). Columns: :data:`SQUARES_COLUMNS`.

    Raises:
        UserError: a case cannot be interpolated.
    """
    rows = []
    for case in cases:
        n, d = case["images"], case["pixels"]
        noise = (case["label_noise"], case["pixel_noise"])
        name = f"{n} images, {d} pixels, label noise {noise[0]:g}, pixel noise {noise[1]:g}"
        generator = numpy_generator("linear squares", name, seed)
        images, labels, _ = draw_squares(n, d, *noise, generator)
        weights = least_norm_interpolator(images, labels)
        test, truth, _ = draw_squares(test_images, d, 0.0, noise[1], generator)
        radii = truth * (test @ weights) / np.abs(weights).sum()
        found: list[tuple[str, float | None, float]] = [
            ("train_accuracy", None, linear_robust_accuracy(weights, images, labels, 0.0)),
            ("accuracy", None, linear_robust_accuracy(weights, test, truth, 0.0)),
            ("weight_sum", None, float(np.abs(weights).sum())),
            ("expected_weight_sum", None, expected_weight_sum(n, d, *noise)),
            ("median_flip_radius", None, float(np.median(radii))),
        ]
        found += [
            ("robust_accuracy", epsilon, linear_robust_accuracy(weights, test, truth, epsilon))
            for epsilon in epsilons
        ]
        rows += [
            (seed, "linear", n, d, *noise, None, epsilon, quantity, value)
            for quantity, epsilon, value in found
        ]
    return pd.DataFrame(rows, columns=SQUARES_COLUMNS)


SQUARES_COLUMNS = [
    "seed", "method", "training_images", "pixels", "label_noise", "pixel_noise", "step", "epsilon",
    "quantity", "value",
]  # fmt: skip
