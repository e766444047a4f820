"""What comment 1 (Gilmer and Hendrycks) finds wrong in a study: frequencies, noise and corruptions."""

from collections.abc import Iterator
from typing import Any

from advex.common.names.known import beyond_the_test_images, side_of


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    sizes = plan.study(study)
    yield from beyond_the_test_images(sizes, "fourier_noise")
    noise, side = sizes.section("fourier_noise"), side_of(sizes)
    for strength in [] if noise is None else [noise.root_mean_square, *noise.stronger]:
        if strength > 1:
            yield f"fourier_noise: found a root mean square of {strength:g}; allowed: at most 1"
    for number, bandwidth in enumerate([] if side is None else sizes.bandwidths):
        if bandwidth > side:
            yield f"bandwidths.{number}: found {bandwidth}; allowed: at most {side}, the side of the images"
    if sizes.corruptions.source == "cifar10_c" and sizes.data.source not in ("cifar10", "own"):
        yield f"corruptions.source: found cifar10_c; allowed: generated, the images are {sizes.data.source}"
