"""What the tables of comment 2 (Goh) hold; see :mod:`advex.measure.columns`."""

from collections.abc import Iterable, Mapping
from typing import Any

from advex.measure.columns import ANY_TEXT, Columns, numbers, texts


def columns(studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of every table that its experiments make, by the table's name."""
    return {
        "robust_linear_features": {
            **numbers("seed penalty feature epsilon value images"),
            "method": texts("ridge chosen worst_case_softmax"),
            "split": texts("train test"),
            "quantity": texts(
                "accuracy certified_share certified_accuracy radius_kept gamma smallest_gamma largest_gamma "
                "radius_useful"
            ),
            "unit": ANY_TEXT,
        },
        "leakage": {
            **numbers("seed step value images"),
            "training_set": texts("natural rand det nonrobust rand_before det_before"),
            "features": texts("network linear linear_worst_case deep toy"),
            "quantity": texts("accuracy accuracy_next_class feature_of_label radius_kept toy_correlation"),
            "unit": ANY_TEXT,
            "outcomes": ANY_TEXT,
        },
    }
