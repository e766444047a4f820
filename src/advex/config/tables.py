"""What the tables of measurements hold, as far as is known before they are made: columns, and texts in them.

Claims are held against it when the configuration is read, so that a name that is mistyped is refused rather
than never found. Instruments describe their own columns (:mod:`advex.measure.kinds`), and measurements
that experiments make with a job of their own are described here. Of any other table nothing is known, and
claims may ask anything of it. A test compares the descriptions with the tables of a finished study.
"""

from collections.abc import Iterable, Mapping

from advex.config.plan import Plan
from advex.measure.columns import ANY_TEXT, NUMBERS, Columns, Texts, numbers, texts

_OF_EVERY_MEASUREMENT = numbers("seed epsilon steps value images") | {
    "unit": ANY_TEXT,
    "objective": texts(""),
}

_LINEAR_FEATURES: Columns = {
    **numbers("seed feature epsilon at point value images training_images"),
    "classes": ANY_TEXT,
    "sees": texts("parts all"),
    "learner": texts("least_squares difference_of_means"),
}
_JUDGED = (
    "style_reduction judged_style_distance judged_content_distance judged_style_distance_untrained "
    "judged_content_distance_untrained high_frequency_share change"
)
_GAUSSIAN = "mean_1 mean_2 covariance_11 covariance_22 boundary_slope gradient_alignment_degrees"

