"""The strongest attack: what it finds, in which order, and when it stops."""

import logging
from itertools import pairwise

import pytest
import torch
from samples import random_images
from torch import nn

from advex.attack import strongest
from advex.attack.objectives import cross_entropy, targeted_margin
from advex.attack.strongest import CONVERGED, ROUNDS, robust_images
from advex.common.settings import AttackSettings

CLASSES = 4
SETTINGS = AttackSettings("l2", 0.05, 5, 0.05, shrinking=True)


class Linear(nn.Module):
    """Four linear classes on 4x4 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = torch.randn(CLASSES, 16, generator=torch.Generator().manual_seed(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - 0.5).flatten(1) @ self.weights.T


@pytest.fixture
def problem() -> tuple[Linear, torch.Tensor, torch.Tensor]:
    model, images = Linear(), 0.35 + 0.3 * random_images(60, 1, 4)
    labels = model(images).argmax(1)
    labels[:5] = (labels[:5] + 1) % CLASSES
    return model, images, labels


@pytest.fixture
def made(monkeypatch):
    """The attacks that are made: objective, targets, settings, and how many images still stand after each."""
    calls = []
    real = strongest.standing

    def noted(objective, network, images, targets, labels, settings, **others):
        found = real(objective, network, images, targets, labels, settings, **others)
        calls.append((objective, targets, settings, len(images), int(found[0].sum())))
        return found

    monkeypatch.setattr(strongest, "standing", noted)
    return calls


def test_a_linear_network_is_robust_where_the_margin_says_so(problem, cpu):
    """How far the border to a class is: the margin over the length of the difference of weights."""
    model, images, labels = problem
    logits, weights = model(images), model.weights
    margins = logits.gather(1, labels[:, None]) - logits
    lengths = (weights[labels][:, None] - weights[None]).norm(dim=2).clamp_min(1e-9)
    distances = (margins / lengths).scatter(1, labels[:, None], torch.inf).amin(1)
    for radius in (0.02, 0.05, 0.1):
        settings = AttackSettings("l2", radius, 5, radius, shrinking=True)
        assert torch.equal(robust_images(model, images, labels, settings, cpu, "x"), distances > radius)
        assert 0 < (distances > radius).sum() < 55


def test_rounds_follow_the_attack_on_each_class_until_one_changes_nothing(problem, cpu, made):
    model, images, labels = problem
    robust = robust_images(model, images, labels, SETTINGS, cpu, "x")
    assert [objective for objective, *_ in made] == [cross_entropy, *[targeted_margin] * (len(made) - 1)]
    assert [settings.steps for _, _, settings, _, _ in made] == [5] * CLASSES + [
        5 * 2**number for number in range(1, len(made) - CLASSES + 1)
    ]
    assert made[0][3] == 55
    for before, after in pairwise(made):
        assert after[3] == before[4], "only images that stand are attacked"
    fooled = [before - after for *_, before, after in made[CLASSES:]]
    assert all(number >= CONVERGED * len(images) for number in fooled[:-1])
    assert fooled[-1] < CONVERGED * len(images)
    assert robust.sum() == made[-1][4]


def test_a_round_aims_at_the_class_that_came_nearest(problem, cpu, made):
    model, images, labels = problem
    robust = robust_images(model, images, labels, SETTINGS, cpu, "x")
    _, targets, _, before, after = made[-1]
    assert before == after == robust.sum()
    logits, weights = model(images[robust]), model.weights
    gaps = logits - logits.gather(1, labels[robust][:, None])
    reach = (weights[labels[robust]][:, None] - weights[None]).norm(dim=2) * SETTINGS.epsilon
    expected = (gaps + reach).scatter(1, labels[robust][:, None], -torch.inf).argmax(1)
    assert torch.equal(targets[:, 0], expected)
    assert torch.equal(targets[:, 1], labels[robust])


def test_rounds_end_and_it_is_said_when_they_did_not_converge(problem, cpu, monkeypatch, caplog):
    model, images, labels = problem
    tried = []

    def one_falls(objective, network, images, targets, labels, settings, **others):
        tried.append(settings.steps)
        stands = torch.ones(len(images), dtype=torch.bool)
        stands[0] = False
        return stands, torch.zeros(len(images))

    monkeypatch.setattr(strongest, "standing", one_falls)
    with caplog.at_level(logging.WARNING):
        robust = robust_images(model, images, labels, SETTINGS, cpu, "of a model")
    assert tried[-1] == 5 * 2**ROUNDS
    assert robust.sum() == 55 - CLASSES - ROUNDS
    assert f"of a model: the last round of {5 * 2**ROUNDS} steps still fooled it on 1 images" in caplog.text


def test_where_nothing_stands_no_round_follows(problem, cpu, made):
    model, images, labels = problem
    everything = AttackSettings("l2", 4.0, 5, 4.0, shrinking=True)
    assert not robust_images(model, images, labels, everything, cpu, "x").any()
    assert len(made) == CLASSES
