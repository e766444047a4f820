"""What several tests are made of: images, tiny networks, short trainings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from advex.common.images import ImageSet
from advex.common.numbers.outcomes import unpack
from advex.common.settings import (
    ArchitectureSettings,
    AttackSettings,
    AugmentationSettings,
    Recipe,
    TrainingRun,
)
from advex.config import load
from advex.measure.measure import measure

TINY = ArchitectureSettings("small_resnet18", {"width": 4, "stages": 2}, 1, 10, (0.305,), (0.376,))
SMALL = ArchitectureSettings("small_resnet18", {"width": 8, "stages": 2}, 1, 10, (0.305,), (0.376,))

STANDARD = Recipe(epochs=5, batch_size=32, learning_rate=0.1)
ADVERSARIAL = replace(
    STANDARD,
    adversary=AttackSettings("l2", 0.5, 2, 0.2, random_start=True, keep_best=False),
    augmentation=AugmentationSettings(1, True, 0.2, 10.0, 0.05),
)
TRADES = replace(
    STANDARD,
    adversary=AttackSettings("linf", 0.1, 3, 0.04, keep_best=False),
    augmentation=AugmentationSettings(1),
    loss="trades",
    loss_options={"beta": 2.0},
)
RECIPES = {"standard": STANDARD, "adversarial": ADVERSARIAL, "trades": TRADES}


def run(recipe, name="model", seed=0):
    return TrainingRun(name, seed, TINY, recipe)


def same(one, other):
    """Tell whether two trainings ended with the same bits."""
    states = one[0].state_dict(), other[0].state_dict()
    equal = all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    return equal and states[0].keys() == states[1].keys() and one[1].equals(other[1])


def with_outcomes(table):
    """Return the quantities whose rows say what became of each image, which must be what they count."""
    rows = table[table["outcomes"].notna()]
    for row in rows.to_dict("records"):
        outcomes = unpack(row["outcomes"], int(row["images"]))
        assert abs(row["value"] - 100 * outcomes.mean()) < 1e-9, row
    left = table.loc[table["outcomes"].isna(), "quantity"]
    assert not set(rows["quantity"]) & set(left)
    return set(rows["quantity"])


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


def measured(entries, seed, device):
    """Measure as a job does, with what kinds of instruments say of themselves."""
    plan = load(Path(__file__).parents[2] / "config")
    kinds = {row.kind: row for row in plan.experiments.instruments.values()}
    told = [
        replace(entry, reads=kinds[entry.kind].reads, columns=kinds[entry.kind].own_columns)
        for entry in entries
    ]
    return measure(told, seed, device)


class TinyClassifier(nn.Module):
    """A network with the methods of :class:`advex.networks.classifier.Classifier`, for 6x6 grey images.

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
