"""The study's attack against other people's: foolbox's PGD step by step, and AutoAttack at full strength."""

from typing import NamedTuple

import pytest

from advex.attack.loop import attack
from advex.attack.objectives import cross_entropy, cw_margin
from advex.attack.strongest import robust_images
from advex.common.machine.devices import Device
from advex.common.settings import AttackSettings

foolbox = pytest.importorskip("foolbox")
pyautoattack = pytest.importorskip("pyautoattack")
pytestmark = pytest.mark.slow  # models are trained first


class Radius(NamedTuple):
    norm: str
    epsilon: float
    steps: int
    step_size: float


RADII = [Radius("l2", 0.5, 20, 0.0625), Radius("l2", 1.0, 20, 0.125), Radius("linf", 0.1, 20, 0.0125)]
models = pytest.mark.parametrize("name", ["standard", "robust"])


def accuracy(model, images, labels):
    """Return the accuracy in percent."""
    return 100 * (model(images).argmax(1) == labels).double().mean().item()


def test_the_trained_models_are_worth_attacking(trained_digits):
    models, images, labels = trained_digits[:2], trained_digits.images, trained_digits.labels
    natural = [accuracy(model, images, labels) for model in models]
    settings = AttackSettings("l2", 1.0, 20, 0.125)
    robust = [accuracy(m, attack(cross_entropy, m, images, labels, settings), labels) for m in models]
    assert natural[0] > 95
    assert natural[1] > 90
    assert robust[0] < 5
    assert robust[1] > robust[0] + 20


@models
@pytest.mark.parametrize("radius", RADII, ids=lambda radius: f"{radius.norm}-{radius.epsilon}")
def test_robust_accuracy_is_that_of_foolbox(trained_digits, name, radius):
    model, images, labels = getattr(trained_digits, name), trained_digits.images, trained_digits.labels
    method = {"l2": foolbox.attacks.L2PGD, "linf": foolbox.attacks.LinfPGD}[radius.norm]
    theirs = method(abs_stepsize=radius.step_size, steps=radius.steps, random_start=False)
    _, clipped, _ = theirs(
        foolbox.PyTorchModel(model, bounds=(0, 1)), images.contiguous(), labels, epsilons=radius.epsilon
    )
    last = attack(cross_entropy, model, images, labels, AttackSettings(*radius, keep_best=False))
    best = attack(cross_entropy, model, images, labels, AttackSettings(*radius))
    assert accuracy(model, last, labels) == pytest.approx(accuracy(model, clipped, labels), abs=1)
    assert accuracy(model, best, labels) <= accuracy(model, clipped, labels) + 1
    # The same steps are taken; sums of floats in another order may part the paths of a few images.
    same = (last - clipped).abs().flatten(1).amax(1) < 1e-3
    assert same.double().mean() > 0.9


@models
@pytest.mark.parametrize("objective", [cross_entropy, cw_margin], ids=["cross_entropy", "cw_margin"])
def test_more_steps_and_larger_balls_are_stronger(trained_digits, name, objective):
    model, images, labels = getattr(trained_digits, name), trained_digits.images, trained_digits.labels
    found = [
        accuracy(model, attack(objective, model, images, labels, AttackSettings("l2", *rest)), labels)
        for rest in ((0.0, 20, 0.1), (0.25, 20, 0.03), (0.5, 20, 0.0625), (1.0, 20, 0.125), (3.0, 20, 0.4))
    ]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 5


@models
@pytest.mark.parametrize("setting", ["evaluation_half_epsilon", "evaluation_full_epsilon"])
def test_evaluation_is_as_strong_as_auto_attack(trained_digits, digits_study, name, setting):
    """The study's robust accuracy, with 1 point of grace; APGD on two losses, 5 restarts."""
    model, settings = getattr(trained_digits, name), digits_study.attacks[setting]
    images, labels = trained_digits.images, trained_digits.labels
    assert settings.norm == "l2"
    auto = pyautoattack.AutoAttack(
        model, norm="L2", eps=settings.epsilon, version="custom", attacks=["apgd-ce", "apgd-t"], seed=0
    )
    theirs = auto.run_standard_evaluation(images, labels, batch_size=200)
    theirs = theirs[0] if isinstance(theirs, tuple) else theirs
    assert (theirs - images).flatten(1).norm(dim=1).max() < settings.epsilon + 1e-5
    assert theirs.min() >= 0
    assert theirs.max() <= 1
    robust = robust_images(model, images, labels, settings, Device.choose(), "test")
    assert 100 * robust.double().mean() <= accuracy(model, theirs, labels) + 1 + 1e-4
    assert not robust[model(images).argmax(1) != labels].any()
