"""Losses of training: TRADES against its closed form on linear models, and what recipes may say."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError
from samples import STANDARD, TRADES, first, random_images, run, tiny_model
from torch import nn
from torch.nn import functional

from advex.attack.strongest import robust_images
from advex.attack.threat_models import threat_model
from advex.common.errors import UserError
from advex.common.names.registry import UndeclaredError, declaring
from advex.common.settings import AttackSettings, TrainingRun, plain
from advex.registries import ADVERSARIES, ADVERSARY_OF, LOSSES, NEED_ADVERSARY
from advex.train.adversary import SMALL_START, diverged
from advex.train.losses import cross_entropy, trades
from advex.train.training import train

EPSILON, BETA = 0.1, 3.0
norms = pytest.mark.parametrize("norm", ["l2", "linf"])
starts = pytest.mark.parametrize("random_start", [True, False])


def generator():
    return torch.Generator().manual_seed(5)


class Linear(nn.Module):
    """Two classes, float64: the difference of their logits is w x + b."""

    def __init__(self):
        super().__init__()
        draws = torch.randn(2, 37, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        self.weight, self.bias = nn.Parameter(0.3 * draws[:, :36]), nn.Parameter(draws[:, 36])

    def forward(self, images):
        return functional.linear(images.flatten(1).double(), self.weight, self.bias)

    def difference(self, images):
        logits = self(images)
        return logits[:, 1] - logits[:, 0]

    def reach(self, norm):
        """Return by how much a perturbation can move the difference: epsilon times the dual norm of w."""
        return EPSILON * torch.linalg.vector_norm(self.weight[1] - self.weight[0], 2 if norm == "l2" else 1)


def binary_divergence(natural, moved):
    """Return KL(p || q) of two Bernoulli variables by the differences of their logits."""
    p, q = torch.sigmoid(natural), torch.sigmoid(moved)
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()


def attack_on(norm, random_start, steps=60):
    return AttackSettings(norm, EPSILON, steps, EPSILON / 4, random_start, keep_best=False)


@starts
@norms
def test_the_inner_maximum_is_the_closed_form_on_a_linear_model(norm, random_start):
    """The divergence is convex in the difference of logits, so its maximum is at one of two ends.

    Which one an image climbs to depends on the side on which it starts; tried from several starts, the better
    is the worst case.
    """
    model, images = Linear(), 0.3 + 0.4 * random_images(40)
    natural, reach = model.difference(images), model.reach(norm)
    ends = natural + reach, natural - reach
    worst = torch.maximum(*(binary_divergence(natural, end) for end in ends))
    found = torch.zeros_like(worst)
    sides = set()
    for seed in range(12):
        draws = torch.Generator().manual_seed(seed)
        moved = diverged(model, images, attack_on(norm, random_start), draws)
        assert threat_model(norm, EPSILON).contains(moved - images).all()
        difference = model.difference(moved)
        distance = torch.stack([(difference - end).abs() for end in ends]).amin(0)
        assert distance.max() < 1e-3 * reach, "every image ends at one of the two ends"
        sides |= set((difference > natural).tolist())
        found = torch.maximum(found, binary_divergence(natural, difference))
    assert sides == {True, False}
    torch.testing.assert_close(found, worst, rtol=2e-3, atol=0)


@norms
def test_trades_is_its_formula_on_a_linear_model(norm):
    """Value and gradient: cross-entropy plus beta times the divergence at the end that is climbed to."""
    model, images, labels = Linear(), 0.3 + 0.4 * random_images(40), torch.arange(40) % 2
    loss, logits = trades(model, images, labels, attack_on(norm, False), generator(), beta=BETA)
    loss.backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()

    noise = torch.randn(images.shape, generator=generator())
    upwards = torch.sign(model.difference(images + SMALL_START * noise) - model.difference(images)).detach()
    direction = (model.weight[1] - model.weight[0]).detach()
    step = direction.sign() if norm == "linf" else direction / direction.norm()
    worst = images + EPSILON * (upwards[:, None] * step).view_as(images)  # held, as the formula's maximiser
    natural, moved = model.difference(images), model.difference(worst)
    assert set(upwards.tolist()) == {-1.0, 1.0}
    signs = 2 * labels - 1
    expected = functional.softplus(-signs * natural).mean() + BETA * binary_divergence(natural, moved).mean()
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-3, atol=0, check_dtype=False)
    torch.testing.assert_close(logits[:, 1] - logits[:, 0], moved, rtol=0, atol=1e-3)
    for found, parameter in zip(gradients, model.parameters(), strict=True):
        torch.testing.assert_close(found, parameter.grad, rtol=1e-2, atol=1e-3)


def test_trades_without_room_or_weight_is_the_cross_entropy():
    model, images, labels = Linear(), random_images(40), torch.arange(40) % 2
    plain, _ = cross_entropy(model, images, labels, None, generator())
    idle, _ = trades(model, images, labels, replace(attack_on("linf", False), epsilon=0.0), generator())
    light, _ = trades(model, images, labels, attack_on("linf", False), generator(), beta=0.0)
    torch.testing.assert_close(idle, plain)
    torch.testing.assert_close(light, plain)


def test_the_start_is_small_and_where_asked_anywhere_in_the_ball():
    model, images = Linear(), 0.3 + 0.4 * random_images(40)
    small, anywhere = (
        diverged(model, images, attack_on("linf", random_start, steps=0), generator()) - images
        for random_start in (False, True)
    )
    assert small.std() == pytest.approx(SMALL_START, rel=0.1)
    assert anywhere.abs().max() == pytest.approx(EPSILON, rel=0.01)
    narrow = AttackSettings("linf", SMALL_START / 2, 0, 0.1)
    assert (diverged(model, images, narrow, generator()) - images).abs().max() <= SMALL_START / 2 + 1e-6


def test_without_a_start_of_its_own_nothing_would_move():
    """At the images the divergence is zero and so is its gradient: why Algorithm 1 begins with noise."""
    model, images = Linear(), 0.3 + 0.4 * random_images(40)
    moved = diverged(model, images, attack_on("linf", False), generator())
    assert (moved - images).abs().mean() > 0.9 * EPSILON


def test_the_network_is_attacked_in_evaluation_mode_and_left_as_it_was():
    model, images = tiny_model("convolutional"), random_images(8)
    model.head.eval()  # modes differ between modules
    modes = [module.training for module in model.modules()]
    state = {key: value.clone() for key, value in model.state_dict().items()}
    seen = []
    model.register_forward_hook(lambda module, *_: seen.append(module.training))
    diverged(model, images, attack_on("l2", False, steps=3), generator())
    assert seen == [False] * 4, "natural images once, and a pass for each step"
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_batch_normalisation_sees_natural_and_perturbed_images_one_after_the_other():
    model, images, labels = tiny_model("convolutional"), random_images(8), torch.arange(8) % 4
    norm = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    before, sizes = norm.num_batches_tracked.item(), []
    norm.register_forward_hook(lambda module, inputs, _: sizes.append((module.training, len(inputs[0]))))
    trades(model, images, labels, attack_on("l2", False, steps=1), generator())
    assert sizes == [(False, 8), (True, 8), (True, 8)], "the attack's network has none"
    assert norm.num_batches_tracked.item() == before + 2


@pytest.mark.slow
def test_trades_makes_a_network_robust(digits, cpu):
    """Against an attack that it was not trained with, at the price of some accuracy at most."""
    images, test = first(digits.train, 600), first(digits.test, 200)
    adversary = AttackSettings("l2", 0.5, 3, 0.25, keep_best=False)
    recipes = {
        "standard": replace(STANDARD, epochs=6),
        "trades": replace(STANDARD, epochs=6, adversary=adversary, loss="trades"),
    }
    robust = {}
    for name, recipe in recipes.items():
        model, history = train(run(recipe, name), images, test, cpu)
        assert history["test_accuracy"].iloc[-1] > 60
        data = cpu.images(test.as_float()), cpu.labels(test.labels)
        attack = AttackSettings("l2", 0.5, 10, 0.125)
        robust[name] = 100 * robust_images(model, *data, attack, cpu, name).double().mean().item()
    assert robust["trades"] > robust["standard"] + 15


def test_the_weight_of_the_divergence_is_read_from_the_recipe(few_digits, cpu):
    losses = [
        train(run(replace(TRADES, epochs=1, loss_options=options)), few_digits, few_digits, cpu)[1]
        for options in ({}, {"beta": 6.0}, {"beta": 0.5})
    ]
    assert losses[0].equals(losses[1]), "the paper's weight is the default"
    assert losses[0]["training_loss"].item() != losses[2]["training_loss"].item()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_looks_up_its_own_adversary_and_no_other(name):
    """So a job that declares what :data:`ADVERSARY_OF` names can run, and no other adversary counts in it."""
    loss, settings = LOSSES[name], attack_on("l2", False, steps=1)
    batch = tiny_model("perceptron"), random_images(6), torch.arange(6) % 4
    of_attacks = {f"norm {settings.norm}"}
    with declaring(of_attacks | {ADVERSARIES.entry(ADVERSARY_OF[name])}):
        loss(*batch, settings, generator())
    others = set(map(ADVERSARIES.entry, ADVERSARIES)) - {ADVERSARIES.entry(ADVERSARY_OF[name])}
    with declaring(of_attacks | others), pytest.raises(UndeclaredError, match="adversary"):
        loss(*batch, settings, generator())


@pytest.mark.parametrize("name", LOSSES)
def test_without_an_adversary_a_loss_does_without_or_says_that_it_needs_one(name):
    loss, batch = LOSSES[name], (tiny_model("perceptron"), random_images(6), torch.arange(6) % 4)
    refused = pytest.raises(UserError, match=f"loss {name} needs an adversary")
    with declaring([]), refused if name in NEED_ADVERSARY else nullcontext():
        loss(*batch, None, generator())


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_gives_a_number_and_logits(name):
    model, images, labels = tiny_model("perceptron"), random_images(6), torch.arange(6) % 4
    loss, logits = LOSSES[name](model, images, labels, attack_on("l2", False, steps=1), generator())
    assert loss.shape == ()
    assert loss.requires_grad
    assert logits.shape == (6, 4)


def test_a_recipe_says_what_its_loss_lacks():
    with pytest.raises(ValidationError, match="'cross_entropy', 'trades'"):
        replace(STANDARD, loss="tradez")
    with pytest.raises(ValidationError, match="greater than 0"):
        replace(TRADES, loss_options={"beta": -1})


def test_only_a_recipe_with_a_loss_of_its_own_writes_it_down():
    """So settings in models and records that are older than the choice keep every byte."""
    assert not [name for name in plain(run(STANDARD))["recipe"] if name.startswith("loss")]
    written = plain(run(TRADES))
    assert (written["recipe"]["loss"], written["recipe"]["loss_options"]) == ("trades", {"beta": 2.0})
    for recipe in (STANDARD, TRADES, replace(TRADES, loss_options={})):
        assert TrainingRun(**plain(run(recipe))) == run(recipe)


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (replace(TRADES, loss_options={"gamma": 1.0}), "found gamma; trades takes beta"),
        (replace(STANDARD, loss_options={"beta": 1.0}), "found beta; cross_entropy takes none"),
    ],
    ids=["trades", "cross_entropy"],
)
def test_options_that_a_loss_does_not_take_are_refused_before_training(few_digits, cpu, recipe, says):
    with pytest.raises(UserError, match=says):
        train(run(recipe), few_digits, few_digits, cpu)


def test_random_starts_of_the_recipe_come_from_the_trainings_generator(few_digits, cpu):
    """Two models of different names draw differently: the noise is no part of the global stream."""
    one, again, other = (
        diverged(Linear(), random_images(4), attack_on("l2", False), cpu.generator(name))
        for name in ("one", "one", "other")
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
