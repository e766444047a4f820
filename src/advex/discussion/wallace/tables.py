"""What the tables of comment 6 (Wallace) hold; see :mod:`advex.measure.columns`."""

from collections.abc import Iterable, Mapping
from typing import Any

from advex.measure.columns import ANY_TEXT, Columns, numbers, texts


def columns(studies: Iterable[Any]) -> Mapping[str, Columns]:
    """Return the columns of every table that its experiments make, by the table's name."""
    sizes = [section for study in studies if (section := study.section("other_dataset"))]
    pairs = frozenset(name for section in sizes for name in section.pairs)
    students = frozenset(name for section in sizes for name in section.other_students)
    return {
        "two_dimensional": {
            **numbers("seed radius point x y value"),
            "points": texts("random published"),
            "quantity": texts(
                "fitted_by_first first_fits_all majority_class original adversarial adversarial_examples "
                "fitted_by_second correct correct_above_majority correct_of_attacked correct_with_coin_labels"
            ),
            "unit": ANY_TEXT,
        },
        "worlds": {
            **numbers("seed fine_signal fine_accuracy value"),
            "target": texts("random flipped"),
            "quantity": texts("accuracy accuracy_exact source_success source_success_exact"),
            "unit": ANY_TEXT,
        },
        "own_mistakes": {
            **numbers("seed stop value images"),
            "headline": texts("yes no"),
            "labels": texts("predictions same_confusion uniform"),
            "student": texts("same other"),
            "quantity": texts(
                "teacher_train_accuracy teacher_test_accuracy mistakes classes_covered accuracy agreement "
                "fitted labels_unchanged"
            ),
            "unit": ANY_TEXT,
            "outcomes": ANY_TEXT,
        },
        "other_dataset": {
            **numbers("seed label value images"),
            "learnt_from": texts("task other shuffled uniform gaussian"),
            "student": texts("same") | students,
            "normalisation": texts("none own task"),
            "pair": pairs,
            "quantity": texts("accuracy agreement fitted label_share labels_used"),
            "unit": ANY_TEXT,
            "dataset": frozenset(f"{pair}_test" for pair in pairs),
            "outcomes": ANY_TEXT,
        },
    }
