"""What the tables of comment 5 (Nakkiran) hold; see :mod:`advex.measure.columns`."""

from collections.abc import Iterable, Mapping
from typing import Any

from advex.measure.columns import Columns, numbers, texts


def columns(studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of every table that its experiments make, by the table's name."""
    return {
        "squares": {
            **numbers("seed training_images pixels label_noise pixel_noise step epsilon value"),
            "method": texts("linear network"),
            "quantity": texts(
                "train_accuracy accuracy robust_accuracy weight_sum expected_weight_sum median_flip_radius"
            ),
        },
        "squares_2d": {
            **numbers("seed step x1 x2 value"),
            "quantity": texts(
                "training_point train_accuracy flipped_accuracy accuracy largest_gradient probability"
            ),
        },
    }
