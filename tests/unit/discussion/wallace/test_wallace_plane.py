"""Comment 6 in the plane, and the response's two worlds: against closed forms, torch and scikit-learn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import nn

from advex.common.errors import UserError
from advex.discussion.wallace.two_dimensional import (
    Fit,
    Perceptrons,
    adversarial_points,
    draw_points,
    fit,
    published_points,
    two_dimensional,
)
from advex.discussion.wallace.worlds import (
    TARGETS,
    discriminant_accuracy,
    fitted_weights,
    learnt_weights,
    source_weights,
    worlds_table,
)

PUBLISHED = pd.read_csv(Path(__file__).parents[4] / "published/wallace.csv")
HOW = Fit(width=32, depth=4, learning_rate=0.01, steps=200)


def distances(points, others):
    return np.abs(points[:, np.newaxis] - others[np.newaxis]).max(axis=2)


def test_boxes_of_drawn_points_do_not_overlap():
    points = draw_points(32, 0.12, np.random.default_rng(0))
    assert points.shape == (32, 2)
    assert points.min() >= 0
    assert points.max() <= 1
    apart = distances(points, points)[~np.eye(32, dtype=bool)]
    assert apart.min() >= 0.12 - 1e-6


def test_boxes_without_room_are_refused(monkeypatch):
    monkeypatch.setattr("advex.discussion.wallace.two_dimensional._MOST_DRAWS", 500)
    with pytest.raises(UserError, match="no room for 10 boxes"):
        draw_points(10, 0.6, np.random.default_rng(0))


def test_the_published_points_are_as_described():
    """The drawing's adversarial points lie 0.06 from an original of the other class, which 0.12 forbids."""
    points, labels = published_points(PUBLISHED)
    assert np.bincount(labels).tolist() == [19, 13]
    assert distances(points, points)[~np.eye(32, dtype=bool)].min() == pytest.approx(0.12, abs=0.025)
    renamed = PUBLISHED.assign(key=PUBLISHED["key"].str.replace("figure2_adversarial_", "figure2_"))
    moved, flipped = published_points(renamed[PUBLISHED["key"].str.contains("adversarial_")])
    assert len(moved) == 15
    for label in (0, 1):
        from_other_class = distances(moved[flipped == label], points[labels != label]).min(axis=1)
        np.testing.assert_allclose(from_other_class, 0.06, atol=0.0251)


def as_torch(networks, index):
    """Build the network of one repetition from torch's layers."""
    modules = []
    for weights, biases in networks.layers:
        layer = nn.Linear(weights.shape[1], weights.shape[2])
        layer.weight.data, layer.bias.data = weights[index].T.clone(), biases[index, 0].clone()
        modules += [layer, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def test_a_batch_of_perceptrons_is_many_of_torchs():
    networks = Perceptrons(3, width=7, depth=2, seed=0)
    points = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(1))
    found = networks(points)
    for index in range(3):
        torch.testing.assert_close(found[index], as_torch(networks, index)(points[index]))
    torch.testing.assert_close(networks.chosen(torch.tensor([2]))(points[2:]), found[2:])


def test_fitting_a_batch_is_fitting_each_with_torchs_adam():
    generator = torch.Generator().manual_seed(2)
    points, labels = torch.rand(2, 6, 2, generator=generator), torch.randint(2, (2, 6), generator=generator)
    counted = torch.tensor([[True] * 6, [True, True, False, True, False, True]])
    how = Fit(width=5, depth=1, learning_rate=0.05, steps=8)
    start, end = Perceptrons(2, 5, 1, seed=3), fit(points, labels, counted, how, seed=3)
    for index in range(2):
        single = as_torch(start, index)
        optimizer = torch.optim.Adam(single.parameters(), 0.05)
        for step in range(8):
            optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 8)
            kept = counted[index]
            loss = nn.functional.cross_entropy(single(points[index][kept]), labels[index][kept])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.testing.assert_close(end(points)[index], single(points[index]), atol=1e-4, rtol=1e-3)


def test_attacks_on_a_linear_network_reach_the_exact_worst_case():
    """In the maximum norm a linear margin falls by exactly the radius times the l1 norm of its weights."""
    networks = Perceptrons(4, width=1, depth=0, seed=0)
    points = 0.2 + 0.6 * torch.rand(4, 9, 2, generator=torch.Generator().manual_seed(5))
    labels = networks(points).argmax(2)
    moved = adversarial_points(networks, points, labels, radius=0.1, steps=10)
    assert (moved - points).abs().max() <= 0.1 + 1e-6

    def margins(at):
        logits = networks(at)
        difference = logits[..., 1] - logits[..., 0]
        return torch.where(labels == 1, difference, -difference)

    weights = networks.layers[0][0]
    lost = 0.1 * (weights[..., 1] - weights[..., 0]).abs().sum(1)
    torch.testing.assert_close(margins(points) - margins(moved), lost[:, None].expand(4, 9))


