"""Accuracy under common corruptions.

Besides the usual columns, rows have ``corruption`` and ``severity``.
"""

from collections.abc import Iterable

from advex.discussion.gilmer_hendrycks.corrupted import corrupted_images
from advex.measure.bench import Bench, share
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.predictions import predictions


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy on every corruption of a corrupted set at every severity."""
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    for corruption, severity, images in corrupted_images(entry, bench):
        predicted = predictions(model, bench.device.images(images), bench.device)
        yield {
            "corruption": corruption,
            "severity": severity,
            **share(predicted == labels),
        }
