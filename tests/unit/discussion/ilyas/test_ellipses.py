import numpy as np
import pytest

from advex.common.errors import UserError
from advex.discussion.ilyas import ellipses


def draw(samples: int, seed: int = 0):
    return ellipses.draw_ellipses(samples, np.random.default_rng(seed))


def test_points_fill_their_ellipses_uniformly():
    points, labels = draw(20_000)
    inside = (points - labels[:, None] * ellipses.CENTRE) / ellipses.SEMI_AXES
    radius = np.linalg.norm(inside, axis=1)
    assert radius.max() <= 1
    assert (radius < 0.5).mean() == pytest.approx(0.25, abs=0.01)
    assert labels.mean() == pytest.approx(0, abs=0.03)


def test_unregularised_direction_approaches_the_largest_margin_and_l2_training_keeps_it():
    points, labels = draw(2000)
    plain = ellipses.angle_from_vertical(ellipses.fit_logistic(points, labels))
    against_l2 = ellipses.angle_from_vertical(ellipses.fit_logistic(points, labels, 0.3, 2))
    assert plain == pytest.approx(against_l2, abs=4)


@pytest.mark.parametrize("norm", [2, np.inf])
def test_adversarial_fit_is_a_minimum_of_the_worst_case_loss(norm):
    points, labels = draw(500)
    epsilon = 0.28

    def loss(classifier):
        margins = labels * (points @ classifier[:2] + classifier[2])
        size = np.linalg.norm(classifier[:2], 1 if norm == np.inf else 2)
        decay = ellipses.RIDGE / 2 * (classifier[:2] ** 2).sum()
        return np.logaddexp(0, -(margins - epsilon * size)).mean() + decay

    found = ellipses.fit_logistic(points, labels, epsilon, norm)
    best = loss(found)
    steps = np.random.default_rng(0).normal(scale=0.02, size=(300, 3)) * np.abs(found).max()
    assert min(loss(found + step) for step in steps) >= best - 1e-9


def test_worst_case_is_that_of_the_corners_and_the_circle():
    points, labels = draw(300)
    classifier, epsilon = np.array([0.6, 0.8, 0.01]), 0.3
    corners = epsilon * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    angles = np.linspace(0, 2 * np.pi, 2001)
    circle = epsilon * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for norm, attacks in ((np.inf, corners), (2, circle)):
        moved = (points[:, None] + attacks) @ classifier[:2] + classifier[2]
        searched = 100 * ((labels[:, None] * moved).min(axis=1) > 0).mean()
        exact = ellipses.robust_accuracy(classifier, points, labels, epsilon, norm)
        assert exact == pytest.approx(searched, abs=0.4)


def test_largest_robust_epsilon_of_known_boundaries():
    vertical, published = np.array([1.0, 0, 0]), np.array([0.3, 1.0, 0])
    assert ellipses.largest_robust_epsilon(vertical, np.inf) == pytest.approx(0.25)
    assert ellipses.largest_robust_epsilon(np.array([0, 1.0, 0]), 2) == pytest.approx(0.15)
    assert ellipses.largest_robust_epsilon(published, np.inf) == pytest.approx(0.2171, abs=1e-4)
    assert ellipses.largest_robust_epsilon(published, 2) == pytest.approx(0.2704, abs=1e-4)
    points, labels = draw(50_000)
    assert ellipses.robust_accuracy(published, points, labels, 0.217, np.inf) == 100
    assert ellipses.robust_accuracy(published, points, labels, 0.225, np.inf) < 100


@pytest.mark.slow
def test_table_shows_an_accurate_robust_classifier_that_ignores_the_second_feature():
    table = ellipses.robust_and_accurate_table(2000, 0.3, seed=0)
    assert list(table.columns) == ["seed", "epsilon", "method", "quantity", "value"]
    values = table.pivot_table(index="method", columns="quantity", values="value")
    assert (values["accuracy_percent"] == 100).all()
    assert values.loc["adversarial", "boundary_angle_from_vertical_degrees"] < 3
    assert values.loc["erm", "boundary_angle_from_vertical_degrees"] > 25
    robust = values["robust_accuracy_percent"]
    assert robust["adversarial"] > robust["erm"] > robust["erm_squared_loss"]
    assert table.equals(ellipses.robust_and_accurate_table(2000, 0.3, seed=0))
    assert not table.equals(ellipses.robust_and_accurate_table(2000, 0.3, seed=1).assign(seed=0))


@pytest.mark.parametrize(
    ("samples", "epsilon", "message"),
    [
        (5, 0.3, "10 or more"),
        (100, -0.1, "0 or more"),
        (100, float("inf"), "finite"),
        (100, 5.0, "smaller epsilon"),
    ],
)
def test_wrong_settings_are_named(samples, epsilon, message):
    with pytest.raises(UserError, match=message):
        ellipses.robust_and_accurate_table(samples, epsilon, seed=0)
