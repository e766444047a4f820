"""The images of a corrupted set."""

from collections.abc import Iterator

from advex.common.artifacts import Array
from advex.discussion.gilmer_hendrycks.corruptions import SEVERITIES
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry


def corrupted_images(entry: MeasurementEntry, bench: Bench) -> Iterator[tuple[str, int, Array]]:
    """Yield corruption, severity and images, (N, C, H, W) uint8, of every part of a corrupted set."""
    for corruption, images in bench.images(entry.dataset_path).images.extras.items():
        for index, severity in enumerate(SEVERITIES):
            yield corruption, severity, images[:, index]
