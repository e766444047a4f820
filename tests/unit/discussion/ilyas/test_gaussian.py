import numpy as np
import pytest
from scipy.optimize import check_grad, minimize

from advex.common.errors import UserError
from advex.discussion.ilyas import gaussian

MEAN = np.array([-10.0, 1.0])
VARIANCES = np.array([25.0, 0.5])


def draw(samples: int, seed: int = 0) -> np.ndarray:
    return MEAN + np.sqrt(VARIANCES) * np.random.default_rng(seed).standard_normal((samples, 2))


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 10.0, 100.0])
def test_inner_maximum_is_that_of_a_search_of_the_circle(epsilon):
    deviations = draw(50) - MEAN
    delta = gaussian.worst_case_perturbation(deviations, VARIANCES, epsilon)
    np.testing.assert_allclose(np.linalg.norm(delta, axis=1), epsilon, rtol=1e-6)
    angles = np.linspace(0, 2 * np.pi, 20001)
    circle = epsilon * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    searched = ((deviations[:, None] + circle) ** 2 / VARIANCES).sum(axis=2).max(axis=1)
    exact = ((deviations + delta) ** 2 / VARIANCES).sum(axis=1)
    np.testing.assert_allclose(exact, searched, rtol=1e-6)
    assert np.all(exact >= searched * (1 - 1e-9))


@pytest.mark.parametrize(
    ("deviation", "variances", "expected"),
    [
        ([0.0, 0.0], [25.0, 0.5], [0.0, 1.0]),  # no deviation: along the smallest variance
        ([2.0, 0.0], [25.0, 0.5], [2.0 / 49, np.sqrt(1 - (2.0 / 49) ** 2)]),  # the hard case
        ([3.0, 4.0], [2.0, 2.0], [0.6, 0.8]),  # isotropic: along the deviation
        ([0.0, -4.0], [2.0, 2.0], [0.0, -1.0]),
    ],
)
def test_inner_maximum_in_degenerate_cases(deviation, variances, expected):
    delta = gaussian.worst_case_perturbation(np.array([deviation]), np.array(variances), 1.0)
    np.testing.assert_allclose(delta[0], expected, atol=1e-6)


def test_gradient_of_the_worst_case_loss_is_that_of_finite_differences():
    inputs = draw(200)

    def loss(parameters):
        return gaussian.worst_case_loss(inputs, parameters[:2], np.exp(parameters[2:]), 1.0)[0]

    def gradient(parameters):
        mean, variances = parameters[:2], np.exp(parameters[2:])
        return np.concatenate(gaussian.worst_case_loss(inputs, mean, variances, 1.0)[1:])

    assert check_grad(loss, gradient, np.array([-9.0, 0.5, 3.0, 0.5])) < 1e-4


def test_robust_fit_without_adversary_is_maximum_likelihood_and_with_one_is_a_minimum():
    inputs = draw(500)
    mean, variances = gaussian.fit_robust(inputs, 0.0)
    np.testing.assert_allclose(mean, inputs.mean(axis=0))
    np.testing.assert_allclose(variances, inputs.var(axis=0))
    mean, variances = gaussian.fit_robust(inputs, 1.0)
    best, in_mean, in_log = gaussian.worst_case_loss(inputs, mean, variances, 1.0)
    np.testing.assert_allclose(np.concatenate([in_mean, in_log]), 0, atol=2 / len(inputs))
    for size in (1e-4, 1e-2, 1):
        for step in size * np.random.default_rng(0).standard_normal((50, 4)):
            moved = gaussian.worst_case_loss(inputs, mean + step[:2], variances * np.exp(step[2:]), 1.0)[0]
            assert moved > best - 1e-8


def test_robust_fit_continues_from_zero_to_small_epsilon():
    inputs = draw(500)
    np.testing.assert_allclose(
        gaussian.fit_robust(inputs, 1e-6)[1], gaussian.fit_robust(inputs, 0.0)[1], rtol=1e-4
    )


@pytest.mark.parametrize(("epsilon", "squared"), [(1.0, True), (10.0, True), (10.0, False), (0.1, True)])
def test_theorem_2_formula_solves_the_relaxed_problem(epsilon, squared):
    """Eq. (20) solved numerically: the adversary's budget is met and no other covariance does better."""
    found, multiplier = gaussian.relaxed_covariance(VARIANCES, epsilon, squared)
    budget = epsilon**2 if squared else epsilon

    def worst_case(log_variances):
        variances = np.exp(log_variances)

        def negative_gain(scales):  # a diagonal M, scaled onto its budget
            scales = scales * np.sqrt(budget / (scales**2 @ VARIANCES))
            return -((1 + scales) ** 2 * VARIANCES / variances).sum()

        starts = [np.array([1.0, 0.1]), np.array([0.1, 1.0])]
        gain = max(-minimize(negative_gain, start, method="Nelder-Mead").fun for start in starts)
        return 0.5 * (gain + log_variances.sum())

    scales = 1 / (multiplier * found - 1)
    assert scales**2 @ VARIANCES == pytest.approx(budget)
    best = worst_case(np.log(found))
    for step in ([0.1, 0], [-0.1, 0], [0, 0.1], [0, -0.1], [0.1, 0.1], [-0.1, -0.1]):
        assert worst_case(np.log(found) + step) > best


