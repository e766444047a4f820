from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from samples import RECIPES, STANDARD, TINY, first, run, same
from torch.nn import functional

from advex.common.checkpoint import Checkpoint
from advex.common.errors import UserError
from advex.common.settings import AttackSettings, OneCycle, Recipe, StepDrops
from advex.networks.classifier import build
from advex.networks.predictions import accuracy_of, predictions
from advex.train.optimizers import Sgd
from advex.train.training import Training, shuffled_batches, train


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.slow
def test_training_is_repeatable_and_depends_on_seed_and_name(few_digits, cpu, trained, name):
    recipe = RECIPES[name]
    torch.rand(3)  # wherever the global stream is
    assert same(train(run(recipe), few_digits, few_digits, cpu), trained[name])
    for other in (run(recipe, seed=1), run(recipe, name="other")):
        assert not same(train(other, few_digits, few_digits, cpu), trained[name])


@pytest.mark.slow
def test_training_learns_and_reports(digits, cpu):
    learned = train(run(replace(STANDARD, epochs=8)), first(digits.train, 1000), digits.test, cpu)
    model, history = learned
    assert list(history.columns) == [
        "epoch",
        "learning_rate",
        "training_loss",
        "train_accuracy",
        "test_accuracy",
    ]
    assert list(history["epoch"]) == list(range(1, 9))
    assert history["test_accuracy"].iloc[-1] > 85
    assert history["training_loss"].iloc[-1] < 0.5 * history["training_loss"].iloc[0]
    assert not any(module.training for module in model.modules())
    test_accuracy = 100 * accuracy_of(
        model, cpu.images(digits.test.images), cpu.labels(digits.test.labels), cpu
    )
    assert history["test_accuracy"].iloc[-1] == test_accuracy


def test_one_step_of_training_is_stochastic_gradient_descent(few_digits, cpu):
    """One batch of everything: the weights, loss and accuracy are those of torch by hand."""
    recipe = Recipe(1, 200, 0.3, StepDrops(), momentum=0.0, weight_decay=0.01)
    trained, history = train(run(recipe), few_digits, few_digits, cpu)
    model = build(TINY, "model", 0).train()
    logits = model(torch.from_numpy(few_digits.images))
    loss = functional.cross_entropy(logits, torch.from_numpy(few_digits.labels))
    loss.backward()
    for parameter, found in zip(model.parameters(), trained.parameters(), strict=True):
        expected = parameter - 0.3 * (parameter.grad + 0.01 * parameter)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    assert history["training_loss"].item() == pytest.approx(loss.item(), rel=1e-5)
    correct = (logits.argmax(1) == torch.from_numpy(few_digits.labels)).double().mean().item()
    assert history["train_accuracy"].item() == pytest.approx(100 * correct)


def test_uint8_and_float_images_train_alike(few_digits, cpu):
    bytes_ = replace(few_digits, images=(few_digits.images * 255).round().astype("uint8"))
    floats = replace(few_digits, images=bytes_.as_float())
    recipe = replace(STANDARD, epochs=2)
    assert same(*(train(run(recipe), images, floats, cpu) for images in (bytes_, floats)))


@pytest.mark.parametrize(
    ("every", "epochs", "expected"),
    [(1, 4, [1, 2, 3, 4]), (2, 5, [1, 2, 4, 5]), (3, 6, [1, 3, 6]), (9, 1, [1])],
)
def test_first_and_last_epochs_are_always_tested(few_digits, cpu, every, epochs, expected):
    images = first(few_digits, 40)
    recipe = replace(STANDARD, epochs=epochs, evaluate_every=every)
    assert list(train(run(recipe), images, images, cpu)[1]["epoch"]) == expected


def test_a_diverged_training_says_what_to_change(few_digits, cpu, tmp_path):
    recipe, checkpoint = replace(STANDARD, learning_rate=1e30), Checkpoint(tmp_path / "checkpoint")
    with pytest.raises(UserError) as caught:
        train(
            run(recipe, "wild", 7), few_digits, few_digits, cpu, checkpoint=checkpoint, checkpoint_seconds=0
        )
    for part in ("wild", "seed 7", "nan", "epoch 1", "learning_rate (now 1e+30)"):
        assert part in str(caught.value)
    assert not checkpoint.path.exists()


def rates(schedule, epochs, batches):
    """Return the multiplier of every batch as training computes it, by epochs counted from 1."""
    return {
        epoch + 1: [schedule.scale((epoch + index / batches) / epochs) for index in range(batches)]
        for epoch in range(epochs)
    }


@pytest.mark.parametrize("batches", [1, 7, 391])
@pytest.mark.parametrize("thirds", [(1 / 3, 2 / 3), (0.3333333333, 0.6666666667)])
def test_step_drops_begin_with_an_epoch(batches, thirds):
    found = rates(StepDrops(drops=thirds), 150, batches)
    for epoch, expected in ((1, 1), (50, 1), (51, 0.1), (100, 0.1), (101, 0.01), (150, 0.01)):
        assert found[epoch] == pytest.approx([expected] * batches)


def test_one_cycle_climbs_to_its_peak_and_falls():
    found = rates(OneCycle(peak=0.25), 8, 10)
    assert found[1][0] == 0
    assert found[2][0] == pytest.approx(0.5)
    assert found[3][0] == 1
    assert max(rate for epoch in found.values() for rate in epoch) == 1
    assert found[6][0] == pytest.approx(0.5)
    assert 0 < found[8][-1] == pytest.approx(0.1 / 6)
    every = [rate for epoch in found.values() for rate in epoch]
    assert every[:21] == sorted(every[:21])
    assert every[20:] == sorted(every[20:], reverse=True)


