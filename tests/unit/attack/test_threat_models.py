import math

import numpy as np
import pytest
import torch
from scipy import optimize, stats

from advex.attack.threat_models import L2Ball, LinfBall, threat_model
from advex.common.errors import UserError
from advex.common.settings import AttackSettings
from advex.registries import NORMS

SHAPES = [(5, 1, 3, 4), (3, 7), (1, 3, 2, 2)]
EPSILONS = [0.0, 1e-3, 0.5, 8.0, math.inf]

pytestmark = pytest.mark.parametrize("norm", NORMS)


def normal(shape, seed=0, scale=1.0):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def lengths(perturbation, norm):
    return torch.linalg.vector_norm(perturbation.double().flatten(1), 2 if norm == "l2" else math.inf, dim=1)


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [0.0, 0.1, 100.0])
def test_projection_is_inside_idempotent_and_leaves_the_inside_alone(norm, epsilon, shape, scale):
    ball, perturbation = threat_model(norm, epsilon), normal(shape, scale=scale)
    projected = ball.project(perturbation)
    assert projected.shape == perturbation.shape
    assert projected.isfinite().all()
    assert ball.contains(projected, 1e-6 * max(1, epsilon)).all()
    torch.testing.assert_close(ball.project(projected), projected, rtol=1e-6, atol=0)
    inside = lengths(perturbation, norm) <= epsilon
    assert torch.equal(projected[inside], perturbation[inside])
    assert ((lengths(projected, norm) - epsilon).abs() <= 1e-6 * max(1, epsilon))[~inside].all()


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_projection_is_the_nearest_point_that_a_solver_finds(norm, epsilon):
    ball, points = threat_model(norm, epsilon), normal((6, 4)).double()
    for point, projected in zip(points.numpy(), ball.project(points).numpy(), strict=True):
        if norm == "l2":
            constraint = {"type": "ineq", "fun": lambda x: epsilon**2 - x @ x}
        else:
            constraint = {"type": "ineq", "fun": lambda x: np.concatenate([epsilon - x, epsilon + x])}
        found = optimize.minimize(
            lambda x, point=point: ((x - point) ** 2).sum(), np.zeros(4), constraints=constraint, tol=1e-12
        )
        np.testing.assert_allclose(projected, found.x, atol=1e-5)


def test_projection_treats_rows_for_themselves(norm):
    ball, perturbation = threat_model(norm, 0.5), normal((6, 1, 2, 2))
    rows = torch.cat([ball.project(row[None]) for row in perturbation])
    torch.testing.assert_close(ball.project(perturbation), rows, rtol=1e-6, atol=0)


@pytest.mark.parametrize("epsilon", [0.0, 0.25, 4.0])
def test_contains_has_a_tolerance(norm, epsilon):
    ball, direction = threat_model(norm, epsilon), normal((8, 1, 3, 3)).double()
    direction /= lengths(direction, norm).view(-1, 1, 1, 1)
    assert ball.contains(direction * epsilon).all()
    assert ball.contains(direction * (epsilon + 5e-7)).all()
    assert not ball.contains(direction * (epsilon + 2e-6)).any()
    assert ball.contains(direction * (epsilon + 2e-6), tolerance=1e-5).all()
    assert threat_model(norm, math.inf).contains(1e6 * direction).all()


