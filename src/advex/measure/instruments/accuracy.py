"""Accuracy on the images as they are."""

from collections.abc import Iterable

from advex.measure.bench import Bench, share
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.predictions import predictions


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy on the images as they are."""
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    yield share(predictions(model, loaded.floats, bench.device) == labels)