@pytest.mark.parametrize("schedule", [OneCycle(peak=0.5), StepDrops(drops=(0.5,), factor=0.25)])
def test_training_follows_its_schedule(few_digits, cpu, schedule, monkeypatch):
    used = []
    step = Sgd.step
    monkeypatch.setattr(Sgd, "step", lambda self: (used.append(self.learning_rate), step(self)))
    history = train(run(replace(STANDARD, epochs=4, schedule=schedule)), few_digits, few_digits, cpu)[1]
    expected = rates(schedule, 4, 4)
    assert used == pytest.approx([0.1 * rate for epoch in expected.values() for rate in epoch])
    assert list(history["learning_rate"]) == pytest.approx([0.1 * epoch[-1] for epoch in expected.values()])


def test_attacks_in_training_do_not_touch_the_statistics(few_digits, cpu, trained):
    """An attack that may not move changes nothing, so it runs in evaluation mode and leaves no trace."""
    idle = replace(STANDARD, adversary=AttackSettings("l2", 0.0, 5, 0.1))
    assert same(train(run(idle), few_digits, few_digits, cpu), trained["standard"])


@pytest.mark.slow
def test_the_adversary_is_trained_against(digits, cpu):
    images = first(digits.train, 300)
    adversary = AttackSettings("l2", 0.5, 5, 0.2)
    recipes = (STANDARD, replace(STANDARD, adversary=adversary))
    (_, natural), (_, hard) = (train(run(recipe), images, images, cpu) for recipe in recipes)
    assert hard["training_loss"].iloc[-1] > natural["training_loss"].iloc[-1] + 0.1


@pytest.mark.parametrize(("count", "size"), [(10, 3), (12, 4), (5, 9), (2, 2), (11, 5), (9, 2)])
def test_batches_hold_everything_once(count, size):
    batches = list(shuffled_batches(count, size, torch.Generator().manual_seed(0)))
    together = torch.cat(batches).tolist()
    left_out = 1 if count % size == 1 else 0
    assert len(set(together)) == len(together) == count - left_out
    assert set(together) <= set(range(count))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert all(2 <= len(batch) <= size for batch in batches)


def test_batches_are_shuffled_anew_by_the_generator():
    generator = torch.Generator().manual_seed(0)
    one, other = (torch.cat(list(shuffled_batches(100, 10, generator))) for _ in range(2))
    assert not torch.equal(one, other)
    again = torch.cat(list(shuffled_batches(100, 10, torch.Generator().manual_seed(0))))
    assert torch.equal(one, again)


def test_a_last_batch_of_one_image_does_not_count(few_digits, cpu, monkeypatch):
    """Means are over the images that were learned: 65 images in batches of 32 leave one out."""
    seen = []
    real = functional.cross_entropy
    monkeypatch.setattr(
        "advex.train.losses.functional.cross_entropy",
        lambda logits, labels: (seen.append((real(logits, labels), len(labels))), seen[-1][0])[1],
    )
    images = first(few_digits, 65)
    history = train(run(replace(STANDARD, epochs=1)), images, images, cpu)[1]
    assert [count for _, count in seen] == [32, 32]
    assert history["training_loss"].item() == pytest.approx(sum(loss.item() for loss, _ in seen) / 2)


def start(recipe, images, device, name="model"):
    """Return a training as :func:`train` begins it."""
    generator = device.generator("training", name, 0)
    data = device.images(images.images), device.labels(images.labels)
    return Training(device.model(build(TINY, name, 0)), *data, recipe, generator, device)


@pytest.mark.parametrize("name", RECIPES)
def test_whoever_looks_between_steps_changes_nothing(few_digits, cpu, trained, name):
    """Looking in evaluation mode, copying, and what the caller draws leave a training its bits."""
    training = start(RECIPES[name], few_digits, cpu)
    seen = []
    for step in training.steps():
        assert training.model.training
        seen.append(step.epochs)
        predictions(training.model, cpu.images(few_digits.images), cpu)
        deepcopy(training.model).eval().requires_grad_(False)
        torch.rand(3)
    assert seen == pytest.approx([(index + 1) / 4 for index in range(4 * RECIPES[name].epochs)])
    expected = trained[name][0].state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in training.model.state_dict().items())


def test_a_training_stops_where_its_caller_stops(few_digits, cpu):
    training = start(STANDARD, few_digits, cpu)
    weights = [training.model.head.weight.detach().clone()]
    for done, step in enumerate(training.steps(), start=1):
        weights.append(training.model.head.weight.detach().clone())
        assert not step.loss.requires_grad
        assert len(step.logits) == len(step.labels)
        if done == 6:
            break
    assert torch.equal(weights[-1], training.model.head.weight)
    assert not any(torch.equal(one, other) for one, other in pairwise(weights[1:]))


def test_one_image_is_not_enough_to_learn_from(few_digits, cpu):
    with pytest.raises(UserError, match="found 1 images to learn; at least 2"):
        start(STANDARD, first(few_digits, 1), cpu)


def test_predictions_are_those_of_evaluation_mode_in_any_batches(few_digits, cpu):
    model = build(TINY, "model")
    images = cpu.images(few_digits.images)
    with torch.no_grad():
        expected = model.eval()(images).argmax(1)
    model.train()
    for size in (7, 2048):
        assert torch.equal(predictions(model, images, cpu, size), expected)
    assert all(module.training for module in model.modules())
    labels = expected.clone()
    labels[:25] = (labels[:25] + 1) % 10
    assert accuracy_of(model, images, labels, cpu) == 0.75
