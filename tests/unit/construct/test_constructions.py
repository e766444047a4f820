import logging
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from samples import random_set, tiny_model
from scipy import stats

from advex.attack.objectives import targeted_cross_entropy
from advex.attack.targets import next_class, random_class
from advex.attack.threat_models import threat_model
from advex.common.images import ImageSet
from advex.common.settings import AttackSettings, Construction
from advex.construct import constructions
from advex.construct.constructions import construct
from advex.networks.predictions import evaluating
from advex.registries import TARGETS

L2 = AttackSettings("l2", 0.8, 10, 0.2)
FREE = AttackSettings("l2", math.inf, 40, 0.1, keep_best=False)
RAND = Construction("d_rand", 0, "target", L2, target="random_class")
DET = Construction("d_det", 0, "target", L2, target="next_class")
INVERTED = Construction("d_robust", 0, "invert", FREE)
NOISE = Construction("d_noise", 0, "invert", FREE, start="noise")
EVERY = {c.name: c for c in (RAND, DET, INVERTED, NOISE)}
COLUMNS = [
    "seed",
    "dataset",
    "source_accuracy_percent",
    "source_accuracy_original_percent",
    "mean_l2_change",
]
DISTANCES = ["mean_representation_distance", "mean_relative_representation_distance"]

every = pytest.mark.parametrize("construction", EVERY.values(), ids=EVERY)


@pytest.fixture(scope="module")
def source():
    return tiny_model("convolutional")


@pytest.fixture(scope="module")
def images():
    return random_set(60)


@pytest.fixture(scope="module")
def built(images, source, cpu):
    return {name: construct(row, images, source, cpu) for name, row in EVERY.items()}


def predicted(model, images):
    with evaluating(model), torch.no_grad():
        return model(torch.from_numpy(images)).argmax(1).numpy()


def representations(model, images):
    with evaluating(model), torch.no_grad():
        return model.representation(torch.from_numpy(images)).numpy()


def test_random_classes_are_uniform_and_may_be_the_true_one():
    labels = np.arange(20_000) % 10
    targets = random_class(labels, 10, np.random.default_rng(0))
    assert targets.dtype == np.int64
    table = np.histogram2d(labels, targets, bins=(range(11), range(11)))[0]
    assert stats.chisquare(table.sum(0)).pvalue > 0.01
    assert stats.chi2_contingency(table).pvalue > 0.01, "independent of the label"
    assert stats.binomtest(int((labels == targets).sum()), len(labels), 0.1).pvalue > 0.01


def test_the_next_class_goes_round():
    labels = np.array([0, 1, 8, 9, 9, 3], dtype=np.int64)
    assert next_class(labels, 10).tolist() == [1, 2, 9, 0, 0, 4]
    assert next_class(labels[:2], 2).tolist() == [1, 0]
    assert next_class(labels, 10).dtype == np.int64
    assert set(TARGETS) == {"random_class", "next_class"}


@every
def test_sets_are_images_in_the_order_of_their_originals(built, images, construction):
    data, _ = built[construction.name]
    assert data.images.shape == images.images.shape
    assert data.images.dtype == np.float32
    assert data.images.flags.c_contiguous
    assert data.images.min() >= 0
    assert data.images.max() <= 1
    assert data.classes == images.classes
    np.testing.assert_array_equal(data.extras["original_labels"], images.labels)


@every
def test_the_table_is_that_of_a_recomputation(built, images, source, construction):
    data, table = built[construction.name]
    inverts = construction.rule == "invert"
    assert list(table.columns) == COLUMNS + DISTANCES * inverts + ["images"]
    assert len(table) == 1
    row, classes = table.iloc[0], predicted(source, data.images)
    assert (row["seed"], row["dataset"], row["images"]) == (0, construction.name, 60)
    assert row["source_accuracy_percent"] == pytest.approx(100 * np.mean(classes == data.labels))
    assert row["source_accuracy_original_percent"] == pytest.approx(100 * np.mean(classes == images.labels))
    if construction is NOISE:
        return  # its start is drawn inside; see the test of noise
    start = images.as_float()
    if inverts:
        start = start[data.extras["start_indices"]]
        wanted = representations(source, images.as_float())
        before, after = (
            np.linalg.norm(representations(source, each) - wanted, axis=1) for each in (start, data.images)
        )
        assert row["mean_representation_distance"] == pytest.approx(after.mean(), rel=1e-5)
        relative = row["mean_relative_representation_distance"]
        assert relative == pytest.approx((after / before).mean(), rel=1e-5)
    change = np.linalg.norm((data.images - start).reshape(60, -1), axis=1)
    assert row["mean_l2_change"] == pytest.approx(change.mean(), rel=1e-5)


