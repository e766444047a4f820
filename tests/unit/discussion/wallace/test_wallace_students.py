"""Comment 6: what is taught, and what is measured of students, on sets where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from samples import first, random_set, with_outcomes

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.settings import AttackSettings, Recipe, StepDrops
from advex.discussion.wallace.other_dataset import (
    NORMALISATIONS,
    grey,
    grey_pair,
    inputs_of,
    noise,
    normalised,
    other_dataset,
    statistics,
)
from advex.discussion.wallace.own_mistakes import (
    classes_covered,
    mistakes,
    own_mistakes,
    run_of,
    same_confusion,
    stopped_teachers,
    uniform_mistakes,
)
from advex.networks.own_network import NetworkSettings
from advex.networks.predictions import accuracy_of, predictions
from advex.prepare.sources import prepare
from advex.train.training import train

OPTIONS = {"width": 4, "stages": 2}
PERCEPTRON = NetworkSettings("small_perceptron", Recipe(12, 32, 0.1, evaluate_every=1000), {"width": 64})


def network(epochs, name="small_resnet18", rate=0.1, **recipe):
    return NetworkSettings(name, Recipe(epochs, 32, rate, evaluate_every=1000, **recipe), OPTIONS)


def confusion(wrong):
    table = np.zeros((len(wrong.classes), len(wrong.classes)), dtype=int)
    np.add.at(table, (wrong.extras["original_labels"], wrong.labels), 1)
    return table


@pytest.fixture
def wrong():
    images = random_set(400, classes=5)
    return mistakes(images, np.random.default_rng(3).choice(5, size=400, p=[0.1, 0.4, 0.2, 0.2, 0.1]))


def test_networks_of_a_chain_have_no_adversary():
    with pytest.raises(ValidationError, match="adversary: not here"):
        network(1, adversary=AttackSettings("l2", 0.5, 2, 0.2))


def test_mistakes_are_all_wrong_predictions_and_nothing_else():
    images = random_set(6, classes=3)
    predicted = images.labels.copy()
    predicted[[1, 4]] = (predicted[[1, 4]] + 1) % 3
    found = mistakes(images, predicted)
    np.testing.assert_array_equal(found.images, images.images[[1, 4]])
    np.testing.assert_array_equal(found.labels, predicted[[1, 4]])
    np.testing.assert_array_equal(found.extras["original_labels"], images.labels[[1, 4]])
    with pytest.raises(UserError, match="makes no mistake"):
        mistakes(images, images.labels)


def test_controls_keep_images_and_forget_them(wrong):
    permuted = same_confusion(wrong, np.random.default_rng(0))
    np.testing.assert_array_equal(confusion(permuted), confusion(wrong))
    assert 0.3 < np.mean(permuted.labels != wrong.labels) < 0.9
    uniform = uniform_mistakes(wrong, np.random.default_rng(0))
    for control in (permuted, uniform):
        np.testing.assert_array_equal(control.images, wrong.images)
        assert (control.labels != wrong.extras["original_labels"]).all()


def test_uniform_mistakes_are_uniform():
    images = random_set(20000, classes=5, size=2)
    found = confusion(uniform_mistakes(mistakes(images, (images.labels + 1) % 5), np.random.default_rng(1)))
    of_class = found / found.sum(1, keepdims=True)
    np.testing.assert_allclose(of_class[~np.eye(5, dtype=bool)], 0.25, atol=0.03)


def test_a_teacher_stopped_after_whole_epochs_is_the_trained_one(few_digits, cpu):
    """It is the library's training at a constant learning rate, to the bit."""
    run = run_of(network(2, rate=0.05, schedule=StepDrops()), few_digits, "teacher", 0)
    stops = dict(stopped_teachers(run, few_digits, "epochs", [0.5, 2], 1, cpu))
    assert list(stops) == [0.5, 2]
    trained, _ = train(run, few_digits, few_digits, cpu)
    for name, value in trained.state_dict().items():
        assert torch.equal(stops[2].state_dict()[name], value)
    assert not torch.equal(stops[0.5].head.weight, stops[2].head.weight)


def test_an_epoch_ends_with_its_last_batch_that_counts(few_digits, cpu):
    """Of 65 images in batches of 32 the last is left out, so two steps are an epoch."""
    run = run_of(network(3, rate=0.05, schedule=StepDrops()), first(few_digits, 65), "teacher", 0)
    stops = dict(stopped_teachers(run, first(few_digits, 65), "epochs", [3], 1, cpu))
    trained, _ = train(run, first(few_digits, 65), few_digits, cpu)
    assert torch.equal(stops[3].head.weight, trained.head.weight)


