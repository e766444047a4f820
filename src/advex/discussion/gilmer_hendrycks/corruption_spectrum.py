"""Which frequencies common corruptions change.

Besides the usual columns, rows have ``corruption``, ``severity`` and ``relative_ring`` (0 at zero frequency,
1 at the highest frequencies).
"""

from collections.abc import Iterable

import numpy as np

from advex.common.numbers.frequency import perturbation_power, rings
from advex.discussion.gilmer_hendrycks.corrupted import corrupted_images
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row

SPECTRUM_SEVERITY = 3


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Which frequencies each corruption changes: its share of power by ring. No model plays a role.

    Yin et al. (2019) show the same at severity 3.
    """
    clean = bench.images(entry.dataset_path).images.as_float().astype(np.float64)
    for corruption, severity, images in corrupted_images(entry, bench):
        if severity != SPECTRUM_SEVERITY:
            continue
        power = perturbation_power(clean, images / 255)
        ring = rings(len(power)).ravel()
        shares = 100 * np.bincount(ring, power.ravel()) / power.sum()
        for index, share in enumerate(shares):
            yield {
                "model": None,
                "architecture": None,
                "quantity": "power_share",
                "corruption": corruption,
                "severity": severity,
                "relative_ring": index / (len(shares) - 1),
                "value": share,
            }