@pytest.mark.parametrize("construction", [RAND, DET], ids=["d_rand", "d_det"])
@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("stored_as", ["float32", "float16"])
def test_targeted_sets_have_targets_as_labels_and_lie_in_the_ball(
    images, source, cpu, construction, norm, stored_as, tmp_path
):
    epsilon = {"l2": 0.8, "linf": 0.1}[norm]
    construction = replace(construction, attack=AttackSettings(norm, epsilon, 10, epsilon / 4))
    data, _ = construct(construction, images, source, cpu, stored_as=stored_as)
    data.write(tmp_path / "set", {}, stored_as)
    read = ImageSet.read(tmp_path / "set")
    assert np.array_equal(read.images, data.images)
    moved = torch.from_numpy(read.images.astype(np.float64) - images.as_float())
    assert threat_model(norm, epsilon).contains(moved, tolerance=0.0).all()
    assert not data.extras.keys() - {"original_labels"}
    if construction.target == "next_class":
        np.testing.assert_array_equal(data.labels, (images.labels + 1) % 4)
    else:
        assert len(set(data.labels.tolist())) == 4
        assert 0 < np.mean(data.labels == images.labels) < 0.5
    with evaluating(source), torch.no_grad():
        before, after = (
            targeted_cross_entropy(source, torch.from_numpy(each), torch.from_numpy(data.labels))
            for each in (images.as_float(), data.images)
        )
    assert (after > before).all(), "the targets are climbed"


def test_inversion_keeps_labels_and_starts_from_other_images(built, images):
    for name, start in (("d_robust", None), ("d_noise", -1)):
        data, _ = built[name]
        np.testing.assert_array_equal(data.labels, images.labels)
        indices = data.extras["start_indices"]
        assert indices.dtype == np.int64
        if start is None:
            assert np.all(indices != np.arange(60))
            assert indices.min() >= 0
            assert indices.max() < 60
        else:
            assert np.all(indices == start)


@pytest.mark.parametrize("name", ["d_robust", "d_noise"])
def test_inversion_comes_near_and_is_not_bound_by_a_ball(built, images, source, name):
    data, table = built[name]
    assert table["mean_relative_representation_distance"].item() < 0.5
    assert table["mean_l2_change"].item() > 0.5
    far = np.linalg.norm((data.images - images.as_float()).reshape(60, -1), axis=1)
    assert far.mean() > 0.5, "another image of the same representation"


def test_start_images_are_uniform_over_the_others(cpu, source):
    few, none = random_set(5), AttackSettings("l2", math.inf, 0, 0.1)
    counts = np.zeros((5, 5))
    for seed in range(200):
        data, _ = construct(Construction("x", seed, "invert", none), few, source, cpu)
        counts[np.arange(5), data.extras["start_indices"]] += 1
        np.testing.assert_array_equal(data.images, few.as_float()[data.extras["start_indices"]])
    assert np.all(np.diag(counts) == 0)
    others = counts[~np.eye(5, dtype=bool)].reshape(5, 4)
    assert all(stats.chisquare(row).pvalue > 0.005 for row in others)


def test_noise_starts_are_grey_noise(cpu, source):
    many, none = random_set(500), AttackSettings("l2", math.inf, 0, 0.1)
    data, table = construct(replace(NOISE, attack=none), many, source, cpu)
    assert (constructions.NOISE_MEAN, constructions.NOISE_STD) == (0.5, 0.05)
    assert stats.kstest(data.images.ravel(), "norm", args=(0.5, 0.05)).pvalue > 0.01
    assert table["mean_l2_change"].item() == 0
    assert table["mean_relative_representation_distance"].item() == pytest.approx(1)


@every
def test_sets_depend_on_their_seed_alone(built, images, source, cpu, construction):
    torch.rand(3)  # wherever the global stream is
    again, table = construct(construction, images, source, cpu)
    assert np.array_equal(again.images, built[construction.name][0].images)
    assert np.array_equal(again.labels, built[construction.name][0].labels)
    assert table.equals(built[construction.name][1])
    other, _ = construct(replace(construction, seed=1), images, source, cpu)
    assert np.array_equal(other.images, again.images) == (construction is DET)


@every
def test_sets_of_other_names_draw_starts_and_targets_of_their_own(built, images, source, cpu, construction):
    """The next class is not drawn, so that such sets are equal."""
    other, _ = construct(replace(construction, name="other"), images, source, cpu)
    same = np.array_equal(other.images, built[construction.name][0].images)
    assert same == (construction is DET)


def test_random_starts_of_targeting_depend_on_the_seed(images, source, cpu):
    construction = replace(DET, attack=replace(L2, random_start=True, steps=1))
    first, again, other = (
        construct(replace(construction, seed=seed), images, source, cpu)[0].images for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_success_is_logged(images, source, cpu, caplog):
    caplog.set_level(logging.INFO, "advex")
    _, table = construct(DET, images, source, cpu)
    share = table["source_accuracy_percent"].item()
    assert f"d_det: the source model gives the assigned label to {share:.1f} % of 60 images" in caplog.text