def test_theorem_2_known_values():
    covariance, multiplier = gaussian.relaxed_covariance(VARIANCES, 1.0)
    assert multiplier == pytest.approx(0.631, abs=1e-3)
    np.testing.assert_allclose(covariance, [28.08, 2.76], atol=0.01)
    covariance, multiplier = gaussian.relaxed_covariance(VARIANCES, 10.0)
    assert multiplier == pytest.approx(0.01468, abs=1e-5)
    assert gaussian.boundary_slope(MEAN, covariance) == pytest.approx(6.00, abs=0.01)
    assert gaussian.boundary_slope(MEAN, VARIANCES) == pytest.approx(0.2)


def test_theorem_1_formula_and_monte_carlo():
    isotropic = np.full(2, VARIANCES.mean())
    assert gaussian.closed_form_excess_loss(VARIANCES, 4.0) == pytest.approx(3.0203, abs=1e-4)
    assert gaussian.closed_form_excess_loss(isotropic, 4.0) == pytest.approx(0.0808, abs=1e-4)
    measured = gaussian.adversarial_excess_loss(draw(200_000) - MEAN, VARIANCES, 4.0, literal=False)
    assert measured == pytest.approx(3.0203, rel=0.02)
    literal = gaussian.adversarial_excess_loss(draw(200_000) - MEAN, VARIANCES, 4.0, literal=True)
    assert literal == pytest.approx(0.5 * (1 / 99 + 1), rel=0.02)  # E of half v^T Sigma^-1 delta


@pytest.mark.parametrize("penalty", [2.5, 4.0, 20.0])
def test_theorem_1_isotropic_covariance_has_the_least_excess_of_equal_trace(penalty):
    trace = VARIANCES.sum()
    isotropic = gaussian.closed_form_excess_loss(np.full(2, trace / 2), penalty)
    for first in np.linspace(0.5, 25, 40):
        assert gaussian.closed_form_excess_loss(np.array([first, trace - first]), penalty) >= isotropic


def test_theorem_3_closed_form_is_found_by_search():
    assert gaussian.worst_case_cosine(VARIANCES) == pytest.approx(0.277, abs=1e-3)
    for variances in (VARIANCES, np.array([3.0, 3.0]), np.array([1.0, 2.0, 9.0])):
        searched = gaussian.searched_worst_case_cosine(variances, np.random.default_rng(0))
        assert searched == pytest.approx(gaussian.worst_case_cosine(variances), abs=1e-5)


def test_alignment_of_published_parameters():
    assert gaussian.gradient_alignment(MEAN, VARIANCES) == pytest.approx(72.98, abs=0.01)
    assert gaussian.gradient_alignment(MEAN, np.array([2.0, 2.0])) == pytest.approx(0, abs=1e-5)
    assert gaussian.boundary_slope(np.array([1.0, 0.0]), VARIANCES) == float("inf")


@pytest.mark.slow
def test_tables_are_tidy_deterministic_and_depend_on_the_seed():
    settings = {"mean": MEAN, "variances": VARIANCES, "epsilons": (0, 1, 10), "samples": 1000}
    first = gaussian.gaussian_table(**settings, seed=0)
    assert list(first.columns) == ["seed", "epsilon", "method", "quantity", "value"]
    assert first.equals(gaussian.gaussian_table(**settings, seed=0))
    fitted = first["method"] == "monte_carlo"
    other = gaussian.gaussian_table(**settings, seed=1)
    assert not np.allclose(first.loc[fitted, "value"], other.loc[fitted, "value"])
    theory = gaussian.gaussian_theory_table(**settings, penalties=(4.0,), seed=0)
    assert list(theory.columns) == ["seed", "epsilon", "penalty", "method", "quantity", "value"]
    assert theory.equals(gaussian.gaussian_theory_table(**settings, penalties=(4.0,), seed=0))
    assert np.isfinite(theory["value"]).all()
    keys = ["epsilon", "penalty", "method", "quantity"]
    assert not theory.duplicated(keys).any()
    assert not first.duplicated(keys[:1] + keys[2:]).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilons": (-1.0,)}, "epsilons must be finite and 0 or more"),
        ({"variances": (25.0, 0.0)}, "variances must be finite and above 0"),
        ({"mean": (1.0,)}, "two numbers each"),
        ({"samples": 1}, "samples must be 2 or more"),
        ({"penalties": (2.0,)}, "above 1 / \\(smallest variance\\) = 2, found \\[2.0\\]"),
        ({"penalties": (float("nan"),)}, "found \\[nan\\]"),
    ],
)
def test_wrong_settings_are_named(change, message):
    settings = {"mean": (-10, 1), "variances": (25, 0.5), "epsilons": (1,), "penalties": (4,), "samples": 100}
    with pytest.raises(UserError, match=message):
        gaussian.gaussian_theory_table(**{**settings, **change}, seed=0)
