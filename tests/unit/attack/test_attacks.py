import math
from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from samples import TINY_MODELS, random_images, tiny_model
from scipy import optimize
from torch import nn
from torch.nn import functional

from advex.attack.loop import attack, projected_gradient, start_perturbation
from advex.attack.objectives import cross_entropy, cw_margin
from advex.attack.threat_models import threat_model
from advex.common.errors import UserError
from advex.common.machine.devices import torch_generator
from advex.common.settings import AttackSettings
from advex.networks.ensembles import Ensemble
from advex.networks.folding import folded
from advex.networks.predictions import evaluating
from advex.registries import OBJECTIVES

COUNT = 13


class Case(NamedTuple):
    settings: AttackSettings
    objective: str

    def __str__(self):
        settings = self.settings
        extras = ("-random" if settings.random_start else "") + ("" if settings.keep_best else "-last")
        return f"{settings.norm}-{settings.epsilon}{extras}-{self.objective}"


CASES = [
    Case(AttackSettings(norm, epsilon, 5, step_size, random_start, keep_best), objective)
    for norm, epsilon, step_size in (("l2", 1.0, 0.5), ("l2", math.inf, 0.7), ("linf", 0.1, 0.05))
    for random_start in ((False,) if epsilon == math.inf else (False, True))
    for keep_best in (True, False)
    for objective in OBJECTIVES
]
all_cases = pytest.mark.parametrize("case", CASES, ids=str)
all_models = pytest.mark.parametrize("name", TINY_MODELS)


def problem(name, objective):
    """Return a model in training mode, images, half of them at the corners of the box, and targets."""
    model, images = tiny_model(name), random_images(COUNT)
    images[1::2] = images[1::2].round()
    labels = torch.arange(COUNT) % 4
    pairs = torch.stack([(labels + 1) % 4, labels], 1)
    if objective == "targeted_margin":
        return model, images, pairs
    if objective.startswith("ensemble_"):
        return Ensemble([model, tiny_model(name, seed=1), tiny_model(name, seed=2)]), images, pairs
    if objective not in ("representation_distance", "prediction_divergence"):
        return model, images, labels
    with evaluating(model), torch.no_grad():
        others = random_images(COUNT, seed=7)
        of_others = model(others) if objective == "prediction_divergence" else model.representation(others)
        return model, images, of_others


def values(case, model, images, targets):
    with evaluating(model), torch.no_grad():
        return OBJECTIVES[case.objective](model, images, targets)


@all_models
@all_cases
def test_attacks_stay_in_ball_and_box_and_climb(case, name):
    model, images, targets = problem(name, case.objective)
    objective, settings = OBJECTIVES[case.objective], case.settings
    attacked = attack(objective, model, images, targets, settings, seed=3)
    assert attacked.shape == images.shape
    assert attacked.dtype == images.dtype
    assert not attacked.requires_grad
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    ball = threat_model(settings.norm, settings.epsilon)
    assert ball.contains(attacked - images, tolerance=1e-6).all()
    start = attack(objective, model, images, targets, replace(settings, steps=0), seed=3)
    before, after = (values(case, model, point, targets) for point in (start, attacked))
    if settings.keep_best:
        assert (after >= before).all()
    assert (after > before).float().mean() > 0.9, "most images are climbed in five steps"


@all_models
@all_cases
def test_batch_size_changes_nothing(case, name):
    """In double precision, where the objective has it: steps enlarge what other orders of sums differ by."""
    model, images, targets = problem(name, case.objective)
    within = 1e-5
    if case.objective != "representation_distance":
        model, images, within = model.double(), images.double(), 1e-9
        targets = targets.double() if targets.is_floating_point() else targets
    results = [
        attack(OBJECTIVES[case.objective], model, images, targets, case.settings, seed=3, batch_size=size)
        for size in (1, 7, COUNT)
    ]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=0, atol=within)


@all_models
@all_cases
def test_only_the_seed_of_a_random_start_matters(case, name):
    model, images, targets = problem(name, case.objective)
    # A single short step: more may arrive at the same maximum from any start.
    settings = replace(case.settings, steps=1, step_size=0.01)

    def attacked(seed):
        torch.rand(3)  # the global stream is somewhere else each time
        return attack(OBJECTIVES[case.objective], model, images, targets, settings, seed=seed)

    first = attacked(1)
    assert torch.equal(first, attacked(1))
    assert torch.equal(first, attacked(2)) != settings.random_start


@pytest.mark.parametrize("keep_best", [True, False])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_no_steps_return_the_start(norm, keep_best):
    model, images, labels = problem("convolutional", "cross_entropy")
    settings = AttackSettings(norm, 0.5, 0, 0.1, keep_best=keep_best)
    assert torch.equal(attack(cross_entropy, model, images, labels, settings), images)
    settings = replace(settings, random_start=True)
    start = start_perturbation(images, settings, torch_generator("start", 5))
    expected = (images + start).clamp(0, 1)
    assert torch.equal(attack(cross_entropy, model, images, labels, settings, seed=5), expected)
    assert not torch.equal(expected, images)


