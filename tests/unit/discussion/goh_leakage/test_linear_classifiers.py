"""Robust linear classifiers against scikit-learn, finite differences and attacks that search."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression, Ridge

from advex.discussion.goh_leakage.linear_classifiers import (
    CERTIFIED_SHARE,
    LinearClassifier,
    certified_radii,
    choose_ridge,
    fit_ridge,
    fit_robust_linear_features,
    fit_worst_case_softmax,
    gammas,
    radius_kept,
    robust_linear_features_table,
    rows_of,
    weight_images,
    worst_case_softmax_loss,
)

GENERATOR = np.random.default_rng(0)
CENTRES = GENERATOR.standard_normal((3, 5))
LABELS = np.arange(300) % 3
INPUTS = CENTRES[LABELS] + 0.8 * GENERATOR.standard_normal((300, 5))


def test_ridge_equals_scikit_learns():
    found = fit_ridge(INPUTS, LABELS, 3, [0.1, 2.0])
    for penalty, classifier in zip((0.1, 2.0), found, strict=True):
        library = Ridge(alpha=penalty * len(INPUTS)).fit(INPUTS, np.eye(3)[LABELS])
        np.testing.assert_allclose(classifier.weights, library.coef_.T)
        np.testing.assert_allclose(classifier.scores(INPUTS), library.predict(INPUTS))


def test_the_worst_case_loss_has_the_gradient_it_says():
    parameters = GENERATOR.standard_normal(5 * 3 + 3)
    arguments = (INPUTS - INPUTS.mean(axis=0), LABELS, 3, 0.3)
    _, gradient = worst_case_softmax_loss(parameters, *arguments)
    numeric = approx_fprime(parameters, lambda p: worst_case_softmax_loss(p, *arguments)[0], 1e-6)
    np.testing.assert_allclose(gradient, numeric, atol=1e-5)


@pytest.mark.slow
def test_the_worst_case_loss_bounds_every_attack_and_is_exact_for_two_classes():
    weights, epsilon = GENERATOR.standard_normal((5, 3)), 0.4
    for classes in (2, 3):
        labels = LABELS % classes
        parameters = np.concatenate([weights[:, :classes].ravel(), np.zeros(classes)])

        def loss(x, y, classes=classes):
            scores = x @ weights[:, :classes]
            return logsumexp(scores) - scores[y]

        for x, y in zip(INPUTS[:6], labels[:6], strict=True):
            bound, _ = worst_case_softmax_loss(parameters, x[None], np.array([y]), classes, epsilon)
            found = max(
                -minimize(
                    lambda d, x=x, y=y: -loss(x + epsilon * d / max(1.0, np.linalg.norm(d)), y),
                    GENERATOR.standard_normal(5),
                ).fun
                for _ in range(4)
            )
            assert found <= bound + 1e-6
            if classes == 2:
                assert found == pytest.approx(bound, rel=1e-4)


def test_without_an_adversary_it_is_plain_softmax_regression():
    ours = fit_worst_case_softmax(INPUTS, LABELS, 3, 0.0)
    library = LogisticRegression(C=1e8, max_iter=5000).fit(INPUTS, LABELS)
    np.testing.assert_array_equal(ours.scores(INPUTS).argmax(1), library.predict(INPUTS))


def test_training_on_the_worst_case_certifies_more():
    plain, robust = (fit_worst_case_softmax(INPUTS, LABELS, 3, epsilon) for epsilon in (0.0, 0.5))
    certified = [(certified_radii(each, INPUTS) > 0.5).mean() for each in (plain, robust)]
    assert certified[1] > certified[0]


def test_certified_radii_are_where_the_prediction_changes():
    classifier = fit_ridge(INPUTS, LABELS, 3, [0.5])[0]
    radii = certified_radii(classifier, INPUTS)
    for x, radius in zip(INPUTS[:20], radii[:20], strict=True):
        top = classifier.scores(x).argmax()
        changed = []
        for other in {0, 1, 2} - {top}:
            direction = classifier.weights[:, other] - classifier.weights[:, top]
            direction /= np.linalg.norm(direction)
            for scale in (0.999, 1.001):
                changed.append((scale, classifier.scores(x + scale * radius * direction).argmax() != top))
        assert not any(moved for scale, moved in changed if scale < 1)
        assert any(moved for scale, moved in changed if scale > 1)


def test_gamma_is_the_correlation_less_the_adversarys_part():
    classifier = fit_ridge(INPUTS, LABELS, 3, [0.5])[0]
    for number in range(3):
        y = np.where(number == LABELS, 1.0, -1.0)
        f = classifier.features(INPUTS)[:, number]
        useful = np.mean(y * f) / np.sqrt(np.mean(f**2))
        slope = np.linalg.norm(classifier.weights[:, number]) / np.sqrt(np.mean(f**2))
        assert gammas(classifier, INPUTS, LABELS, 0.0)[number] == pytest.approx(useful)
        assert gammas(classifier, INPUTS, LABELS, 0.2)[number] == pytest.approx(useful - 0.2 * slope)


def test_the_least_penalty_that_meets_both_specifications_is_chosen():
    penalties = [1e-6, 0.5, 1.0, 50.0]
    candidates = fit_ridge(INPUTS, LABELS, 3, penalties)
    assert choose_ridge(candidates, INPUTS, LABELS, 1e-6) == 0
    impossible = choose_ridge(candidates, INPUTS, LABELS, 100.0)
    assert impossible == int(np.argmax([radius_kept(each, INPUTS) for each in candidates]))
    kept = radius_kept(candidates[0], INPUTS)
    assert np.mean(certified_radii(candidates[0], INPUTS) >= kept) == pytest.approx(CERTIFIED_SHARE, abs=0.01)


def test_a_classifier_that_never_changes_is_certified_everywhere():
    constant = LinearClassifier(np.zeros(5), np.zeros((5, 3)), np.array([0.0, 1.0, 0.0]))
    assert np.isinf(certified_radii(constant, INPUTS)).all()


def test_the_table_says_what_the_classifiers_do(digits):
    table, fitted = robust_linear_features_table(digits.train, digits.test, [0.01, 1.0], 0.1, 0)
    assert fitted.chosen in (0.01, 1.0)
    rows = table.set_index(["method", "split", "quantity"])["value"]
    classifier = fitted.ridges[fitted.chosen]
    inputs = rows_of(digits.test)
    accuracy = 100 * np.mean(classifier.scores(inputs).argmax(1) == digits.test.labels)
    assert rows["chosen", "test", "accuracy"] == pytest.approx(accuracy)
    assert rows["chosen", "test", "certified_share"] == pytest.approx(
        100 * np.mean(certified_radii(classifier, inputs) > 0.1)
    )
    chosen = table[(table["method"] == "chosen") & (table["split"] == "test")]
    at_zero = chosen[(chosen["quantity"] == "gamma") & (chosen["epsilon"] == 0)]
    np.testing.assert_allclose(at_zero["value"], gammas(classifier, inputs, digits.test.labels, 0.0))
    radius = float(chosen[chosen["quantity"] == "radius_useful"]["value"].iloc[0])
    assert gammas(classifier, inputs, digits.test.labels, radius).max() == pytest.approx(0, abs=1e-9)
    assert (table["seed"] == 0).all()


def test_weights_are_shown_as_one_image_a_class(few_digits):
    fitted = fit_robust_linear_features(few_digits, [1.0], 0.1)
    picture = weight_images(fitted, few_digits)
    assert picture.images.shape == (2, 10, 1, 8, 8)
    assert picture.rows == ["chosen", "worst_case_softmax"]
