"""Fixtures of the unit tests: images, and models trained once per session."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from samples import RECIPES, SMALL, first, run
from torch import Tensor

from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import AttackSettings, Recipe, TrainingRun
from advex.config import load
from advex.networks.classifier import Classifier
from advex.prepare.sources import Prepared, prepare
from advex.train.training import train

CONFIG = Path(__file__).parents[2] / "config"


class Digits(NamedTuple):
    """Trained models, and natural test images to attack them with."""

    standard: Classifier
    robust: Classifier
    images: Tensor
    labels: Tensor


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def cpu() -> Device:
    return Device(torch.device("cpu"))


@pytest.fixture(scope="session")
def digits() -> Prepared:
    return prepare("digits", mirror=None, downloads="", train_images=None, test_images=None)


@pytest.fixture(scope="session")
def few_digits(digits) -> ImageSet:
    """The first 100 training images."""
    return first(digits.train, 100)


@pytest.fixture(scope="session")
def digits_study():
    return load(CONFIG).studies["digits"]


@pytest.fixture(scope="session")
def trained_digits(digits, cpu) -> Digits:
    """A standard and an adversarially trained model, and 200 test images."""
    adversary = AttackSettings("l2", 1.0, 7, 0.2, keep_best=False)
    recipes = {
        "standard": Recipe(6, 64, 0.1, evaluate_every=100),
        "robust": Recipe(14, 64, 0.1, evaluate_every=100, adversary=adversary),
    }
    models = [
        train(TrainingRun(name, 0, SMALL, recipe), digits.train, digits.test, cpu)[0].requires_grad_(False)
        for name, recipe in recipes.items()
    ]
    test = first(digits.test, 200)
    return Digits(*models, cpu.images(test.as_float()), cpu.labels(test.labels))


@pytest.fixture(scope="session")
def trained(few_digits, cpu):
    """All recipes trained without interruption."""
    return {name: train(run(recipe), few_digits, few_digits, cpu) for name, recipe in RECIPES.items()}
