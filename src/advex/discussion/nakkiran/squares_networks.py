"""Networks on Adversarial Squares (comment 5, Nakkiran): robust until they fit the label noise."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from advex.attack.loop import attack
from advex.attack.objectives import cw_margin
from advex.common.artifacts import Array
from advex.common.machine.devices import Device, initial_weights, torch_generator
from advex.common.machine.progress import Progress
from advex.common.randomness import numpy_generator
from advex.common.settings import ArchitectureSettings, AttackSettings, Recipe, StepDrops
from advex.discussion.nakkiran.squares import SQUARES_COLUMNS, draw_squares
from advex.networks.classifier import build
from advex.networks.predictions import accuracy_of, evaluating, predictions
from advex.train.optimizers import Adam
from advex.train.training import Training

SCALE = 4.0
"""Images x become x / 4 + 1 / 2: up to ``|x| = 2`` they lie in [0, 1], where our attacks keep images."""

LARGEST_EPSILON = 0.9
"""Beyond it, images of pixel noise up to 0.1 could be kept from the ball by that limit."""


def network_squares_table(
    *,
    architecture: Mapping[str, Any],
    images: int,
    test_images: int,
    channels: int,
    side: int,
    label_noise: Sequence[float],
    pixel_noise: Sequence[float],
    learning_rate: float,
    batch_size: int,
    evaluate_after: Sequence[int],
    epsilons: Sequence[float],
    attack_steps: int,
    device: Device,
    seed: int,
) -> pd.DataFrame:
    """Train a network under every combination of both noises, and watch its robustness.

    Args:
        architecture: ``name`` and ``options`` of one.
        images: number of training images.
        test_images: number of test images, whose labels are right.
        channels: channels of an image.
        side: height and width of an image.
        label_noise: probabilities that an image is the negative of its label.
        pixel_noise: half widths of the noise in each pixel, on the scale where black is -1 and white 1.
        learning_rate: of Adam.
        batch_size: images per step; batches of a pass over the images share none.
        evaluate_after: ascending numbers of steps; the last ends the training.
        epsilons: l-infinity radii on the same scale, up to 0.9.
        attack_steps: steps of the projected gradient attack, each 2.5 epsilon over their number.
        device: where to compute.
        seed: decides all randomness.

    Returns:
        The columns of :func:`advex.discussion.nakkiran.squares.linear_squares_table` with method ``network``,
        for every ``step`` of ``evaluate_after``: train_accuracy, accuracy, robust_accuracy by ``epsilon``, in
        percent.
    """
    dimension = channels * side**2
    moments = ((0.5,) * channels, (1 / SCALE,) * channels)
    settings = ArchitectureSettings(
        architecture["name"], architecture.get("options", {}), channels, 2, *moments
    )
    rows: list[tuple[Any, ...]] = []
    for flips, noise in product(label_noise, pixel_noise):
        name = f"squares, label noise {flips:g}, pixel noise {noise:g}"
        generator = numpy_generator("squares", name, seed)
        draws = [
            draw_squares(*size, noise, generator)
            for size in ((images, dimension, flips), (test_images, dimension, 0.0))
        ]
        (inputs, labels), (test, truth) = (_tensors(x, y, channels, side, device) for x, y, _ in draws)
        model = build(settings, name, seed)
        device.model(model)
        progress = Progress(f"{name}, seed {seed}", evaluate_after[-1])
        training = Training(
            model,
            inputs,
            labels,
            # An epoch has one step at least, so these epochs are enough; the learning rate stays.
            Recipe(evaluate_after[-1], batch_size, learning_rate, StepDrops()),
            device.generator("batches", name, seed),
            device,
            optimizer=Adam(model.parameters()),
        )
        for done, _ in enumerate(islice(training.steps(), evaluate_after[-1]), start=1):
            progress.advance()
            if done not in evaluate_after:
                continue
            common = (seed, "network", images, dimension, flips, noise, done)
            rows.append((*common, None, "train_accuracy", 100 * accuracy_of(model, inputs, labels, device)))
            rows.append((*common, None, "accuracy", 100 * accuracy_of(model, test, truth, device)))
            for epsilon in epsilons:
                robust = _robust(model, test, truth, epsilon, attack_steps, device)
                rows.append((*common, epsilon, "robust_accuracy", robust))
    return pd.DataFrame(rows, columns=SQUARES_COLUMNS)


def _tensors(x: Array, y: Array, channels: int, side: int, device: Device) -> tuple[Tensor, Tensor]:
    images = (x / SCALE + 0.5).astype(np.float32).reshape(len(x), channels, side, side)
    return device.images(images), device.labels((y > 0).astype(np.int64))


def _robust(
    model: nn.Module, images: Tensor, labels: Tensor, epsilon: float, steps: int, device: Device
) -> float:
    """Return the accuracy in percent before and after projected gradient on the margin."""
    radius = epsilon / SCALE
    settings = AttackSettings("linf", radius, steps, 2.5 * radius / steps)
    robust = predictions(model, images, device) == labels
    with device.computing():
        attacked = attack(cw_margin, model, images, labels, settings, what=f"squares, epsilon {epsilon:g}")
    robust &= predictions(model, attacked, device) == labels
    return 100 * float(robust.double().mean().item())


def plane_table(
    *,
    points: int,
    label_noise: float,
    pixel_noise: float,
    width: int,
    learning_rate: float,
    steps: Sequence[int],
    resolution: int,
    seed: int,
    first_seed: int = 0,
) -> pd.DataFrame:
    """Train a perceptron with two hidden layers on squares of two pixels; map what it says at some steps.

    Args:
        points: number of training points.
        label_noise: probability that a point is the negative of its label.
        pixel_noise: half width of the noise in each pixel.
        width: width of both hidden layers.
        learning_rate: of Adam, on all points at once.
        steps: ascending; the training ends with the last.
        resolution: points a side of the map, which only the first seed has.
        seed: decides all randomness.
        first_seed: the study's first.

    Returns:
        Columns ``seed, step, quantity, x1, x2, value``: training_point (value: the label, -1 or 1; x is the
        point, first seed only); probability of label 1 over the plane from -2 to 2 (first seed only);
        train_accuracy, flipped_accuracy (on flipped training points, not a number without any), accuracy
        (on new points whose labels are right) and largest_gradient (of the logits' difference, over the
        training points), by step.
    """
    generator = numpy_generator("squares_2d", seed)
    x, y, flipped = draw_squares(points, 2, label_noise, pixel_noise, generator)
    new, truth, _ = draw_squares(1000, 2, 0.0, pixel_noise, generator)
    with initial_weights("squares_2d", "weights", seed):
        model = nn.Sequential(
            nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2)
        )
    inputs, labels = torch.from_numpy(x).float(), torch.from_numpy((y > 0).astype(np.int64))
    grid = np.linspace(-2, 2, resolution)
    plane = np.array(list(product(grid, grid)))
    rows: list[tuple[int, int | None, str, float | None, float | None, float]] = []
    if seed == first_seed:
        rows += [(seed, None, "training_point", *point, label) for point, label in zip(x, y, strict=True)]
    training = Training(
        model,
        inputs,
        labels,
        Recipe(steps[-1], points, learning_rate, StepDrops()),
        torch_generator("squares_2d", "batches", seed),  # draws nothing: a batch holds all points, in order
        Device(inputs.device),
        optimizer=Adam(model.parameters()),
        batches=_all_at_once,
    )
    for step, _ in enumerate(training.steps(), start=1):
        if step not in steps:
            continue
        right = _signs(model, x) == y
        rows.append((seed, step, "train_accuracy", None, None, 100 * float(right.mean())))
        share = 100 * float(right[flipped].mean()) if flipped.any() else float("nan")
        rows.append((seed, step, "flipped_accuracy", None, None, share))
        rows.append((seed, step, "accuracy", None, None, 100 * float((_signs(model, new) == truth).mean())))
        rows.append((seed, step, "largest_gradient", None, None, _largest_gradient(model, inputs)))
        if seed == first_seed:
            with torch.no_grad():
                probability = torch.softmax(model(torch.from_numpy(plane).float()), 1)[:, 1].numpy()
            rows += [
                (seed, step, "probability", *place, round(float(value), 3))
                for place, value in zip(plane.round(4), probability, strict=True)
            ]
    return pd.DataFrame(rows, columns=["seed", "step", "quantity", "x1", "x2", "value"])


def _all_at_once(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    yield torch.arange(count)


def _signs(model: nn.Module, points: Array) -> Array:
    with evaluating(model), torch.no_grad():
        answers = model(torch.from_numpy(points).float()).argmax(1)
    return np.where(answers.numpy() == 1, 1.0, -1.0)


def _largest_gradient(model: nn.Module, points: Tensor) -> float:
    """Return the largest l1 norm of the gradient of the logits' difference over the points."""
    points = points.clone().requires_grad_(True)
    logits = model(points)
    (gradient,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), points)
    return float(gradient.abs().sum(1).max().item())
