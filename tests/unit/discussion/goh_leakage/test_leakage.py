"""Leakage: what is measured on sets where the answer is known."""

import numpy as np
import pytest
from samples import first, tiny_model, with_outcomes

from advex.common.images import ImageSet
from advex.discussion.goh_leakage.leakage import (
    feature_of_label,
    leakage_table,
    leaked,
    representation_features,
    toy_rows,
    training_sets,
)
from advex.discussion.goh_leakage.linear_classifiers import fit_ridge, rows_of


def relabelled(images, labels):
    return ImageSet(images.images, np.asarray(labels, dtype=np.int64), images.classes)


@pytest.fixture(scope="module")
def features(digits):
    classifier = fit_ridge(rows_of(digits.train), digits.train.labels, 10, [0.1])[0]
    return lambda images: classifier.features(rows_of(images))


def test_natural_labels_are_learnt_and_random_ones_are_not(digits, features):
    right = leaked(features, digits.train, digits.train, digits.test)
    assert np.mean(right == digits.test.labels) > 0.9
    random = np.random.default_rng(0).integers(10, size=len(digits.train))
    wrong = leaked(features, digits.train, relabelled(digits.train, random), digits.test)
    assert np.mean(wrong == digits.test.labels) < 0.25


def test_next_class_labels_are_learnt_as_such(digits, features):
    shifted = relabelled(digits.train, (digits.train.labels + 1) % 10)
    predicted = leaked(features, digits.train, shifted, digits.test)
    assert np.mean(predicted == (digits.test.labels + 1) % 10) > 0.9


def test_a_planted_perturbation_is_found(digits, features):
    """Moving every image along the weights of a random label makes robust features leak."""
    classifier = fit_ridge(rows_of(digits.train), digits.train.labels, 10, [0.1])[0]
    labels = np.random.default_rng(1).integers(10, size=len(digits.train))
    directions = classifier.weights / np.linalg.norm(classifier.weights, axis=0)
    moved = rows_of(digits.train) + 0.5 * directions.T[labels]
    planted = ImageSet(
        moved.astype(np.float32).reshape(digits.train.images.shape), labels, digits.train.classes
    )
    before = relabelled(digits.train, labels)
    assert feature_of_label(features, digits.train, before) == pytest.approx(0, abs=0.1)
    assert feature_of_label(features, digits.train, planted) > 0.3
    predicted = leaked(features, digits.train, planted, digits.test)
    assert np.mean(predicted == digits.test.labels) > 0.5


def test_a_set_before_perturbation_has_its_labels_on_natural_images(few_digits):
    perturbed = ImageSet(1 - few_digits.as_float(), (few_digits.labels + 1) % 10, few_digits.classes)
    same_labels = ImageSet(1 - few_digits.as_float(), few_digits.labels, few_digits.classes)
    sets = training_sets(few_digits, {"det": perturbed, "nonrobust": same_labels})
    assert list(sets) == ["natural", "det_before", "det", "nonrobust"]
    np.testing.assert_array_equal(sets["det_before"].images, few_digits.images)
    np.testing.assert_array_equal(sets["det_before"].labels, perturbed.labels)


def test_the_toy_is_what_the_response_says():
    found = {(row["training_set"], row["step"]): row["value"] for row in toy_rows(1000, 3)}
    assert found["rand", 0.0] == 0
    assert found["det", 0.0] == -1
    assert found["rand", 0.1] == pytest.approx(0.1)
    assert found["det", 0.1] == pytest.approx(-0.9)


def test_representations_are_the_models(cpu):
    model = tiny_model("perceptron")
    images = ImageSet(
        np.random.default_rng(0).random((7, 1, 6, 6), dtype=np.float32), np.zeros(7, dtype=np.int64), ("a",)
    )
    found = representation_features(model, cpu, batch_size=3)(images)
    expected = model.eval().representation(cpu.images(images.images)).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.slow
def test_the_table_holds_every_set_with_every_kind_of_features(trained_digits, digits, cpu):
    natural, test = first(digits.train, 300), first(digits.test, 100)
    det = ImageSet(natural.as_float(), (natural.labels + 1) % 10, natural.classes)
    table = leakage_table(
        natural,
        {"det": det},
        test,
        trained_digits.robust,
        {"natural": trained_digits.standard},
        [0.1, 1.0],
        0.1,
        cpu,
        seed=4,
    )
    assert (table["seed"] == 4).all()
    assert with_outcomes(table) == {"accuracy", "accuracy_next_class"}
    accuracies = table[table["quantity"] == "accuracy"].set_index(["training_set", "features"])["value"]
    kinds = {"linear", "linear_worst_case", "deep"}
    assert set(accuracies["det"].index) == set(accuracies["det_before"].index) == kinds
    assert set(accuracies["natural"].index) == kinds | {"network"}
    assert accuracies["natural", "network"] > 90
    assert (accuracies["det"] == accuracies["det_before"]).all()  # nothing was perturbed
    swapped = table[(table["quantity"] == "accuracy_next_class") & (table["training_set"] == "det")]["value"]
    assert (swapped > 60).all()
