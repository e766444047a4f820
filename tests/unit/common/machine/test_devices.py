"""Devices compute at the precision that a study asks for, whatever machine they are on."""

from dataclasses import replace

import pytest
import torch
from samples import SMALL, first, same

from advex.attack.strongest import robust_images
from advex.common.machine.devices import Device
from advex.common.settings import AttackSettings, Recipe, TrainingRun
from advex.networks.classifier import build
from advex.networks.folding import folded
from advex.networks.predictions import accuracy_of
from advex.train.training import train

BFLOAT16 = Device(torch.device("cpu"), "bfloat16")


@pytest.mark.parametrize(
    ("precision", "on_a_processor", "on_a_gpu"),
    [
        ("float32", "float32", "float32"),
        ("bfloat16", "float32", "bfloat16"),
        ("bfloat16_everywhere", "bfloat16", "bfloat16"),
    ],
)
def test_a_processor_computes_in_bfloat16_only_where_it_is_asked_to(
    precision, on_a_processor, on_a_gpu, monkeypatch
):
    for gpu, expected in ((False, on_a_processor), (True, on_a_gpu)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda gpu=gpu: gpu)
        device = Device.choose(precision)
        assert (device.on_gpu, device.precision) == (gpu, expected)


def test_logits_are_of_the_precision_and_weights_are_not(cpu):
    model = folded(build(SMALL, "precision"))
    images = torch.rand(3, SMALL.channels, 8, 8)
    for device, expected in ((cpu, torch.float32), (BFLOAT16, torch.bfloat16)):
        with device.computing():
            assert model(images).dtype == expected
    assert {value.dtype for value in model.state_dict().values()} <= {torch.float32, torch.int64}


@pytest.mark.slow
def test_bfloat16_agrees_statistically_and_is_repeatable(digits, cpu):
    """Accuracies, robust ones too, in the mean of three seeds each, which differ by more among themselves."""
    adversary = AttackSettings("l2", 0.5, 3, 0.25, keep_best=False)
    recipe = Recipe(8, 32, 0.1, evaluate_every=100, adversary=adversary)
    evaluation = AttackSettings("l2", 0.5, 5, 0.5, shrinking=True)
    images, test = first(digits.train, 600), first(digits.test, 200)
    found = {}
    for device in (cpu, BFLOAT16):
        for seed in range(3):
            model = train(TrainingRun("model", seed, SMALL, recipe), images, test, device)[0]
            shown, labels = device.images(test.as_float()), device.labels(test.labels)
            robust = robust_images(model, shown, labels, evaluation, device, "robust").double().mean().item()
            found[device.precision, seed] = accuracy_of(model, shown, labels, device), robust
    for kind, tolerance in ((0, 0.03), (1, 0.06)):
        means = [sum(found[name, seed][kind] for seed in range(3)) / 3 for name in ("float32", "bfloat16")]
        assert abs(means[0] - means[1]) < tolerance, found
    assert min(robust for _, robust in found.values()) > 0.3, found

    def trained(device):
        short = TrainingRun("model", 0, SMALL, replace(recipe, epochs=1))
        return train(short, first(images, 100), first(images, 100), device)

    assert same(trained(BFLOAT16), trained(BFLOAT16))
    assert not same(trained(BFLOAT16), trained(cpu))
