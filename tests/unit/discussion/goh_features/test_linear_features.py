"""Linear features against closed forms, independent solvers and made-up spectra."""

import numpy as np
import pytest
from feature_samples import data
from scipy.optimize import minimize
from sklearn.linear_model import LinearRegression, Ridge

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.discussion.goh_features.linear_features import (
    SingularVectors,
    TwoClasses,
    as_image,
    containment,
    ensemble,
    frontier,
    frontier_usefulness,
    permuted_correlations,
    ridge,
    robust_usefulness,
    robustness,
    singular_vectors,
    split_again,
    two_classes,
    usefulness,
)

MADE_UP = SingularVectors(np.eye(4), np.array([3.0, 1.0, 0.3, 0.1]), np.array([0.6, 0.0, 0.3, 0.1]))


def few(count=40, seed=1, classes=3):
    generator = np.random.default_rng(seed)
    images = generator.integers(256, size=(count, 1, 4, 4), dtype=np.uint8)
    return ImageSet(images, np.arange(count) % classes, tuple("abc")[:classes])


def test_robust_usefulness_is_what_the_worst_attack_leaves():
    """The minimum over the ball, found by an optimiser that knows nothing of the formula."""
    made = data()
    a = np.random.default_rng(1).standard_normal(6)
    scale = np.sqrt(np.mean((made.inputs @ a) ** 2))
    epsilon = 0.4
    formula = robust_usefulness(usefulness(a, made.inputs, made.labels), robustness(a, made.inputs), epsilon)
    worst = []
    for x, y in zip(made.inputs[:15], made.labels[:15], strict=True):

        def attacked(delta, x=x, y=y):
            return y * a @ (x + epsilon * delta / np.linalg.norm(delta)) / scale

        start = -y * a + 0.1
        worst.append(minimize(attacked, start).fun - y * a @ x / scale)
    np.testing.assert_allclose(worst, -epsilon / robustness(a, made.inputs), rtol=1e-4)
    assert formula == pytest.approx(usefulness(a, made.inputs, made.labels) + np.mean(worst), rel=1e-3)


def test_usefulness_is_the_correlation_and_of_unit_scale():
    made = data()
    weights = np.random.default_rng(2).standard_normal((6, 3))
    expected = [np.corrcoef(made.inputs @ a, made.labels)[0, 1] for a in weights.T]
    np.testing.assert_allclose(usefulness(weights, made.inputs, made.labels), expected, atol=1e-12)
    np.testing.assert_allclose(usefulness(7 * weights, made.inputs, made.labels), expected, atol=1e-12)
    np.testing.assert_allclose(robustness(7 * weights, made.inputs), robustness(weights, made.inputs))


def test_the_spectrum_agrees_with_a_singular_value_decomposition():
    made = data()
    found = singular_vectors(made)
    values = np.linalg.svd(made.inputs / np.sqrt(len(made)), compute_uv=False)
    np.testing.assert_allclose(found.robustness, values)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(robustness(found.vectors, made.inputs), found.robustness)
    np.testing.assert_allclose(usefulness(found.vectors, made.inputs, made.labels), found.usefulness)
    assert (found.usefulness >= 0).all()


def test_directions_without_variance_are_left_out():
    made = data()
    flat = TwoClasses(np.hstack([made.inputs, np.zeros((len(made), 3)), made.inputs[:, :1]]), made.labels)
    assert len(singular_vectors(flat).robustness) == 6


def test_combinations_follow_from_the_spectrum_alone():
    made = data()
    found = singular_vectors(made)
    coefficients = np.random.default_rng(3).standard_normal((6, 5))
    useful, robust = found.combine(coefficients)
    weights = found.vectors @ coefficients
    np.testing.assert_allclose(useful, usefulness(weights, made.inputs, made.labels))
    np.testing.assert_allclose(robust, robustness(weights, made.inputs))
    assert found.combine(coefficients[:, 0])[0] == pytest.approx(useful[0])


def test_ridge_has_the_directions_of_scikit_learn():
    made = data()
    found = singular_vectors(made)
    for penalty in (0.0, 0.5, 20.0):
        library = LinearRegression() if penalty == 0 else Ridge(alpha=penalty * len(made))
        wanted = library.fit(made.inputs, made.labels).coef_
        np.testing.assert_allclose(found.vectors @ ridge(found, np.array([penalty]))[:, 0], wanted, rtol=1e-8)
    means = found.vectors @ ridge(found, np.array([np.inf]))[:, 0]
    np.testing.assert_allclose(means, made.labels @ made.inputs / len(made), atol=1e-12)


