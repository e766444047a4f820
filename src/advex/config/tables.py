"""What the tables of measurements hold, as far as is known before they are made: columns, and texts in them.

Claims are held against it when the configuration is read, so that a name that is mistyped is refused rather
than never found. A column of numbers is NUMBERS, since sizes are the study's; one of texts is the set of
them. Of a table that is not described here nothing is known, and claims may ask anything of it. A test
compares the descriptions with the tables of a finished study.
"""

from collections.abc import Iterable, Mapping

from advex.config.plan import Plan

Texts = frozenset[str]
Columns = Mapping[str, Texts | None]
NUMBERS = None
ANY_TEXT: Texts = frozenset({"*"})
"""Texts that only the data decide, such as names of layers and of photographs."""


def _texts(words: str) -> Texts:
    return frozenset(words.split())


def _numbers(names: str) -> dict[str, None]:
    return dict.fromkeys(names.split())


_OF_EVERY_MEASUREMENT = _numbers("seed epsilon steps value images") | {"unit": ANY_TEXT}

_OBJECTIVES = _texts(
    "none strongest cross_entropy targeted_cross_entropy low_pass high_pass ensemble_opposed"
)

_OF_INSTRUMENT: Mapping[str, Columns] = {
    "history": {"epoch": NUMBERS, "quantity": _texts("train_accuracy test_accuracy")},
    "filtered_accuracy": {
        **_numbers("bandwidth relative_bandwidth"),
        "quantity": _texts("power_kept power_kept_by_frame"),
    },
    "corruption_accuracy": {"severity": NUMBERS},
    "corruption_spectrum": {**_numbers("severity relative_ring"), "quantity": _texts("power_share")},
    "fourier_sensitivity": {
        **_numbers("root_mean_square vertical_frequency horizontal_frequency relative_ring"),
        "quantity": _texts(
            "clean_error error ring_error ring_error_of_stronger_noise mean_error lowest_error highest_error "
            "centre_error corner_error low_error_cells central_low_error_cells high_error_cells"
        ),
    },
    "fourier_norms": {
        "root_mean_square": NUMBERS,
        "quantity": _texts("mean_error_norm_of_all_channels mean_error_norm_dropped"),
    },
    "layer_robustness": {**_numbers("relative_epsilon position"), "layer": ANY_TEXT},
    "ensemble_transfer": {
        "members": NUMBERS,
        "quantity": _texts("targeted_rate untargeted_rate targeted_transfer untargeted_transfer"),
    },
}
"""What an instrument adds to the columns of every measurement, and quantities beside that of its row."""

_LINEAR_FEATURES: Columns = {
    **_numbers("seed feature epsilon at point value images training_images"),
    "classes": ANY_TEXT,
    "sees": _texts("parts all"),
    "learner": _texts("least_squares difference_of_means"),
}
_JUDGED = (
    "style_reduction judged_style_distance judged_content_distance judged_style_distance_untrained "
    "judged_content_distance_untrained high_frequency_share change"
)
_GAUSSIAN = "mean_1 mean_2 covariance_11 covariance_22 boundary_slope gradient_alignment_degrees"

