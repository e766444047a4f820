"""Training: one loop for every network that is trained, told what to do by a recipe.

:class:`Training` is the loop, a step at a time; :func:`train` runs through it with checkpoints and a history.
"""

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.machine.devices import Device, as_float
from advex.common.machine.progress import Progress
from advex.common.settings import Recipe, TrainingRun, plain
from advex.networks.classifier import Classifier, build
from advex.networks.predictions import accuracy_of
from advex.registries import LOSSES
from advex.train.augmentation import augment
from advex.train.checkpoints import load_checkpoint, save_checkpoint
from advex.train.losses import check_loss_options
from advex.train.optimizers import Optimizer, Sgd

_log = logging.getLogger(__name__)

_HISTORY = ["epoch", "learning_rate", "training_loss", "train_accuracy", "test_accuracy"]

Batches = Callable[[int, int, torch.Generator], Iterable[Tensor]]
"""Gives the batches of an epoch, as indices (N,) int64, of a number of images and a batch size."""


def shuffled_batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield index tensors that together hold each of 0..count - 1 once, in random order.

    A last batch of a single image is left out: batch normalisation cannot learn from one value.
    """
    order = torch.randperm(count, generator=generator, device=generator.device)
    for batch in torch.split(order, size):
        if len(batch) > 1:
            yield batch


class Step(NamedTuple):
    """What one step saw of its batch, before the weights moved; tensors stay on the device.

    Attributes:
        epochs: passes over the images that are done with this step, in parts.
        loss: what was descended, ().
        logits: those by which the batch counts as learnt, as augmented and attacked, (N, classes).
        labels: of the batch, (N,) int64.
    """

    epochs: float
    loss: Tensor
    logits: Tensor
    labels: Tensor


class Training:
    """A model in training: the one loop over batches, for whoever trains a network.

    The steps are taken while one runs through them, and between two of them the caller may do as it likes:
    look at the model in evaluation mode (:func:`advex.networks.predictions.evaluating`), copy it, or stop::

        training = Training(model, images, labels, recipe, generator, device)
        for step in training.steps():
            ...

    Args:
        model: what to train, on the device; put in training mode.
        images: (N, C, H, W), uint8 or float32 in [0, 1], on the device; N is 2 or more. Without augmentation
            and adversary they may be rows (N, ...) of whatever the model takes.
        labels: (N,) int64, on the device.
        recipe: how.
        generator: source of all randomness: batches, augmentation, random starts.
        device: its precision is used.
        optimizer: of the model's parameters; by default stochastic gradient descent with the momentum and
            the weight decay of the recipe. The learning rate is the recipe's for any.
        batches: what an epoch is made of.

    Raises:
        UserError: there is no batch of two images, or the recipe's loss has no such option.
    """

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        recipe: Recipe,
        generator: torch.Generator,
        device: Device,
        *,
        optimizer: Optimizer | None = None,
        batches: Batches = shuffled_batches,
    ) -> None:
        if len(images) < 2:
            raise UserError(f"training: found {len(images)} images to learn; at least 2 are needed")
        check_loss_options(recipe)
        self.model, self.recipe, self.generator = model.train(), recipe, generator
        self.optimizer = optimizer or Sgd(
            model.parameters(), recipe.learning_rate, recipe.momentum, recipe.weight_decay
        )
        self._images, self._labels, self._device, self._batches = images, labels, device, batches

    def steps(self) -> Iterator[Step]:
        """Train for all epochs of the recipe."""
        return chain.from_iterable(map(self.epoch, range(self.recipe.epochs)))

    def epoch(self, number: int) -> Iterator[Step]:
        """Train for one epoch, the ``number``-th, counted from 0: pass once over the images."""
        recipe, loss_of = self.recipe, LOSSES[self.recipe.loss]
        batches = list(self._batches(len(self._images), recipe.batch_size, self.generator))
        for index, batch in enumerate(batches):
            done = (number + index / len(batches)) / recipe.epochs
            self.optimizer.learning_rate = recipe.learning_rate * recipe.schedule.scale(done)

            images = augment(as_float(self._images[batch]), recipe.augmentation, self.generator)
            labels = self._labels[batch]
            with self._device.computing():
                loss, logits = loss_of(
                    self.model, images, labels, recipe.adversary, self.generator, **recipe.loss_options
                )
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()

            # Nothing is copied to the host here, so it never waits for a batch.
            yield Step(number + (index + 1) / len(batches), loss.detach(), logits.detach(), labels)


def train(
    run: TrainingRun,
    training_set: ImageSet,
    test_set: ImageSet,
    device: Device,
    *,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = 60.0,
    keep_checkpoint: bool = False,
) -> tuple[Classifier, pd.DataFrame]:
    """Train a model and return it after the last epoch, with its history.

    The test set is only looked at: nothing is chosen by it, and there is no early stopping (App. D.4).

    Args:
        run: model, seed, architecture and recipe.
        training_set: what to learn.
        test_set: natural images whose accuracy is recorded by epoch.
        device: where to compute.
        checkpoint: file from which an interrupted training resumes, to the same bits on a CPU; written
            at the end of an epoch when ``checkpoint_seconds`` have passed. Delete it once the model is
            written.
        checkpoint_seconds: least time between two checkpoints.
        keep_checkpoint: write it after the last epoch too, so that the training need not run again.

    Returns:
        The model in evaluation mode, and a table with one row per tested epoch: ``epoch``,
        ``learning_rate``, ``training_loss``, ``train_accuracy`` and ``test_accuracy`` in percent. The
        training columns are means over the epoch's batches, as augmented and attacked.

    Raises:
        UserError: the loss is not finite, or as :class:`Training`.
    """
    recipe = run.recipe
    training_set = training_set.labelled(run.labels)
    model = build(run.architecture, run.name, run.seed)
    device.model(model)
    if run.architecture.filter:
        model.standardise(as_float(device.images(training_set.images)))
    generator = device.generator("training", run.name, run.seed)
    images, labels = device.images(training_set.images), device.labels(training_set.labels)
    training = Training(model, images, labels, recipe, generator, device)
    optimizer = training.optimizer
    test_images, test_labels = device.images(test_set.images), device.labels(test_set.labels)

    settings = _fingerprint(run, training_set)
    resumed = load_checkpoint(checkpoint, model, optimizer, generator, settings) if checkpoint else {}
    rows: list[dict[str, float]] = resumed.get("rows", [])
    first = int(resumed.get("epochs", 0))
    if first:
        _log.info("resume %s, seed %d after epoch %d", run.name, run.seed, first)

    progress = Progress(f"train {run.name}, seed {run.seed}", recipe.epochs, "epoch", done=first)
    saved = time.monotonic()
    for epoch in range(first, recipe.epochs):
        loss, accuracy = _means(training.epoch(epoch), device)
        if not math.isfinite(loss):
            raise UserError(
                f"train {run.name}, seed {run.seed}: the loss became {loss} in epoch {epoch + 1}; "
                f"lower learning_rate (now {recipe.learning_rate}) in its recipe"
            )
        if (epoch + 1) % recipe.evaluate_every == 0 or epoch + 1 == recipe.epochs or epoch == 0:
            test_accuracy = 100 * accuracy_of(model, test_images, test_labels, device)
            rows.append(
                {
                    "epoch": epoch + 1,
                    "learning_rate": optimizer.learning_rate,
                    "training_loss": loss,
                    "train_accuracy": 100 * accuracy,
                    "test_accuracy": test_accuracy,
                }
            )
        progress.advance(note=f"loss {loss:.3f}, test accuracy {rows[-1]['test_accuracy']:.1f} %")
        last = epoch + 1 == recipe.epochs
        due = keep_checkpoint if last else time.monotonic() - saved >= checkpoint_seconds
        if checkpoint and due:
            state = {"epochs": epoch + 1, "rows": rows, "settings": settings}
            save_checkpoint(checkpoint, model, optimizer, generator, state)
            saved = time.monotonic()
    _log.info("trained %s, seed %d: test accuracy %.2f %%", run.name, run.seed, rows[-1]["test_accuracy"])
    # Rows from a checkpoint have their keys in another order.
    return model.eval(), pd.DataFrame(rows, columns=_HISTORY)


def _means(steps: Iterable[Step], device: Device) -> tuple[float, float]:
    """Run through steps; return the mean loss and the share of correct predictions over their images."""
    total_loss = torch.zeros((), device=device.torch_device)
    total_correct = torch.zeros((), device=device.torch_device)
    seen = 0
    for step in steps:
        total_loss += step.loss * len(step.labels)
        total_correct += (step.logits.argmax(1) == step.labels).sum()
        seen += len(step.labels)
    return total_loss.item() / seen, total_correct.item() / seen


def _fingerprint(run: TrainingRun, training_set: ImageSet) -> str:
    """Hash what a checkpoint must agree with: settings and training data."""
    digest = hashlib.sha256(json.dumps(plain(run), sort_keys=True).encode())
    digest.update(training_set.images.tobytes())
    digest.update(training_set.labels.tobytes())
    return digest.hexdigest()
