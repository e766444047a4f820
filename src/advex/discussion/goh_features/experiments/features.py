"""The linear features of pairs of classes."""

from collections.abc import Mapping
from typing import Any

from advex.common.images import ImageSet
from advex.discussion.goh_features.feature_studies import sizes_from, study
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Measure them on one split of the images, and show some."""
    train = ImageSet.read(inputs.datasets["whole_train"])
    test = ImageSet.read(inputs.datasets["whole_test"])
    tables, thumbnails = study(train, test, sizes_from(settings), seed)
    return {**tables, "thumbnails": thumbnails}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> None:
    """Leave linear algebra uncounted."""
