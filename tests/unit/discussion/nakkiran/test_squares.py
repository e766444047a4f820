"""Adversarial Squares: the draws, the exact linear interpolator, and networks against it."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from advex.common.errors import UserError
from advex.config import load
from advex.discussion.nakkiran.squares import (
    SQUARES_COLUMNS,
    draw_squares,
    expected_weight_sum,
    least_norm_interpolator,
    linear_robust_accuracy,
    linear_squares_table,
)
from advex.discussion.nakkiran.squares_networks import network_squares_table, plane_table

RNG = np.random.default_rng


def test_draws_are_those_of_the_definition():
    images, labels, flipped = draw_squares(4000, 5, 0.1, 0.2, RNG(0))
    assert images.shape == (4000, 5)
    assert set(labels) == {-1.0, 1.0}
    clean = images * (labels * np.where(flipped, -1, 1))[:, None]
    assert np.abs(clean - 1).max() <= 0.2, "every pixel within the noise of the colour"
    assert clean.mean() == pytest.approx(1, abs=0.01)
    assert clean.std() == pytest.approx(0.2 / math.sqrt(3), rel=0.03)
    assert flipped.mean() == pytest.approx(0.1, abs=3 * math.sqrt(0.09 / 4000))
    assert labels.mean() == pytest.approx(0, abs=0.05)


def test_the_interpolator_is_the_pseudo_inverse():
    images, labels, _ = draw_squares(20, 50, 0.2, 0.1, RNG(1))
    weights = least_norm_interpolator(images, labels)
    np.testing.assert_allclose(images @ weights, labels, atol=1e-8)
    np.testing.assert_allclose(weights, np.linalg.pinv(images) @ labels, atol=1e-8)


@pytest.mark.parametrize(("count", "noise"), [(60, 0.1), (20, 0.0)])
def test_what_cannot_be_interpolated_is_refused(count, noise):
    """More images than pixels, or no pixel noise: then equal images have both labels."""
    images, labels, _ = draw_squares(count, 50, 0.3, noise, RNG(2))
    with pytest.raises(UserError, match=f"{count} images of 50 pixels cannot be interpolated"):
        least_norm_interpolator(images, labels)


def test_robust_accuracy_is_that_under_the_worst_corner():
    images, labels, _ = draw_squares(12, 6, 0.0, 0.9, RNG(3))
    weights = RNG(4).normal(size=6)
    corners = np.array(list(product((-1, 1), repeat=6)))
    for epsilon in (0.0, 0.1, 0.4):
        attacked = images[:, None, :] + epsilon * corners
        worst = (labels[:, None] * (attacked @ weights)).min(1)
        expected = 100 * np.mean(worst > 0)
        assert linear_robust_accuracy(weights, images, labels, epsilon) == pytest.approx(expected)


CASES = [  # n, label noise, pixel noise, clean accuracy, weight sum, median radius, accuracy within 0.01
    (1000, 0.0, 0.1, 100, 1.05, 0.954, 100),
    (1000, 0.01, 0.1, 100, 134, 0.0073, 1.7),
    (1000, 0.1, 0.1, 97.3, 326, 0.0025, 0),
    (500, 0.1, 0.1, 99.9, 211, 0.0037, 0),
    (2000, 0.1, 0.1, 82.3, 649, 0.0015, 0),
    (1000, 0.1, 0.5, 97.3, 65, 0.0124, 62.6),
]


@pytest.fixture(scope="module")
def linear():
    cases = [{"images": n, "pixels": 3072, "label_noise": p, "pixel_noise": a} for n, p, a, *_ in CASES]
    return linear_squares_table(cases, [0.01, 0.5], 1000, seed=0)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.slow
def test_the_linear_table_is_met(linear, case):
    """Numbers of another draw, computed by hand: to within four deviations of the number of wrong labels.

    Weights that interpolate them grow with the root of their number, which is binomial.
    """
    n, flips, noise, accuracy, weight_sum, radius, robust = case
    rows = linear[(linear["training_images"] == n) & (linear["label_noise"] == flips)]
    found = rows[rows["pixel_noise"] == noise].set_index(["quantity", "epsilon"])["value"]
    found.index = [name if math.isnan(epsilon) else (name, epsilon) for name, epsilon in found.index]
    varies = 4 * 0.5 / math.sqrt(n * flips) if flips else 0.03
    assert found["train_accuracy"] == 100
    assert found["accuracy"] == pytest.approx(accuracy, abs=8)
    assert found["weight_sum"] == pytest.approx(weight_sum, rel=math.sqrt(2) * varies)
    assert found["median_flip_radius"] == pytest.approx(radius, rel=0.1 + math.sqrt(2) * varies)
    assert found["robust_accuracy", 0.01] == pytest.approx(robust, abs=8)
    assert found["robust_accuracy", 0.5] == (100 if flips == 0 else 0)
    if flips == 0.1:
        assert found["weight_sum"] == pytest.approx(found["expected_weight_sum"], rel=varies)


def test_more_images_need_larger_weights():
    sums = [expected_weight_sum(n, 3072, 0.1, 0.1) for n in (100, 500, 1000, 2000)]
    assert sums == sorted(sums)
    assert expected_weight_sum(1000, 3072, 0.1, 0.2) == pytest.approx(sums[2] / 2)


NETWORK = {
    "architecture": {"name": "small_perceptron", "options": {"width": 64, "stages": 1}},
    "images": 60, "test_images": 60, "channels": 3, "side": 8, "label_noise": [0.0, 0.1],
    "pixel_noise": [0.1], "learning_rate": 0.001, "batch_size": 60, "evaluate_after": [79, 700],
    "epsilons": [0.03, 0.3], "attack_steps": 10,
}  # fmt: skip


@pytest.fixture(scope="module")
def network(cpu):
    return network_squares_table(**NETWORK, device=cpu, seed=0)


@pytest.mark.slow
def test_networks_lose_robustness_with_label_noise_only(network):
    assert list(network.columns) == SQUARES_COLUMNS

    def value(flips, step, quantity, epsilon=None):
        rows = network[(network["label_noise"] == flips) & (network["step"] == step)]
        rows = rows[rows["quantity"] == quantity]
        rows = rows[rows["epsilon"].isna()] if epsilon is None else rows[rows["epsilon"] == epsilon]
        return rows["value"].item()

    assert value(0.1, 700, "train_accuracy") == 100
    assert value(0.1, 79, "train_accuracy") < 97
    assert value(0.1, 79, "robust_accuracy", 0.3) == 100
    assert value(0.1, 700, "robust_accuracy", 0.3) < 10
    for flips, step in product((0.0, 0.1), (79, 700)):
        shares = [value(flips, step, "accuracy")]
        shares += [value(flips, step, "robust_accuracy", epsilon) for epsilon in (0.03, 0.3)]
        assert shares == sorted(shares, reverse=True), "a larger radius cannot help"
    assert value(0.0, 700, "robust_accuracy", 0.3) == 100


@pytest.mark.slow
def test_networks_depend_on_their_seed_alone(network, cpu):
    torch.rand(3)
    assert network_squares_table(**NETWORK, device=cpu, seed=0).equals(network)


@pytest.mark.slow
def test_the_plane_has_a_map_in_the_first_seed_only_and_islands_at_the_end():
    arguments = {
        "points": 60, "label_noise": 0.1, "pixel_noise": 0.5, "width": 64, "learning_rate": 0.01,
        "steps": [10, 800], "resolution": 5,
    }  # fmt: skip
    first, other = (plane_table(**arguments, seed=seed) for seed in (0, 1))
    assert (first["quantity"] == "probability").sum() == 2 * 25
    assert (first["quantity"] == "training_point").sum() == 60
    assert set(other["quantity"]) == {"train_accuracy", "flipped_accuracy", "accuracy", "largest_gradient"}
    again = plane_table(**arguments, seed=1, first_seed=1)
    assert set(again["quantity"]) == set(first["quantity"])
    shared = again[again["quantity"].isin(other["quantity"])]
    assert shared["value"].tolist() == other["value"].tolist()
    value = other.set_index(["quantity", "step"])["value"]
    assert value["flipped_accuracy", 10] == 0
    assert value["flipped_accuracy", 800] > 90
    assert value["largest_gradient", 800] > 10 * value["largest_gradient", 10]
    assert value["accuracy", 10] == 100


def test_every_study_has_the_case_of_the_published_pixels():
    plan = load("config")
    for name in plan.studies:
        cases = plan.experiment_settings(name, "nakkiran/squares")["linear"]["cases"]
        assert {"images": 1000, "pixels": 3072, "label_noise": 0.1, "pixel_noise": 0.1} in cases
    network = plan.experiment_settings("cifar10", "nakkiran/squares")["network"]
    assert (network["images"], network["learning_rate"], network["batch_size"]) == (10000, 1e-5, 128)
    assert network["evaluate_after"][0] == -(-10000 // 128), "one epoch"
    assert network["evaluate_after"][-1] == 20 * 79