def test_a_teacher_stops_where_it_first_reaches_an_accuracy(few_digits, cpu):
    run = run_of(network(40, rate=0.05), few_digits, "teacher", 0)
    images, labels = cpu.images(few_digits.images), cpu.labels(few_digits.labels)
    reached = [
        100 * accuracy_of(model, images, labels, cpu)
        for _, model in stopped_teachers(run, few_digits, "train_accuracy", [30, 60, 90], 1, cpu)
    ]
    assert len(reached) == 3
    assert all(accuracy >= stop for accuracy, stop in zip(reached, [30, 60, 90], strict=True))
    short = replace(run, recipe=replace(run.recipe, epochs=1))
    with pytest.raises(UserError, match="did not get to stop 99 "):
        list(stopped_teachers(short, few_digits, "train_accuracy", [99], 1, cpu))


def test_classes_covered_are_counted_as_equally_frequent_ones_would_be():
    assert classes_covered(np.arange(10), 10) == pytest.approx(100)
    assert classes_covered(np.full(7, 3), 10) == pytest.approx(10)
    assert classes_covered(np.array([1, 1, 4, 4, 6, 6, 8, 8, 9, 9]), 10) == pytest.approx(50)
    # As if 412 of 583 mistakes were of one class and 19 of each other: far from ten classes.
    dominated = np.repeat(np.arange(10), [412, *[19] * 9])
    shares = np.bincount(dominated) / 583
    assert classes_covered(dominated, 10) == pytest.approx(10 * np.exp(-(shares * np.log(shares)).sum()))
    assert classes_covered(dominated, 10) < 50


def test_a_teacher_goes_on_until_its_mistakes_are_spread(few_digits, cpu):
    run = run_of(network(40, rate=0.05), few_digits, "teacher", 0)

    def stopped(covered):
        found = stopped_teachers(run, few_digits, "train_accuracy", [30], 1, cpu, covered=covered)
        ((_, model),) = found
        predicted = predictions(model, cpu.images(few_digits.images), cpu).numpy()
        wrong = predicted != few_digits.labels
        return 100 * (1 - wrong.mean()), classes_covered(predicted[wrong], 10)

    (first_accuracy, first_covered), (accuracy, covered) = stopped(0), stopped(40)
    assert first_accuracy >= 30
    assert first_covered < 40 <= covered
    assert accuracy >= 30
    assert accuracy != first_accuracy
    with pytest.raises(UserError, match="train_accuracy, with mistakes over 99 % of the classes"):
        stopped(99)


def test_the_table_of_own_mistakes_holds_every_student(digits, cpu):
    train_set, test_set = first(digits.train, 300), first(digits.test, 100)
    table, picture = own_mistakes(
        train_set, test_set, teacher=network(40, rate=0.05), student=network(6),
        other_student=network(6, "small_vgg"), kind="train_accuracy", at=[40, 55], headline=55,
        evaluate_every=1, device=cpu, seed=3,
    )  # fmt: skip
    assert (table["seed"] == 3).all()
    headline = table[table["headline"] == "yes"].set_index(["quantity", "labels", "student"])["value"]
    taught = {
        ("predictions", "same"),
        ("predictions", "other"),
        ("same_confusion", "same"),
        ("uniform", "same"),
    }
    assert set(headline["accuracy"].index) == taught
    assert set(headline["agreement"].index) == taught
    assert with_outcomes(table) == {"accuracy", "agreement", "teacher_test_accuracy"}
    counts = table[table["quantity"] == "mistakes"].set_index("stop")["value"]
    right = table[table["quantity"] == "teacher_train_accuracy"].set_index("stop")["value"]
    np.testing.assert_allclose(counts, 300 * (1 - right / 100), atol=1e-6)
    unchanged = headline["labels_unchanged"]
    assert set(unchanged.index) == {("same_confusion", "same"), ("uniform", "same")}
    assert unchanged["uniform", "same"] < unchanged["same_confusion", "same"] < 100
    spread = table[table["quantity"] == "classes_covered"].set_index("stop")
    assert spread.index.tolist() == [40, 55]
    assert spread["value"].between(10, 100).all()
    np.testing.assert_allclose(spread["images"], counts)
    assert picture.images.shape == (1, 6, 1, 8, 8)
    assert picture.columns[4:] == ["0", "1"]


def test_grey_images_are_their_luma():
    colour = np.zeros((1, 3, 2, 2), dtype=np.float32)
    colour[0, 0, 0, 0], colour[0, 1, 0, 1], colour[0, :, 1, 1] = 1, 1, 1
    found = grey(ImageSet(colour, np.zeros(1, dtype=np.int64), ("a",))).images
    np.testing.assert_allclose(found[0, 0], [[0.299, 0.587], [0, 1]], rtol=1e-6)


