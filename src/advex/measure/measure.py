"""Measuring all entries of one seed."""

import logging
from collections.abc import Iterable

import pandas as pd

from advex.common.devices import Device
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row
from advex.registries import INSTRUMENTS

_log = logging.getLogger(__name__)


def measure(entries: Iterable[MeasurementEntry], seed: int, device: Device) -> pd.DataFrame:
    """Measure all entries of one seed.

    Returns:
        A tidy table with the columns ``seed, model, architecture, dataset, quantity, epsilon, steps,
        objective, value, unit, images``; accuracies and rates are in percent of ``images``; ``epsilon``,
        ``steps`` and ``objective`` are empty where they mean nothing.
    """
    bench = Bench(device, seed)
    rows: list[Row] = []
    for entry in entries:
        images = 0 if entry.kind == "history" else len(bench.images(entry.dataset_path).images)
        for row in INSTRUMENTS[entry.kind](entry, bench):
            rows.append(
                {
                    "seed": seed,
                    "model": entry.model,
                    "architecture": entry.architecture,
                    "dataset": entry.dataset,
                    "quantity": entry.quantity,
                    "epsilon": None,
                    "steps": None,
                    "objective": None,
                    "value": None,
                    "unit": "percent",
                    "images": images or None,
                    **row,
                }
            )
        last = rows[-1]
        _log.info(
            "%s of %s on %s: %.4g %s", entry.quantity, entry.model, entry.dataset, last["value"], last["unit"]
        )
    return pd.DataFrame(rows)