@pytest.mark.parametrize("random_start", [True, False])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_no_radius_returns_the_images(norm, random_start):
    model, images, labels = problem("linear", "cross_entropy")
    settings = AttackSettings(norm, 0.0, 3, 0.1, random_start)
    torch.testing.assert_close(attack(cross_entropy, model, images, labels, settings, seed=0), images)


@pytest.mark.parametrize("random_start", [True, False])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_no_images_are_no_problem(norm, random_start):
    model, images, labels = problem("convolutional", "cross_entropy")
    settings = AttackSettings(norm, 0.5, 2, 0.1, random_start=random_start)
    assert attack(cross_entropy, model, images[:0], labels[:0], settings, seed=0).shape == (0, 1, 6, 6)
    found = projected_gradient(cross_entropy, folded(model), images[:0], labels[:0], settings)
    assert found.shape == (0, 1, 6, 6)


def test_a_random_start_in_an_infinite_ball_is_refused():
    settings = AttackSettings("l2", math.inf, 1, 0.1, random_start=True)
    with pytest.raises(UserError, match="random_start"):
        attack(cross_entropy, *problem("linear", "cross_entropy"), settings, seed=0)


def two_class_linear(seed=0):
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(2, 36, generator=torch.Generator().manual_seed(seed)))
    return model


def uphill(model, labels):
    """Return, for each image, the difference of weights that points out of its class."""
    weight = model[1].weight.detach()
    return (weight[1 - labels] - weight[labels]).view(-1, 1, 6, 6)


@pytest.mark.parametrize("random_start", [True, False])
@pytest.mark.parametrize("objective", [cross_entropy, cw_margin])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_closed_form_on_linear_models(norm, objective, random_start):
    """Where the box does not bind the maximum is eps w / |w| (l2) or eps sign(w) (linf)."""
    model, images, labels = two_class_linear(), 0.3 + 0.4 * random_images(9), torch.arange(9) % 2
    epsilon, w = 0.2, uphill(two_class_linear(), labels)
    steps = 200 if norm == "l2" and random_start else 8
    # The best iterate is known only up to the rounding of the objective, so the last is compared.
    settings = AttackSettings(norm, epsilon, steps, 0.1, random_start, keep_best=not random_start)
    lengths = w.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    expected = images + (epsilon * w / lengths if norm == "l2" else epsilon * w.sign())
    found = attack(objective, model, images, labels, settings, seed=0)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_optimum_on_linear_models_where_the_box_binds(norm):
    """At corners of the box the optimum is clip(x + t w), with t such that the ball is used up."""
    model, images, labels = two_class_linear(), random_images(9).round(), torch.arange(9) % 2
    epsilon, w = 0.8, uphill(two_class_linear(), labels)
    found = attack(cw_margin, model, images, labels, AttackSettings(norm, epsilon, 100, 0.04))
    for image, direction, result in zip(images, w, found, strict=True):
        if norm == "linf":
            best = (image + epsilon * direction.sign()).clamp(0, 1)
        else:
            scale = optimize.brentq(
                lambda t, x=image, d=direction: ((x + t * d).clamp(0, 1) - x).norm().item() - epsilon, 0, 10
            )
            best = (image + scale * direction).clamp(0, 1)
        optimal, reached = ((point - image).mul(direction).sum() for point in (best, result))
        assert 0.99 * optimal <= reached <= 1.00001 * optimal


def test_the_best_iterate_is_kept_and_the_last_is_not():
    """On a parabola a step of twice the distance to the top comes back to where it began."""
    model = nn.Identity()
    images, top = torch.full((1, 1, 1, 1), 0.2), torch.tensor([0.5])

    def parabola(model, images, targets):
        return -((model(images).flatten() - targets) ** 2)

    settings = AttackSettings("l2", math.inf, 2, 0.29)
    assert attack(parabola, model, images, top, settings).item() == pytest.approx(0.49)
    last = replace(settings, keep_best=False)
    assert attack(parabola, model, images, top, last).item() == pytest.approx(0.78)