def test_adversarial_points_stay_in_the_square():
    networks = Perceptrons(1, width=8, depth=1, seed=1)
    corners = torch.tensor([[[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
    moved = adversarial_points(networks, corners, networks(corners).argmax(2), 0.2, 5)
    assert moved.min() >= 0
    assert moved.max() <= 1


@pytest.fixture(scope="module")
def plane():
    return two_dimensional(
        *published_points(PUBLISHED), repetitions=12, published_repetitions=10, points=32, side=0.12,
        radii=[0.06, 0.12], how=HOW, attack_steps=10, seed=0,
    )  # fmt: skip


def test_only_networks_that_fit_every_point_are_attacked(plane):
    table, regions = plane
    fits = table[table["quantity"] == "first_fits_all"].set_index(["points", "seed"])["value"]
    counted = table[table["quantity"] == "correct"].set_index(["points", "seed"])
    assert set(counted.index) == set(fits.index[fits == 100])
    assert 0 < (fits == 100).mean() < 1
    assert regions.images.shape[:2] == (1, 2)
    assert set(np.unique(regions.images)) == {0.0, 1.0}


def test_counts_in_the_plane_agree_with_each_other(plane):
    table, _ = plane
    rows = table[table["radius"].notna() & table["point"].isna()]
    wide = rows.pivot_table(index=["points", "seed", "radius"], columns="quantity", values="value")
    assert (wide["correct_of_attacked"] <= wide["adversarial_examples"]).all()
    assert (wide["fitted_by_second"] <= wide["adversarial_examples"]).all()
    assert (wide["correct"] - wide["correct_of_attacked"] <= 32 - wide["adversarial_examples"]).all()
    larger = table[table["quantity"] == "majority_class"].set_index(["points", "seed"])["value"]
    assert larger.between(16, 32).all()
    assert (larger["published"] == 19).all()
    above = wide["correct"] - larger.reindex(wide.index.droplevel("radius")).to_numpy()
    np.testing.assert_array_equal(above, wide["correct_above_majority"])
    first = table[(table["quantity"] == "adversarial") & (table["points"] == "published")]
    counts = first.groupby("radius").size()
    seed = table[(table["points"] == "published") & (table["quantity"] == "correct")]["seed"].min()
    np.testing.assert_array_equal(counts, wide.loc["published", seed]["adversarial_examples"])


def test_fitted_discriminants_are_scikit_learns():
    generator = np.random.default_rng(0)
    labels = np.repeat([-1.0, 1.0], 2000)
    points = labels[:, np.newaxis] * [0.5, 0.02] + generator.normal(size=(4000, 2)) * [1.0, 0.05]
    ours = fitted_weights(points, labels)
    theirs = LinearDiscriminantAnalysis().fit(points, labels).coef_[0]
    cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
    assert cosine == pytest.approx(1, abs=1e-4)


def test_the_source_is_the_best_discriminant_of_the_world_it_assumes():
    mean, deviations = np.array([1.0, 1.5 * 0.05]), np.array([1.0, 0.05])
    best = discriminant_accuracy(source_weights(1.0, 1.5, 0.05), mean, deviations)
    for turned in ([1.0, 0.0], [0.0, 1.0], [1.0, 20.0], [1.0, 40.0]):
        assert discriminant_accuracy(np.array(turned), mean, deviations) < best
    assert discriminant_accuracy(np.array([1.0, 0.0]), mean, deviations) == pytest.approx(84.134, abs=1e-3)


def test_simulated_worlds_meet_their_closed_form():
    table = worlds_table(
        repetitions=8, samples=20000, robust_signal=1.0, fine_signals=[0.0, 0.5, 1.5],
        assumed_fine_signal=1.5, fine_scale=0.05, epsilon=0.2, seed=0,
    )  # fmt: skip
    mean = table.groupby(["target", "fine_signal", "quantity"])["value"].mean().unstack()
    np.testing.assert_allclose(mean["accuracy"], mean["accuracy_exact"], atol=1.0)
    np.testing.assert_allclose(mean["source_success"], mean["source_success_exact"], atol=0.5)
    assert mean.loc[("random", 0.0), "accuracy_exact"] == pytest.approx(50, abs=0.2)
    assert mean.loc[("flipped", 0.0), "accuracy_exact"] < 50
    assert (mean["accuracy_exact"].xs(1.5, level="fine_signal") > 70).all()


@pytest.mark.parametrize("target", TARGETS)
def test_a_perturbation_along_a_useless_feature_teaches_nothing_of_it(target):
    """With a source that looks at the fine feature only, World 1 is exact: chance, or the opposite class."""
    mean, deviations = np.array([1.0, 0.0]), np.array([1.0, 0.05])
    learnt = learnt_weights(np.array([0.0, 1.0]), mean, deviations, 0.2, target)
    accuracy = discriminant_accuracy(learnt, mean, deviations)
    assert accuracy == pytest.approx(50) if target == "random" else accuracy < 50


def test_a_list_without_world_1_is_refused():
    with pytest.raises(UserError, match="must hold 0"):
        worlds_table(
            repetitions=1, samples=10, robust_signal=1.0, fine_signals=[1.0, 2.0], assumed_fine_signal=1.0,
            fine_scale=0.1, epsilon=0.1, seed=0,
        )  # fmt: skip
