"""Ensembles: networks side by side, attacks that they penalise, and their training in one job."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from samples import STANDARD, TINY, first, random_images, run, same, tiny_model
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from advex.attack.loop import projected_gradient
from advex.attack.objectives import (
    cross_entropy,
    ensemble_opposed,
    ensemble_penalised,
    targeted_cross_entropy,
)
from advex.attack.threat_models import threat_model
from advex.common.checkpoint import Checkpoint
from advex.common.errors import UserError
from advex.common.settings import AttackSettings, Construction
from advex.construct.constructions import construct
from advex.networks.classifier import build
from advex.networks.ensembles import Ensemble
from advex.networks.predictions import evaluating
from advex.networks.stored_models import read_ensemble, read_model, write_model
from advex.registries import OBJECTIVES
from advex.train import checkpoints, ensemble_training
from advex.train.ensemble_training import train_ensemble
from advex.train.training import train

IMAGES = random_images(12)
AIMS = torch.stack([torch.arange(12) % 4, (torch.arange(12) + 1) % 4], 1)
TARGETS, LABELS = AIMS.unbind(1)


def networks(count, name="convolutional"):
    return [tiny_model(name, seed).requires_grad_(False).eval() for seed in range(count)]


def loss(model, images, labels):
    return functional.cross_entropy(model(images), labels, reduction="none")


def test_logits_are_those_of_each_member():
    models = networks(3) + networks(1, "linear")
    logits = Ensemble(models)(IMAGES)
    assert logits.shape == (4, 12, 4)
    for model, ours in zip(models, logits, strict=True):
        torch.testing.assert_close(ours, model(IMAGES))


@pytest.mark.parametrize("others", [1, 3])
def test_objectives_are_the_published_sums(others):
    source, *rest = networks(1 + others)
    joined = Ensemble([source, *rest])
    keep = torch.stack([loss(model, IMAGES, LABELS) for model in rest]).mean(0)
    torch.testing.assert_close(
        ensemble_penalised(joined, IMAGES, AIMS), -(loss(source, IMAGES, TARGETS) + keep)
    )
    reach = torch.stack([loss(model, IMAGES, TARGETS) for model in rest]).mean(0)
    torch.testing.assert_close(ensemble_opposed(joined, IMAGES, AIMS), reach - loss(source, IMAGES, TARGETS))


def test_an_ensemble_of_one_adds_two_plain_objectives():
    source, other = networks(2)
    plain = targeted_cross_entropy(source, IMAGES, TARGETS) - cross_entropy(other, IMAGES, LABELS)
    torch.testing.assert_close(ensemble_penalised(Ensemble([source, other]), IMAGES, AIMS), plain)


def test_gradients_of_linear_networks_have_a_closed_form():
    """For softmax regression: W^T (e_target - p) of the source plus the mean W_i^T (e_label - p_i)."""
    source, *rest = networks(4, "linear")

    def climb(model, labels):
        miss = functional.one_hot(labels, 4).float() - model(IMAGES).softmax(1)
        return (miss @ model.head.weight).view_as(IMAGES)

    images = IMAGES.clone().requires_grad_(True)
    joined = Ensemble([source, *rest])
    (found,) = torch.autograd.grad(ensemble_penalised(joined, images, AIMS).sum(), images)
    wanted = climb(source, TARGETS) + torch.stack([climb(model, LABELS) for model in rest]).mean(0)
    torch.testing.assert_close(found, wanted)
    (found,) = torch.autograd.grad(ensemble_opposed(joined, images, AIMS).sum(), images)
    wanted = climb(source, TARGETS) - torch.stack([climb(model, TARGETS) for model in rest]).mean(0)
    torch.testing.assert_close(found, wanted)


def test_one_after_the_other_is_what_a_grouped_pass_gives():
    models = [build(TINY, "member", seed).double().eval().requires_grad_(False) for seed in range(3)]
    stacked = stack_module_state(models)
    skeleton = copy.deepcopy(models[0]).to("meta")
    images = random_images(5, size=8).double()

    def grouped(inputs):
        return vmap(lambda *state: functional_call(skeleton, state, (inputs,)))(*stacked)

    def gradient(model):
        inputs = images.clone().requires_grad_(True)
        return torch.autograd.grad(model(inputs).logsumexp(-1).sum(), inputs)[0]

    joined = Ensemble(models)
    torch.testing.assert_close(joined(images), grouped(images))
    torch.testing.assert_close(gradient(joined), gradient(grouped))


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("name", ["ensemble_penalised", "ensemble_opposed"])
def test_the_attack_is_the_published_update(name, norm):
    """Against a loop written anew: x <- P(x - step * direction(sum of the losses' gradients)).

    In double precision: directions of small gradients enlarge what rounding differs by.
    """
    source, *rest = (model.double() for model in networks(4))
    epsilon, step, steps = {"l2": (1.5, 0.3, 6), "linf": (0.2, 0.05, 6)}[norm]
    originals = IMAGES.double()
    images = originals.clone()
    for _ in range(steps):
        images.requires_grad_(True)
        total = loss(source, images, TARGETS).sum()
        for model in rest:
            sign, aim = (1, LABELS) if name == "ensemble_penalised" else (-1, TARGETS)
            total = total + sign * loss(model, images, aim).sum() / len(rest)
        (slope,) = torch.autograd.grad(total, images)
        if norm == "l2":
            moved = images.detach() - step * slope / slope.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
            far = (moved - originals).flatten(1).norm(dim=1).clamp_min(epsilon).view(-1, 1, 1, 1)
            images = (originals + (moved - originals) * epsilon / far).clamp(0, 1)
        else:
            moved = images.detach() - step * slope.sign()
            images = torch.minimum(torch.maximum(moved, originals - epsilon), originals + epsilon).clamp(0, 1)
    settings = AttackSettings(norm, epsilon, steps, step, keep_best=False)
    ours = projected_gradient(OBJECTIVES[name], Ensemble([source, *rest]), originals, AIMS, settings)
    torch.testing.assert_close(ours, images, atol=1e-7, rtol=0)
    assert threat_model(norm, epsilon).contains(ours - originals, 1e-9).all()
    assert ours.min() >= 0
    assert ours.max() <= 1


def test_attacks_use_the_first_members_and_never_the_last():
    source, *rest = networks(5)
    ensemble = Ensemble(rest)
    assert list(ensemble.against(source).members) == [source, *rest[:3]]
    assert list(ensemble.against(source, 1).members) == [source, rest[0]]
    for size in (0, 4):
        with pytest.raises(ValueError, match="have 3 to attack with"):
            ensemble.against(source, size)


def test_files_hold_all_networks_and_give_the_one_held_out(cpu, tmp_path):
    ensemble = Ensemble(build(TINY, "member", seed) for seed in range(3)).eval()
    write_model(tmp_path / "ensemble", ensemble, TINY, {})
    write_model(tmp_path / "single", ensemble.held_out, TINY, {})
    images = random_images(4, size=8)
    with torch.no_grad():
        torch.testing.assert_close(read_ensemble(tmp_path / "ensemble", cpu)(images), ensemble(images))
        torch.testing.assert_close(read_model(tmp_path / "ensemble", cpu)(images), ensemble(images)[-1])
    with pytest.raises(UserError, match="holds one network; an ensemble is needed"):
        read_ensemble(tmp_path / "single", cpu)


@pytest.fixture(scope="module")
def trained_ensemble(digits, cpu):
    few = first(digits.train, 100)
    return train_ensemble(replace(run(STANDARD), members=2), few, few, cpu)


def test_a_penalised_set_keeps_its_ensemble_from_the_target(trained_ensemble, few_digits, cpu):
    ensemble, _ = trained_ensemble
    source = train(run(STANDARD, "source"), few_digits, few_digits, cpu)[0].requires_grad_(False)
    attack = AttackSettings("l2", 1.5, 15, 0.3, keep_best=False)
    plain = Construction("pgd", 0, "target", attack)
    penalised = replace(plain, name="bugs", objective="ensemble_penalised")
    built, _ = construct(plain, few_digits, source, cpu)
    bugs, table = construct(penalised, few_digits, source, cpu, ensemble=ensemble)
    np.testing.assert_array_equal(bugs.labels, built.labels)

    def reached(model, data):
        with torch.no_grad(), evaluating(model):
            answers = model(torch.from_numpy(data.images)).argmax(1).numpy()
        return 100 * np.mean(answers == data.labels)

    assert table["source_accuracy_percent"].item() == pytest.approx(reached(source, bugs))
    assert reached(source, bugs) > reached(ensemble.members[0], bugs) + 15
    assert reached(ensemble.members[0], bugs) < reached(ensemble.members[0], built)
    with pytest.raises(UserError, match="only constructed sets know"):
        few_digits.labelled("original")
    np.testing.assert_array_equal(bugs.labelled("original").labels, few_digits.labels)
    assert bugs.labelled("assigned") is bugs


def test_members_are_trained_each_for_itself(trained_ensemble, few_digits, cpu):
    ensemble, history = trained_ensemble
    for index, member in enumerate(ensemble.members):
        alone = train(run(STANDARD, f"model_{index}"), few_digits, few_digits, cpu)
        ours = history[history["member"] == index].drop(columns="member").reset_index(drop=True)
        assert same(alone, (member, ours))
    weights = [member.head.weight for member in ensemble.members]
    assert not torch.equal(*weights)


def test_an_interrupted_ensemble_goes_on_where_it_was(
    trained_ensemble, few_digits, cpu, tmp_path, monkeypatch
):
    calls = []

    def training(run, *arguments, **options):
        calls.append(run.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(run, *arguments, **options)

    monkeypatch.setattr(ensemble_training, "train", training)
    ensemble = replace(run(STANDARD), members=2)
    checkpoint = Checkpoint(tmp_path / "seed0.checkpoint")
    with pytest.raises(KeyboardInterrupt):
        train_ensemble(ensemble, few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert [path.name for path in tmp_path.iterdir()] == ["seed0.member0.checkpoint"]
    read = []
    real = checkpoints.load_checkpoint
    monkeypatch.setattr(
        "advex.train.training.load_checkpoint", lambda *given: read.append(real(*given)) or read[-1]
    )
    resumed, history = train_ensemble(ensemble, few_digits, few_digits, cpu, checkpoint=checkpoint)
    assert [found.get("epochs") for found in read] == [STANDARD.epochs, None]
    whole, whole_history = trained_ensemble
    assert history.equals(whole_history)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