def test_other_images_are_cut_to_the_tasks_size():
    task, other = random_set(5, size=4), random_set(7, channels=3, size=8)
    pair = grey_pair(task, task, other)
    assert pair.other.images.shape == (7, 1, 4, 4)
    np.testing.assert_allclose(pair.other.images, grey(other).images[:, :, 2:6, 2:6])
    with pytest.raises(UserError, match="4 x 4 are smaller than the task's 8 x 8"):
        grey_pair(other, other, task)


@pytest.fixture(scope="module")
def pair(digits):
    patches = prepare(
        "natural_patches", mirror=None, downloads="", train_images=300, test_images=12, image_size=8
    )
    return grey_pair(first(digits.train, 300), first(digits.test, 100), patches.train)


def test_normalisations_are_what_they_say(pair):
    task, other = statistics(pair.train.images), statistics(pair.other.images)
    assert inputs_of(pair, "none").other.images == pytest.approx(pair.other.images)
    np.testing.assert_allclose(statistics(inputs_of(pair, "own").other.images), (0, 1), atol=1e-5)
    found = statistics(inputs_of(pair, "task").other.images)
    np.testing.assert_allclose(found, ((other[0] - task[0]) / task[1], other[1] / task[1]), rtol=1e-4)
    for normalisation in ("own", "task"):
        np.testing.assert_allclose(statistics(inputs_of(pair, normalisation).train.images), (0, 1), atol=1e-5)
    np.testing.assert_allclose(normalised(np.array([3.0]), (1.0, 2.0)), [1.0])


def test_noise_has_the_statistics_it_should(pair):
    generator = np.random.default_rng(0)
    uniform, gaussian = (noise(kind, pair, generator) for kind in ("uniform", "gaussian"))
    np.testing.assert_allclose(statistics(uniform.images), (0.5, 12**-0.5), atol=0.01)
    np.testing.assert_allclose(statistics(gaussian.images), statistics(pair.train.images), atol=0.01)
    assert uniform.images.shape == gaussian.images.shape == pair.other.images.shape


@pytest.mark.slow
def test_a_students_own_task_is_learnt_and_shuffled_labels_are_not(digits, cpu):
    """With the task's own images as the other ones, the student must come near the teacher."""
    train_set, test_set = first(digits.train, 700), first(digits.test, 200)
    networks = {name: network(8, rate=0.1) for name in ("teacher", "student")}
    table, picture = other_dataset(
        {"main": grey_pair(train_set, test_set, train_set)},
        **networks,
        other_students={"perceptron": PERCEPTRON},
        device=cpu,
        seed=1,
    )
    assert with_outcomes(table) == {"accuracy", "agreement"}
    assert (table.loc[table["outcomes"].notna(), "dataset"] == "main_test").all()
    other = table[(table["student"] == "perceptron") & (table["quantity"] == "accuracy")]["value"]
    assert len(other) == 1
    assert other.iloc[0] > 80
    rows = table[table["student"] == "same"].set_index(["learnt_from", "normalisation", "quantity"])["value"]
    for normalisation in NORMALISATIONS:
        assert rows["other", normalisation, "accuracy"] > 80
        assert rows["other", normalisation, "agreement"] > 80
    assert rows["shuffled", "task", "accuracy"] < 40
    shares = (
        table[table["quantity"] == "label_share"].groupby(["learnt_from", "normalisation"])["value"].sum()
    )
    np.testing.assert_allclose(shares, 100)
    assert rows["other", "task", "labels_used"] == pytest.approx(10, abs=0.5)
    assert picture.images.shape == (1, 6, 1, 8, 8)


def test_patches_cover_the_photographs_once():
    patches = prepare(
        "natural_patches", mirror=None, downloads="", train_images=None, test_images=None, image_size=16
    )
    photographs = prepare("sample_images", mirror=None, downloads="", train_images=None, test_images=None)
    assert patches.train.images.shape == (12 * 48, 1, 16, 16)
    assert patches.test.images.shape == (12 * 16, 1, 16, 16)
    luma = grey(photographs.train).images[3, 0] * 255
    np.testing.assert_allclose(patches.train.images[3 * 48 + 9, 0], luma[16:32, 16:32], atol=0.51)
    np.testing.assert_allclose(patches.test.images[3 * 16, 0], luma[96:112, :16], atol=0.51)
    with pytest.raises(UserError, match="ask for 1 to 32"):
        prepare(
            "natural_patches", mirror=None, downloads="", train_images=None, test_images=None, image_size=64
        )
