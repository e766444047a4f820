"""Robust linear classifiers, and what their features are."""

from collections.abc import Mapping
from typing import Any

from advex.common.images import ImageSet
from advex.discussion.goh_leakage.linear_classifiers import robust_linear_features_table, weight_images
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Fit them to one split of the images, and show their weights."""
    train = ImageSet.read(inputs.datasets["whole_train"])
    test = ImageSet.read(inputs.datasets["whole_test"])
    table, features = robust_linear_features_table(
        train, test, settings["penalties"], settings["epsilon"], seed
    )
    return {"robust_linear_features": table, "weights": weight_images(features, train)}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> None:
    """Leave linear algebra uncounted."""
