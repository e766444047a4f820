"""The next-class experiment for linear features against constructed inputs and a library's least squares."""

import numpy as np
import pytest
from feature_samples import data
from sklearn.linear_model import LinearRegression

from advex.discussion.goh_features.linear_features import containment, singular_vectors
from advex.discussion.goh_features.linear_transfer import accuracy, next_class_set, transfer_rows

MADE = data(600)
FEATURES = singular_vectors(MADE)
SCORES = MADE.inputs @ FEATURES.vectors
CONTAINED = containment(FEATURES, int(np.argmax(FEATURES.usefulness)), 5, [0.65], "variance")[:, 0]


def margins(coefficients):
    scores = SCORES @ coefficients
    return MADE.labels * scores / np.sqrt(np.mean(scores**2))


@pytest.mark.parametrize("success", [0.6, 0.8, 0.95])
def test_the_step_takes_the_wanted_share_across(success):
    constructed = next_class_set(FEATURES, CONTAINED, margins(CONTAINED), success)
    a = FEATURES.vectors @ CONTAINED
    moved = MADE.inputs - np.outer(MADE.labels, constructed.epsilon * a / np.linalg.norm(a))
    assert np.mean(MADE.labels * (moved @ a) <= 1e-9) == pytest.approx(success, abs=0.005)


@pytest.mark.parametrize("seen", ["parts", "all"])
def test_learners_equal_those_fitted_to_the_constructed_inputs(seen):
    """Exact moments instead of inputs change nothing."""
    constructed = next_class_set(FEATURES, CONTAINED, margins(CONTAINED), 0.9)
    mask = CONTAINED != 0 if seen == "parts" else np.ones(6, dtype=bool)
    labels = -MADE.labels
    moved = SCORES + np.outer(labels, constructed.epsilon * constructed.direction)
    library = LinearRegression(fit_intercept=False).fit(moved[:, mask], labels).coef_
    learnt = constructed.learn("least_squares", mask)
    np.testing.assert_allclose(learnt[mask], library, rtol=1e-7, atol=1e-9)
    assert (learnt[~mask] == 0).all()
    means = constructed.learn("difference_of_means", mask)[mask]
    np.testing.assert_allclose(means, labels @ moved[:, mask] / len(labels), atol=1e-12)


def test_no_step_leaves_flipped_labels():
    """A share below that of the errors needs no step: the learner is least squares with the sign reversed."""
    constructed = next_class_set(FEATURES, CONTAINED, margins(CONTAINED), 0.01)
    assert constructed.epsilon == 0
    everything = np.ones(6, dtype=bool)
    np.testing.assert_allclose(
        constructed.learn("least_squares", everything), -FEATURES.usefulness / FEATURES.robustness
    )


def test_a_robust_feature_transfers_and_a_contained_one_misleads():
    """The authors' argument with a single robust and a single useless direction."""
    unit = np.eye(6)
    robust, useless = int(np.argmax(FEATURES.usefulness)), int(np.argmin(FEATURES.usefulness))
    contained = (
        unit[robust] / FEATURES.robustness[robust] + unit[useless] / FEATURES.robustness[useless] * 1e3
    )
    rows = transfer_rows(
        FEATURES,
        {"contained": contained, "robust": unit[robust]},
        SCORES,
        MADE.labels,
        SCORES,
        MADE.labels,
        [0.9],
    )
    found = {
        (row["name"], row.get("learner")): row["value"]
        for row in rows
        if row["quantity"] == "transfer_accuracy" and row["sees"] == "parts"
    }
    source = next(
        row["value"] for row in rows if row["quantity"] == "source_accuracy" and row["name"] == "robust"
    )
    assert found["robust", "least_squares"] == found["robust", "difference_of_means"] == source > 60
    assert found["contained", "least_squares"] < 55


def test_accuracy_is_a_percentage():
    assert accuracy(np.array([1.0]), np.array([[1.0], [-2.0], [3.0], [4.0]]), np.array([1, -1, 1, -1])) == 75