def test_the_frontier_is_optimal():
    """No feature that an optimiser finds is more useful at the same robustness."""
    useful, robust = MADE_UP.combine(frontier(MADE_UP, 60))
    assert useful[0] == pytest.approx(np.sqrt((MADE_UP.usefulness**2).sum()))  # least squares: R
    assert robust[-1] == pytest.approx(3.0, rel=0.01)  # the first singular vector
    generator = np.random.default_rng(0)
    for wanted in (0.5, 1.0, 2.0, 2.7, 2.95):
        best = 0.0
        for _ in range(10):
            constraint = {"type": "ineq", "fun": lambda q, r=wanted: MADE_UP.combine(q)[1] - r}
            start = np.abs(generator.standard_normal(4)) * [5, 1, 1, 1]
            result = minimize(lambda q: -MADE_UP.combine(q)[0], start, constraints=constraint)
            if result.success and MADE_UP.combine(result.x)[1] >= wanted - 1e-6:
                best = max(best, -result.fun)
        assert frontier_usefulness(MADE_UP, wanted) == pytest.approx(best, abs=1e-4)
    assert np.isnan(frontier_usefulness(MADE_UP, 3.1))


def test_an_ensemble_adds_its_members_with_equal_weights():
    coefficients = ensemble(MADE_UP, 0.5)
    np.testing.assert_array_equal(coefficients, [0, 0, 1, 1])
    useful, robust = MADE_UP.combine(coefficients)
    assert useful == pytest.approx((0.3 * 0.3 + 0.1 * 0.1) / np.sqrt(0.3**2 + 0.1**2))
    assert robust == pytest.approx(np.sqrt((0.3**2 + 0.1**2) / 2))
    np.testing.assert_array_equal(ensemble(MADE_UP, 0.5, np.array([1, 1, -1, 1])), [0, 0, -1, 1])
    with pytest.raises(UserError, match=r"ensemble_below: 0\.1, but the least robust feature has 0\.1"):
        ensemble(MADE_UP, 0.1)


def test_a_containment_has_its_closed_form():
    share = 0.6547
    useful, robust = MADE_UP.combine(containment(MADE_UP, 0, 3, [share], "variance"))
    length = np.hypot(share, 1 - share)
    assert useful[0] == pytest.approx((share * 0.6 + (1 - share) * 0.1) / length)
    assert robust[0] == pytest.approx(length / np.hypot(share / 3.0, (1 - share) / 0.1))
    ends = MADE_UP.combine(containment(MADE_UP, 0, 3, [0.0, 1.0], "norm"))
    np.testing.assert_allclose(ends, [[0.1, 0.6], [0.1, 3.0]])


def test_two_classes_are_balanced_and_centred_on_the_training_mean():
    train, test = two_classes(few(40), few(20, seed=2), ("c", "a"))
    assert len(train) == 26
    assert train.labels.sum() == test.labels.sum() == 0
    np.testing.assert_allclose(train.inputs.mean(axis=0), 0, atol=1e-12)
    assert np.abs(test.inputs.mean(axis=0)).max() > 0.01
    first = few(40).as_float()[2].reshape(-1)  # the first image of class c
    mean = first - train.inputs[0]
    np.testing.assert_allclose(first - mean, train.inputs[0])
    assert train.labels[0] == 1


def test_unknown_and_empty_classes_are_named():
    with pytest.raises(UserError, match="'d'; allowed: a, b, c"):
        two_classes(few(), few(), ("a", "d"))
    with pytest.raises(UserError, match="no images of a and c"):
        two_classes(few(2), few(), ("a", "c"))


def test_repetitions_deal_the_same_images_anew():
    train, test = few(40), few(20, seed=2)
    assert split_again(train, test, 0, "a") == (train, test)
    first, second = split_again(train, test, 1, "a")
    assert (len(first), len(second)) == (40, 20)
    np.testing.assert_array_equal(np.bincount(second.labels), np.bincount(test.labels))
    everything = np.concatenate([first.images, second.images]).reshape(60, -1)
    wanted = np.concatenate([train.images, test.images]).reshape(60, -1)
    np.testing.assert_array_equal(everything[np.lexsort(everything.T)], wanted[np.lexsort(wanted.T)])
    again = split_again(train, test, 1, "a")
    np.testing.assert_array_equal(first.images, again[0].images)
    assert not np.array_equal(first.images, split_again(train, test, 2, "a")[0].images)
    assert not np.array_equal(first.images, split_again(train, test, 1, "b")[0].images)


def test_permuted_labels_give_correlations_of_chance():
    made = data(4000)
    found = permuted_correlations(made, made.inputs, 50, np.random.default_rng(0))
    assert found.shape == (50, 6)
    assert np.std(found) == pytest.approx(1 / np.sqrt(4000), rel=0.15)
    assert abs(found.mean()) < 0.005


def test_weights_become_images_with_zero_as_grey():
    np.testing.assert_allclose(as_image(np.array([-2.0, 0.0, 1.0])), [0, 0.5, 0.75])