def test_steps_that_shrink_fall_linearly_to_nothing():
    """Along a slope the way is the sum of the steps: 0.4 (1 + 3/4 + 1/2 + 1/4)."""
    settings = AttackSettings("linf", math.inf, 4, 0.4, keep_best=False, shrinking=True)
    assert [settings.length(step) for step in range(4)] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert [replace(settings, shrinking=False).length(step) for step in range(4)] == [0.4] * 4
    shorter = replace(settings, step_size=0.04)
    images = torch.full((2, 1, 1, 1), 0.5)

    def slope(model, images, targets):
        return targets * images.flatten()

    moved = attack(slope, nn.Identity(), images, torch.tensor([1.0, -1.0]), shorter)
    assert moved.flatten().tolist() == pytest.approx([0.6, 0.4])


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_steps_that_shrink_settle_at_the_optimum_and_need_no_best(norm):
    """Constant steps of the radius swing about the top of a hill; those that shrink reach it."""
    generator = torch.Generator().manual_seed(1)
    images, tops = (0.4 + 0.2 * torch.rand(20, 1, 6, 6, generator=generator) for _ in range(2))
    weights = 0.5 + torch.rand(1, 6, 6, generator=generator)

    def hill(model, images, targets):
        return -(weights * (images - targets) ** 2).flatten(1).sum(1)

    radius = 1.0 if norm == "l2" else 0.25  # all tops are inside
    lost = {}
    for shrinking in (False, True):
        settings = AttackSettings(norm, radius, 60, radius, keep_best=False, shrinking=shrinking)
        lost[shrinking] = -hill(None, attack(hill, nn.Identity(), images, tops, settings), tops).mean()
    assert lost[True] < 0.01 * lost[False]


def test_targeted_attacks_reach_their_targets_and_representations_come_near():
    model, images, targets = problem("perceptron", "targeted_cross_entropy")
    settings = AttackSettings("l2", math.inf, 60, 0.5)
    reached = attack(OBJECTIVES["targeted_cross_entropy"], model, images, targets, settings)
    with evaluating(model):
        hits = [(model(point).argmax(1) == targets).float().mean() for point in (images, reached)]
    assert hits[0] < 0.4
    assert hits[1] > 0.7
    model, images, wanted = problem("perceptron", "representation_distance")
    slow = replace(settings, steps=200, step_size=0.05)
    found = attack(OBJECTIVES["representation_distance"], model, images, wanted, slow)
    case = Case(slow, "representation_distance")
    before, after = (-values(case, model, point, wanted) for point in (images, found))
    assert after.mean() < 0.1 * before.mean()


@pytest.mark.parametrize("with_gradients", [True, False])
@pytest.mark.parametrize("raises", [True, False])
@all_models
def test_the_model_is_left_as_it_was(name, raises, with_gradients):
    model, images, labels = problem(name, "cross_entropy")
    model.head.bias.requires_grad_(False)
    model.head.eval()  # modes differ between modules
    if with_gradients:
        cross_entropy(model, images, labels).sum().backward()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    gradients = [p.grad if p.grad is None else p.grad.clone() for p in model.parameters()]
    modes = [module.training for module in model.modules()]
    calls = []

    def objective(model, images, targets):
        calls.append([module.training for module in model.modules()])
        if raises and len(calls) == 3:
            raise ZeroDivisionError
        return cross_entropy(model, images, targets)

    settings = AttackSettings("l2", 0.5, 4, 0.1)
    before = images.clone()
    if raises:
        with pytest.raises(ZeroDivisionError):
            attack(objective, model, images, labels, settings)
    else:
        attack(objective, model, images, labels, settings)
    assert not any(any(call) for call in calls), "attacked in evaluation mode"
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert parameter.grad is gradient or torch.equal(parameter.grad, gradient)
        assert parameter.requires_grad == (parameter is not model.head.bias)
    assert torch.equal(images, before)
    assert not images.requires_grad


def test_no_gradient_is_computed_for_weights():
    computed = []

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 36))

        def forward(self, images):
            weight = self.weight * 1
            if weight.requires_grad:  # not in the forward pass that only compares
                weight.register_hook(computed.append)
            return functional.linear(images.flatten(1), weight)

    model, images, labels = Watched(), random_images(3), torch.tensor([0, 1, 0])
    attack(cross_entropy, model, images, labels, AttackSettings("l2", 0.5, 3, 0.1))
    assert not computed
    cross_entropy(model, images, labels).sum().backward()
    assert computed, "the hook does see a backward pass that asks for weights"


@pytest.mark.parametrize("keep_best", [True, False])
def test_cost_is_one_forward_pass_per_step_and_one_more_to_keep_the_best(keep_best):
    calls = []

    def objective(*arguments):
        calls.append(torch.is_grad_enabled())
        return cross_entropy(*arguments)

    settings = AttackSettings("l2", 0.5, 4, 0.1, keep_best=keep_best)
    attack(objective, *problem("linear", "cross_entropy"), settings)
    assert calls == [True] * 4 + [False] * keep_best


def test_steps_are_reported_as_progress():
    class Count:
        steps = 0

        def advance(self):
            self.steps += 1

    progress, settings = Count(), AttackSettings("l2", 0.5, 4, 0.1)
    model, *others = problem("linear", "cross_entropy")
    projected_gradient(cross_entropy, folded(model), *others, settings, progress=progress)
    assert progress.steps == 4
