"""Training: one loop for standard, adversarial and noise-augmented training, told apart by a recipe."""

import hashlib
import json
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from advex.architectures import Classifier, build
from advex.augmentation import augment
from advex.checkpoints import load_checkpoint, save_checkpoint
from advex.devices import Device, as_float, stable_seed
from advex.errors import UserError
from advex.images import ImageSet
from advex.predictions import accuracy_of
from advex.progress import Progress
from advex.registries import ADVERSARIES
from advex.settings import Recipe, TrainingRun, plain

_log = logging.getLogger(__name__)

_HISTORY = ["epoch", "learning_rate", "training_loss", "train_accuracy", "test_accuracy"]


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
        UserError: the loss is not finite.
    """
    recipe = run.recipe
    training_set = training_set.labelled(run.labels)
    model = build(run.architecture, run.name, run.seed)
    device.model(model)
    if run.architecture.filter:
        model.standardise(as_float(device.images(training_set.images)))
    model.train()
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
    )
    generator = device.generator(stable_seed("training", run.name, run.seed))
    images, labels = device.images(training_set.images), device.labels(training_set.labels)
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
        loss, accuracy = _train_epoch(model, optimizer, images, labels, recipe, epoch, generator, device)
        if not math.isfinite(loss):
            raise UserError(
                f"train {run.name}, seed {run.seed}: the loss became {loss} in epoch {epoch + 1}; "
                f"lower learning_rate (now {recipe.learning_rate}) in its recipe"
            )
        if (epoch + 1) % recipe.evaluate_every == 0 or epoch + 1 == recipe.epochs or epoch == 0:
            rate: float = optimizer.param_groups[0]["lr"]
            test_accuracy = 100 * accuracy_of(model, test_images, test_labels, device)
            rows.append(
                {
                    "epoch": epoch + 1,
                    "learning_rate": rate,
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


def _train_epoch(
    model: Classifier,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    epoch: int,
    generator: torch.Generator,
    device: Device,
) -> tuple[float, float]:
    """Pass once over the data; return the mean loss and the share of correct predictions."""
    total_loss = torch.zeros((), device=images.device)
    total_correct = torch.zeros((), device=images.device)
    batches = list(shuffled_batches(len(images), recipe.batch_size, generator))
    for index, batch in enumerate(batches):
        done = (epoch + index / len(batches)) / recipe.epochs
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * recipe.schedule.scale(done)
        inputs = augment(as_float(images[batch]), recipe.augmentation, generator)
        targets = labels[batch]
        with device.computing():
            if recipe.adversary:
                perturbed = ADVERSARIES["projected_gradient"]
                inputs = perturbed(model, inputs, targets, recipe.adversary, generator)
            logits = model(inputs)
            loss = functional.cross_entropy(logits, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        # Sums stay on the device, so the host never waits for a batch.
        total_loss += loss.detach() * len(batch)
        total_correct += (logits.detach().argmax(1) == targets).sum()
    seen = sum(len(batch) for batch in batches)
    return total_loss.item() / seen, total_correct.item() / seen


def shuffled_batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield index tensors that together hold each of 0..count - 1 once, in random order.

    A last batch of a single image is left out: batch normalisation cannot learn from one value.
    """
    order = torch.randperm(count, generator=generator, device=generator.device)
    for batch in torch.split(order, size):
        if len(batch) > 1:
            yield batch


def _fingerprint(run: TrainingRun, training_set: ImageSet) -> str:
    """Hash what a checkpoint must agree with: settings and training data."""
    digest = hashlib.sha256(json.dumps(plain(run), sort_keys=True).encode())
    digest.update(training_set.images.tobytes())
    digest.update(training_set.labels.tobytes())
    return digest.hexdigest()
