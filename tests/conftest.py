"""Fixtures shared by all tests: images, tiny networks, and two models trained once per session."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from advex.architectures import Classifier
from advex.config import load
from advex.devices import Device
from advex.images import ImageSet
from advex.settings import ArchitectureSettings, AttackSettings, Recipe, TrainingRun
from advex.sources import Prepared, prepare
from advex.training import train

CONFIG = Path(__file__).parents[1] / "config"
TINY = ArchitectureSettings("small_resnet18", {"width": 4, "stages": 2}, 1, 10, (0.305,), (0.376,))
SMALL = ArchitectureSettings("small_resnet18", {"width": 8, "stages": 2}, 1, 10, (0.305,), (0.376,))


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


def first(images: ImageSet, count: int) -> ImageSet:
    """Return the first images of a set."""
    return ImageSet(images.images[:count], images.labels[:count], images.classes)


def random_images(count: int, channels: int = 1, size: int = 6, seed: int = 0) -> Tensor:
    """Draw images uniformly from [0, 1]."""
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(seed))


def random_set(count: int, classes: int = 4, channels: int = 1, size: int = 6, seed: int = 0) -> ImageSet:
    """Draw uint8 images and labels uniformly."""
    generator = np.random.default_rng(seed)
    images = generator.integers(256, size=(count, channels, size, size), dtype=np.uint8)
    return ImageSet(images, generator.integers(classes, size=count), tuple(map(str, range(classes))))


class TinyClassifier(nn.Module):
    """A network with the methods of :class:`advex.architectures.Classifier`, for 6x6 grey images.

    It starts in training mode, as networks do, so a test sees whether its mode is put back.
    """

    def __init__(self, backbone: nn.Module, features: int, classes: int = 4) -> None:
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(features, classes)

    def representation(self, images: Tensor) -> Tensor:
        return self.backbone(images)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.backbone(images))


def linear() -> TinyClassifier:
    return TinyClassifier(nn.Flatten(), 36)


def perceptron() -> TinyClassifier:
    return TinyClassifier(nn.Sequential(nn.Flatten(), nn.Linear(36, 16), nn.Tanh()), 16)


def convolutional() -> TinyClassifier:
    """Build a convolutional network whose batch normalisation has seen data."""
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten()]
    model = TinyClassifier(nn.Sequential(*layers), 72)
    model(random_images(32, seed=1))
    return model


TINY_MODELS = {"linear": linear, "perceptron": perceptron, "convolutional": convolutional}


def tiny_model(name: str, seed: int = 0) -> TinyClassifier:
    """Build a tiny network with weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TINY_MODELS[name]()
