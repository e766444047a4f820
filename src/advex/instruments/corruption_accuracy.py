"""Accuracy under common corruptions.

Besides the usual columns, rows have ``corruption`` and ``severity``.
"""

from collections.abc import Iterable

from advex.instruments.bench import Bench
from advex.instruments.corrupted import corrupted_images
from advex.instruments.entries import MeasurementEntry, Row
from advex.predictions import predictions


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy on every corruption of a corrupted set at every severity."""
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    for corruption, severity, images in corrupted_images(entry, bench):
        predicted = predictions(model, bench.device.images(images), bench.device)
        yield {
            "corruption": corruption,
            "severity": severity,
            "value": 100 * float((predicted == labels).double().mean().item()),
        }
