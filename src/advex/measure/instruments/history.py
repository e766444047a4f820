"""Accuracy by epoch, as training recorded it (Fig. 10)."""

from collections.abc import Iterable

from advex.common.artifacts import read_table
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy on the training set (as augmented) and on the test set, by epoch (Fig. 10)."""
    history = read_table(entry.history_path)
    for quantity in ("train_accuracy", "test_accuracy"):
        for epoch, value in zip(history["epoch"], history[quantity], strict=True):
            yield {"quantity": quantity, "epoch": int(epoch), "value": float(value)}