_OF_ITS_OWN: Mapping[str, Columns] = {
    "ilyas/gaussian": {
        **_numbers("seed epsilon value"),
        "method": _texts("true monte_carlo relaxation_squared relaxation_as_printed"),
        "quantity": _texts(_GAUSSIAN),
    },
    "ilyas/gaussian_theory": {
        **_numbers("seed epsilon penalty value"),
        "method": _texts("formula monte_carlo monte_carlo_literal relaxation_squared relaxation_as_printed"),
        "quantity": _texts(
            f"{_GAUSSIAN} mean_error multiplier worst_case_cosine worst_case_cosine_searched "
            "closed_form_excess_loss closed_form_excess_loss_isotropic adversarial_excess_loss "
            "adversarial_excess_loss_isotropic"
        ),
    },
    "ilyas/robust_and_accurate": {
        **_numbers("seed epsilon value"),
        "method": _texts("erm erm_squared_loss adversarial adversarial_l2"),
        "quantity": _texts(
            "weight_1 weight_2 bias boundary_angle_from_vertical_degrees accuracy_percent "
            "robust_accuracy_percent robust_accuracy_l2_percent largest_robust_epsilon "
            "largest_robust_epsilon_l2"
        ),
    },
    "nakkiran/squares": {
        **_numbers("seed training_images pixels label_noise pixel_noise step epsilon value"),
        "method": _texts("linear network"),
        "quantity": _texts(
            "train_accuracy accuracy robust_accuracy weight_sum expected_weight_sum median_flip_radius"
        ),
    },
    "nakkiran/squares_2d": {
        **_numbers("seed step x1 x2 value"),
        "quantity": _texts(
            "training_point train_accuracy flipped_accuracy accuracy largest_gradient probability"
        ),
    },
    "wallace/two_dimensional": {
        **_numbers("seed radius point x y value"),
        "points": _texts("random published"),
        "quantity": _texts(
            "fitted_by_first first_fits_all majority_class original adversarial adversarial_examples "
            "fitted_by_second correct correct_above_majority correct_of_attacked correct_with_coin_labels"
        ),
        "unit": ANY_TEXT,
    },
    "wallace/worlds": {
        **_numbers("seed fine_signal fine_accuracy value"),
        "target": _texts("random flipped"),
        "quantity": _texts("accuracy accuracy_exact source_success source_success_exact"),
        "unit": ANY_TEXT,
    },
    "goh_leakage/robust_linear_features": {
        **_numbers("seed penalty feature epsilon value images"),
        "method": _texts("ridge chosen worst_case_softmax"),
        "split": _texts("train test"),
        "quantity": _texts(
            "accuracy certified_share certified_accuracy radius_kept gamma smallest_gamma largest_gamma "
            "radius_useful"
        ),
        "unit": ANY_TEXT,
    },
    "goh_leakage/leakage": {
        **_numbers("seed step value images"),
        "training_set": _texts("natural rand det nonrobust rand_before det_before"),
        "features": _texts("network linear linear_worst_case deep toy"),
        "quantity": _texts("accuracy accuracy_next_class feature_of_label radius_kept toy_correlation"),
        "unit": ANY_TEXT,
    },
    "goh_features/singular_vectors": {
        **_LINEAR_FEATURES,
        "name": _texts("A B C D E F"),
        "quantity": _texts(
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
        "name": _texts("ensemble sweep"),
        "quantity": _texts(
            "members robustness usefulness usefulness_held_out usefulness_permuted usefulness_permuted_rest "
            "usefulness_permuted_held_out largest_member_usefulness robust_usefulness"
        ),
    },
    "goh_features/containments": {
        **_LINEAR_FEATURES,
        "name": _texts("robust nonrobust contained path ensemble"),
        "quantity": _texts(
            "robustness usefulness usefulness_held_out radius_useful robust_usefulness index path_robustness "
            "path_usefulness path_usefulness_held_out source_accuracy transfer_accuracy transfer_epsilon"
        ),
    },
    "nakano/style_transfer": {
        **_numbers("seed evaluation value"),
        "network": _texts("standard robust on_robust vgg alexnet"),
        "pair": ANY_TEXT,
        "quantity": _texts(f"{_JUDGED} style_loss"),
        "unit": ANY_TEXT,
    },
    "nakano/texture_artifacts": {
        **_numbers("seed frequency value"),
        "network": _texts("photograph standard robust vgg vgg_maximum alexnet"),
        "style": ANY_TEXT,
        "quantity": _texts("stride_share stride_excess spectrum style_reduction"),
        "unit": ANY_TEXT,
    },
    "nakano/style_and_content_network": {
        **_numbers("seed value"),
        "style_network": _texts("standard vgg"),
        "content_network": _texts("standard vgg"),
        "pair": ANY_TEXT,
        "quantity": _texts(_JUDGED),
        "unit": ANY_TEXT,
    },
    "nakano/single_layer_style": {
        **_numbers("seed position value"),
        "network": _texts("vgg alexnet standard robust all"),
        "layer": ANY_TEXT,
        "pair": ANY_TEXT,
        "quantity": _texts(
            f"{_JUDGED} layer_robustness rank_correlation rank_correlation_untrained "
            "rank_correlation_given_depth"
        ),
        "unit": ANY_TEXT,
    },
    "wallace/own_mistakes": {
        **_numbers("seed stop value images"),
        "headline": _texts("yes no"),
        "labels": _texts("predictions same_confusion uniform"),
        "student": _texts("same other"),
        "quantity": _texts("teacher_train_accuracy teacher_test_accuracy mistakes accuracy agreement fitted"),
        "unit": ANY_TEXT,
    },
    "wallace/other_dataset": {
        **_numbers("seed label value images"),
        "learnt_from": _texts("task other shuffled uniform gaussian"),
        "normalisation": _texts("none own task"),
        "quantity": _texts("accuracy agreement fitted label_share labels_used"),
        "unit": ANY_TEXT,
    },
}
"""The tables of measurements with a rule of their own, but for what studies name."""


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
            further = _OF_INSTRUMENT.get(row.kind, {})
            _join(columns, "quantity", {row.quantity or instrument})
            for column, texts in further.items():
                if texts is None:
                    columns[column] = NUMBERS
                else:
                    _join(columns, column, texts)
            if row.kind.startswith("corruption_"):
                names = {each for study in plan.studies.values() for each in study.corruptions.names}
                _join(columns, "corruption", names)
            if row.kind == "ensemble_transfer":
                _join(
                    columns,
                    "norm",
                    {str(a.norm) for study in plan.studies.values() for a in study.attacks.values()},
                )
        _join(columns, "dataset", section.measured_on)
    for study in plan.studies:
        for section in plan.sections(study, name):
            models = plan.models(study)
            _join(columns, "model", section.models)
            _join(columns, "architecture", {models[model].architecture for model in section.models})
    sweeps = [set(study.attack_strength.objectives) for study in plan.studies.values()]
    rows = {str(row.objective) for row in plan.experiments.datasets.values()}
    columns["objective"] = _OBJECTIVES.union(rows, *sweeps)
    return columns


def _join(columns: dict[str, Texts | None], name: str, texts: Iterable[str]) -> None:
    columns[name] = (columns.get(name) or frozenset()) | frozenset(texts)


def _named_by_studies(plan: Plan) -> dict[str, dict[str, Texts]]:
    """Return the columns of tables whose texts are names in the studies' files."""
    features: set[str] = set()
    pairs: set[str] = set()
    students = {"same"}
    for study in plan.studies.values():
        features |= set(study.goh_features.pairs)
        pairs |= set(study.other_dataset.pairs)
        students |= set(study.other_dataset.other_students)
    of_features = {"pair": frozenset(features)}
    return {
        **{f"goh_features/{name}": of_features for name in ("singular_vectors", "ensembles", "containments")},
        "wallace/other_dataset": {"pair": frozenset(pairs), "student": frozenset(students)},
    }