def test_contains_answers_for_each_row(norm):
    perturbation = torch.zeros(3, 1, 2, 2)
    perturbation[1, 0, 1, 0] = -0.6
    assert threat_model(norm, 0.5).contains(perturbation).tolist() == [True, False, True]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("step_size", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_steps_have_their_size_and_point_uphill(norm, shape, step_size, scale):
    gradient = normal(shape, scale=scale)
    step = threat_model(norm, 1.0).step(gradient, step_size)
    torch.testing.assert_close(
        lengths(step, norm), torch.full((len(step),), step_size).double(), rtol=1e-6, atol=0
    )
    # The steepest climb is step_size times the dual norm of the gradient: l2, or l1 for linf.
    climb = (step.double() * gradient.double()).flatten(1).sum(1)
    dual = torch.linalg.vector_norm(gradient.double().flatten(1), 2 if norm == "l2" else 1, dim=1)
    torch.testing.assert_close(climb, step_size * dual, rtol=1e-5, atol=0)


def test_a_zero_gradient_gives_a_zero_step(norm):
    gradient = normal((3, 1, 2, 2))
    gradient[1] = 0
    step = threat_model(norm, 1.0).step(gradient, 0.5)
    assert torch.equal(step[1], torch.zeros(1, 2, 2))
    assert (lengths(step, norm)[[0, 2]] > 0.49).all()


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 2.0])
def test_random_perturbations_are_inside_different_and_repeatable(norm, epsilon):
    ball, like = threat_model(norm, epsilon), torch.zeros(50, 1, 3, 3)
    drawn = ball.random(like, torch.Generator().manual_seed(1))
    assert drawn.shape == like.shape
    assert drawn.dtype == like.dtype
    assert ball.contains(drawn).all()
    assert torch.equal(drawn, ball.random(like, torch.Generator().manual_seed(1)))
    if epsilon:
        assert not torch.isclose(drawn, ball.random(like, torch.Generator().manual_seed(2))).all()
        assert len(drawn.flatten(1).unique(dim=0)) == 50


@pytest.mark.parametrize("shape", [(1,), (1, 2, 2), (3, 4, 4)])
def test_random_perturbations_are_uniform(norm, shape):
    """Kolmogorov-Smirnov: a share (r / epsilon)^d of the ball is within r, and no direction is favoured."""
    epsilon, dimensions = 0.7, math.prod(shape)
    like = torch.zeros(4000, *shape, dtype=torch.float64)
    drawn = threat_model(norm, epsilon).random(like, torch.Generator().manual_seed(0))
    shares = (lengths(drawn, norm) / epsilon) ** dimensions
    assert stats.kstest(shares.numpy(), "uniform").pvalue > 0.01
    flat = drawn.flatten(1).numpy()
    signs = (flat > 0).mean(0)
    assert np.abs(signs - 0.5).max() < 4 * 0.5 / math.sqrt(4000)
    if norm == "linf":
        assert stats.kstest(flat[:, 0], "uniform", args=(-epsilon, 2 * epsilon)).pvalue > 0.01
    else:
        covariance = np.cov(flat.T).reshape(dimensions, dimensions)
        variance = epsilon**2 / (dimensions + 2)
        np.testing.assert_allclose(covariance, variance * np.eye(dimensions), atol=0.12 * variance)


def test_nothing_is_drawn_uniformly_from_an_infinite_ball(norm):
    with pytest.raises(UserError, match="random_start"):
        threat_model(norm, math.inf).random(torch.zeros(2, 1, 2, 2), torch.Generator())


def test_no_rows_are_no_problem(norm):
    ball, none = threat_model(norm, 0.5), torch.zeros(0, 1, 3, 3)
    for result in (ball.project(none), ball.step(none, 0.1), ball.random(none, torch.Generator())):
        assert result.shape == none.shape
    assert ball.contains(none).shape == (0,)


@pytest.mark.parametrize("epsilon", [-1.0, -1e-9, math.nan, -math.inf])
def test_a_negative_or_undefined_radius_is_refused(norm, epsilon):
    with pytest.raises(UserError, match=f"epsilon: found {epsilon}; .*0 or more"):
        threat_model(norm, epsilon)
    with pytest.raises(ValueError, match="epsilon"):
        AttackSettings(norm=norm, epsilon=epsilon, steps=1, step_size=0.1)


def test_norms_by_name(norm):
    assert type(threat_model(norm, 0.5)) is {"l2": L2Ball, "linf": LinfBall}[norm]
    with pytest.raises(UserError, match=f"norm: found '{norm}0'; allowed: l2, linf"):
        threat_model(f"{norm}0", 0.5)
