"""What the tables of comment 3 (Goh) hold; see :mod:`advex.measure.columns`."""

from collections.abc import Iterable, Mapping
from typing import Any

from advex.measure.columns import ANY_TEXT, Columns, numbers, texts

_LINEAR_FEATURES: Columns = {
    **numbers("seed feature epsilon at point value images training_images"),
    "classes": ANY_TEXT,
    "sees": texts("parts all"),
    "learner": texts("least_squares difference_of_means"),
}


def columns(studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of every table that its experiments make, by the table's name."""
    pairs = frozenset(
        name for study in studies if (sizes := study.section("goh_features")) for name in sizes.pairs
    )
    of_features: Columns = {**_LINEAR_FEATURES, "pair": pairs}
    return {
        "singular_vectors": {
            **of_features,
            "name": texts("A B C D E F"),
            "quantity": texts(
                "robustness usefulness usefulness_held_out lettered frontier_robustness frontier_usefulness "
                "frontier_usefulness_held_out frontier_usefulness_at least_squares_usefulness "
                "least_squares_usefulness_held_out robustly_useful best_robust_usefulness "
                "best_robust_usefulness_held_out permuted_usefulness permuted_usefulness_held_out "
                "rank_correlation largest_nonrobust_usefulness largest_nonrobust_usefulness_held_out "
                "largest_nonrobust_usefulness_permuted"
            ),
        },
        "ensembles": {
            **of_features,
            "name": texts("ensemble sweep"),
            "quantity": texts(
                "members robustness usefulness usefulness_held_out usefulness_permuted "
                "usefulness_permuted_rest usefulness_permuted_held_out "
                "largest_member_usefulness robust_usefulness"
            ),
        },
        "containments": {
            **of_features,
            "name": texts("robust nonrobust contained path ensemble"),
            "quantity": texts(
                "robustness usefulness usefulness_held_out radius_useful robust_usefulness index "
                "path_robustness path_usefulness path_usefulness_held_out "
                "source_accuracy transfer_accuracy transfer_epsilon"
            ),
        },
    }