_OF_ITS_OWN: Mapping[str, Columns] = {
    "ilyas/gaussian": {
        **numbers("seed epsilon value"),
        "method": texts("true monte_carlo relaxation_squared relaxation_as_printed"),
        "quantity": texts(_GAUSSIAN),
    },
    "ilyas/gaussian_theory": {
        **numbers("seed epsilon penalty value"),
        "method": texts("formula monte_carlo monte_carlo_literal relaxation_squared relaxation_as_printed"),
        "quantity": texts(
            f"{_GAUSSIAN} mean_error multiplier worst_case_cosine worst_case_cosine_searched "
            "closed_form_excess_loss closed_form_excess_loss_isotropic adversarial_excess_loss "
            "adversarial_excess_loss_isotropic"
        ),
    },
    "ilyas/robust_and_accurate": {
        **numbers("seed epsilon value"),
        "method": texts("erm erm_squared_loss adversarial adversarial_l2"),
        "quantity": texts(
            "weight_1 weight_2 bias boundary_angle_from_vertical_degrees accuracy_percent "
            "robust_accuracy_percent robust_accuracy_l2_percent largest_robust_epsilon "
            "largest_robust_epsilon_l2"
        ),
    },
    "nakkiran/squares": {
        **numbers("seed training_images pixels label_noise pixel_noise step epsilon value"),
        "method": texts("linear network"),
        "quantity": texts(
            "train_accuracy accuracy robust_accuracy weight_sum expected_weight_sum median_flip_radius"
        ),
    },
    "nakkiran/squares_2d": {
        **numbers("seed step x1 x2 value"),
        "quantity": texts(
            "training_point train_accuracy flipped_accuracy accuracy largest_gradient probability"
        ),
    },
    "wallace/two_dimensional": {
        **numbers("seed radius point x y value"),
        "points": texts("random published"),
        "quantity": texts(
            "fitted_by_first first_fits_all majority_class original adversarial adversarial_examples "
            "fitted_by_second correct correct_above_majority correct_of_attacked correct_with_coin_labels"
        ),
        "unit": ANY_TEXT,
    },
    "wallace/worlds": {
        **numbers("seed fine_signal fine_accuracy value"),
        "target": texts("random flipped"),
        "quantity": texts("accuracy accuracy_exact source_success source_success_exact"),
        "unit": ANY_TEXT,
    },
    "goh_leakage/robust_linear_features": {
        **numbers("seed penalty feature epsilon value images"),
        "method": texts("ridge chosen worst_case_softmax"),
        "split": texts("train test"),
        "quantity": texts(
            "accuracy certified_share certified_accuracy radius_kept gamma smallest_gamma largest_gamma "
            "radius_useful"
        ),
        "unit": ANY_TEXT,
    },
    "goh_leakage/leakage": {
        **numbers("seed step value images"),
        "training_set": texts("natural rand det nonrobust rand_before det_before"),
        "features": texts("network linear linear_worst_case deep toy"),
        "quantity": texts("accuracy accuracy_next_class feature_of_label radius_kept toy_correlation"),
        "unit": ANY_TEXT,
    },
    "goh_features/singular_vectors": {
        **_LINEAR_FEATURES,
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
    "goh_features/ensembles": {
        **_LINEAR_FEATURES,
        "name": texts("ensemble sweep"),
        "quantity": texts(
            "members robustness usefulness usefulness_held_out usefulness_permuted usefulness_permuted_rest "
            "usefulness_permuted_held_out largest_member_usefulness robust_usefulness"
        ),
    },
    "goh_features/containments": {
        **_LINEAR_FEATURES,
        "name": texts("robust nonrobust contained path ensemble"),
        "quantity": texts(
            "robustness usefulness usefulness_held_out radius_useful robust_usefulness index path_robustness "
            "path_usefulness path_usefulness_held_out source_accuracy transfer_accuracy transfer_epsilon"
        ),
    },
    "nakano/style_transfer": {
        **numbers("seed evaluation value"),
        "network": texts("standard robust on_robust vgg alexnet"),
        "pair": ANY_TEXT,
        "quantity": texts(f"{_JUDGED} style_loss"),
        "unit": ANY_TEXT,
    },
    "nakano/texture_artifacts": {
        **numbers("seed frequency value"),
        "network": texts("photograph standard robust vgg vgg_maximum alexnet"),
        "style": ANY_TEXT,
        "quantity": texts("stride_share stride_excess spectrum style_reduction"),
        "unit": ANY_TEXT,
    },
    "nakano/style_and_content_network": {
        **numbers("seed value"),
        "style_network": texts("standard vgg"),
        "content_network": texts("standard vgg"),
        "pair": ANY_TEXT,
        "quantity": texts(_JUDGED),
        "unit": ANY_TEXT,
    },
    "nakano/single_layer_style": {
        **numbers("seed position value"),
        "network": texts("vgg alexnet standard robust all"),
        "layer": ANY_TEXT,
        "pair": ANY_TEXT,
        "quantity": texts(
            f"{_JUDGED} layer_robustness rank_correlation rank_correlation_untrained "
            "rank_correlation_given_depth"
        ),
        "unit": ANY_TEXT,
    },
    "wallace/own_mistakes": {
        **numbers("seed stop value images"),
        "headline": texts("yes no"),
        "labels": texts("predictions same_confusion uniform"),
        "student": texts("same other"),
        "quantity": texts("teacher_train_accuracy teacher_test_accuracy mistakes accuracy agreement fitted"),
        "unit": ANY_TEXT,
    },
    "wallace/other_dataset": {
        **numbers("seed label value images"),
        "learnt_from": texts("task other shuffled uniform gaussian"),
        "normalisation": texts("none own task"),
        "quantity": texts("accuracy agreement fitted label_share labels_used"),
        "unit": ANY_TEXT,
    },
}
"""The tables of experiments with a job of their own, but for what studies name."""


def known_tables(plan: Plan) -> dict[str, Columns | None]:
    """Return what the table of every measurement that a figure draws can hold in any study, by its name.

    None stands for a table of which nothing is known.
    """
    drawn = {name for row in plan.experiments.figures.values() for name in row.measurements}
    named = _named_by_studies(plan)
    tables: dict[str, Columns | None] = {}
    for name in sorted(drawn - plan.pictures()):
        if name in plan.experiments.measurements:
            tables[name] = _measured(plan, name)
        else:
            own = _OF_ITS_OWN.get(name)
            tables[name] = None if own is None else {**own, **named.get(name, {})}
    return tables


def _measured(plan: Plan, name: str) -> Columns:
    """Return the columns of a measurement by instruments."""
    columns: dict[str, Texts | None] = dict(_OF_EVERY_MEASUREMENT)
    for section in plan.experiments.measurements[name]:
        for instrument in section.instruments:
            row = plan.experiments.instruments[instrument]
            _join(columns, "quantity", {row.quantity or instrument})
            for column, further in [*row.columns.items(), *row.named_by(plan.studies.values()).items()]:
                if further is None:
                    columns[column] = NUMBERS
                else:
                    _join(columns, column, further)
        _join(columns, "dataset", section.measured_on)
    for study in plan.studies:
        for section in plan.sections(study, name):
            models = plan.models(study)
            _join(columns, "model", section.models)
            _join(columns, "architecture", {models[model].architecture for model in section.models})
    return columns


def _join(columns: dict[str, Texts | None], name: str, further: Iterable[str]) -> None:
    columns[name] = (columns.get(name) or frozenset()) | frozenset(further)


def _named_by_studies(plan: Plan) -> dict[str, dict[str, Texts]]:
    """Return the columns of tables whose texts are names in the studies' files."""
    features: set[str] = set()
    pairs: set[str] = set()
    students = {"same"}
    for study in plan.studies.values():
        if section := study.section("goh_features"):
            features |= set(section.pairs)
        if section := study.section("other_dataset"):
            pairs |= set(section.pairs)
            students |= set(section.other_students)
    of_features = {"pair": frozenset(features)}
    return {
        **{f"goh_features/{name}": of_features for name in ("singular_vectors", "ensembles", "containments")},
        "wallace/other_dataset": {"pair": frozenset(pairs), "student": frozenset(students)},
    }
