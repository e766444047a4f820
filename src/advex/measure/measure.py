"""Measuring all entries of one seed."""

import logging
from collections.abc import Iterable

import pandas as pd

from advex.common.machine.devices import Device
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row
from advex.registries import INSTRUMENTS

_log = logging.getLogger(__name__)


def measure(entries: Iterable[MeasurementEntry], seed: int, device: Device) -> pd.DataFrame:
    """Measure all entries of one seed.

    Args:
        entries: what to measure, in the order of the table.
        seed: which repetition.
        device: where to compute.

    Returns:
        A tidy table with the columns ``seed, model, architecture, dataset, quantity, epsilon, steps,
        objective, value, unit, images, outcomes`` and those that instruments declare; accuracies and rates
        are in percent of ``images``, and ``outcomes`` (:mod:`advex.common.numbers.outcomes`) says of which,
        where these are all of the data set; ``epsilon``, ``steps`` and ``objective`` are empty where they
        mean nothing.

    Raises:
        ValueError: an instrument fills a column that it has not declared.
    """
    bench = Bench(device, seed)
    rows: list[Row] = []
    for entry in entries:
        images = len(bench.images(entry.dataset_path).images) if entry.reads == "images" else None
        common: Row = {
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
            "outcomes": None,
        }
        for row in INSTRUMENTS[entry.kind](entry, bench):
            if undeclared := row.keys() - common.keys() - set(entry.columns):
                raise ValueError(f"kind {entry.kind} does not declare its columns {sorted(undeclared)}")
            rows.append({**common, **row})
        last = rows[-1]
        _log.info(
            "%s of %s on %s: %.4g %s", entry.quantity, entry.model, entry.dataset, last["value"], last["unit"]
        )
    return pd.DataFrame(rows)
