"""Constructing data sets from a source model (Section 3, Figs. 5 and 6 of the paper).

Two rules make all of them. *Inversion* keeps the label and replaces the image by one that has the same
representation in the source model: the robust set from a robust source, the non-robust set from a
standard one. *Targeting* perturbs the image towards a target class and takes the target as the label:
``rand`` with a random target, ``det`` with the next class; with an ensemble that must not be fooled,
``bugs``, whose perturbations do not transfer (comment 5, Nakkiran).
"""

import json
import logging
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from advex.attack.finished_parts import Parts
from advex.attack.loop import attack
from advex.attack.objectives import representation_distance
from advex.attack.threat_models import threat_model
from advex.common.artifacts import Array
from advex.common.checkpoint import Checkpoint
from advex.common.images import ImageSet
from advex.common.machine.devices import Device, as_float
from advex.common.randomness import numpy_generator, stable_seed
from advex.common.settings import Construction, plain
from advex.construct.rounding import rounded_inside
from advex.networks.classifier import Classifier
from advex.networks.ensembles import Ensemble
from advex.networks.predictions import evaluating, predictions
from advex.registries import CONSTRUCTIONS, OBJECTIVES, TARGETS

_log = logging.getLogger(__name__)

NOISE_MEAN, NOISE_STD = 0.5, 0.05  # the start the authors' inversion notebook uses


def construct(
    construction: Construction,
    images: ImageSet,
    source: Classifier,
    device: Device,
    *,
    ensemble: Ensemble | None = None,
    checkpoint: Checkpoint | None = None,
    stored_as: str = "float32",
) -> tuple[ImageSet, pd.DataFrame]:
    """Build a data set, and measure how well the construction went.

    Args:
        construction: the rule and its settings.
        images: natural images to build from.
        source: the model whose features go into the set.
        device: where to compute.
        ensemble: networks that the attack must not fool, for an objective named ``ensemble_``.
        checkpoint: file that keeps finished images, from which an interrupted construction goes on.
            Remove it once the set is written.
        stored_as: how the set will be stored: it is rounded to that before it is measured, inside the balls.

    Returns:
        The set, float32 images in [0, 1] in the order of ``images``, with ``original_labels`` and, for
        inversion, ``start_indices`` (-1 for noise) as extras; and a table of one row with columns
        ``seed``, ``dataset``, ``source_accuracy_percent`` (the source model's accuracy on the assigned
        labels: its success rate), ``source_accuracy_original_percent``, ``mean_l2_change`` (from the
        start), ``mean_representation_distance`` and ``mean_relative_representation_distance``
        (inversion only: distance left, and as a share of the distance at the start), ``images``.
    """
    attacked = ensemble.against(source) if ensemble else source
    parts = Parts(checkpoint.of(*_made_from(construction, images, attacked))) if checkpoint else None
    built, start, distances = CONSTRUCTIONS[construction.rule](construction, images, attacked, device, parts)
    if math.isfinite(construction.attack.epsilon):
        ball = threat_model(construction.attack.norm, construction.attack.epsilon)
        inside = rounded_inside(built.images, start, ball, stored_as)
        built = ImageSet(inside, built.labels, built.classes, built.extras)
    else:
        built = built.rounded(stored_as)
    predicted = predictions(source, device.images(built.images), device).cpu().numpy()
    change = np.linalg.norm((built.images - start).reshape(len(built), -1), axis=1)
    measured = {
        "seed": construction.seed,
        "dataset": construction.name,
        "source_accuracy_percent": 100 * float(np.mean(predicted == built.labels)),
        "source_accuracy_original_percent": 100 * float(np.mean(predicted == images.labels)),
        "mean_l2_change": float(change.mean()),
        **distances,
        "images": len(built),
    }
    _log.info(
        "%s: the source model gives the assigned label to %.1f %% of %d images",
        construction.name,
        measured["source_accuracy_percent"],
        len(built),
    )
    return built, pd.DataFrame([measured])


Built = tuple[ImageSet, Array, dict[str, float]]
"""The set, the images it starts from, (N, C, H, W) float32, and further columns of what is measured."""
Rule = Callable[[Construction, ImageSet, nn.Module, Device, Parts | None], Built]


def by_targeting(
    construction: Construction, images: ImageSet, source: nn.Module, device: Device, parts: Parts | None
) -> Built:
    """Perturb images towards a target class, which becomes their label."""
    generator = numpy_generator("targets", construction.name, construction.seed)
    targets = TARGETS[construction.target](images.labels, len(images.classes), generator)
    start = images.as_float()
    aims = np.stack([targets, images.labels], axis=1) if isinstance(source, Ensemble) else targets
    with device.computing():
        perturbed = attack(
            OBJECTIVES[construction.objective],
            source,
            device.images(start),
            device.labels(aims),
            construction.attack,
            seed=stable_seed("attack", construction.name, construction.seed),
            what=f"construct {construction.name}, seed {construction.seed}",
            parts=parts,
        )
    extras = {"original_labels": images.labels}
    return ImageSet(_host(perturbed), targets, images.classes, extras), start, {}


def by_inversion(
    construction: Construction, images: ImageSet, source: nn.Module, device: Device, parts: Parts | None
) -> Built:
    """Find images with the same representations, from other images or noise; labels stay."""
    generator = numpy_generator("starts", construction.name, construction.seed)
    natural = images.as_float()
    if construction.start == "images":
        # Another image, uniformly: independent of this one's label (Section 3.1).
        shift = generator.integers(1, max(len(images), 2), size=len(images))
        indices = (np.arange(len(images)) + shift) % len(images)
        start = natural[indices]
    else:
        indices = np.full(len(images), -1)
        noise = generator.normal(NOISE_MEAN, NOISE_STD, natural.shape)
        start = np.clip(noise, 0, 1).astype(np.float32)
    starts = device.images(start)
    with device.computing():
        wanted = _representations(source, device.images(natural))
        inverted = attack(
            representation_distance,
            source,
            starts,
            wanted,
            construction.attack,
            what=f"invert {construction.name}, seed {construction.seed}",
            parts=parts,
        )
        before = torch.linalg.vector_norm(_representations(source, starts) - wanted, dim=1)
        after = torch.linalg.vector_norm(_representations(source, inverted) - wanted, dim=1)
    distances = {
        "mean_representation_distance": float(after.mean().item()),
        "mean_relative_representation_distance": float((after / before.clamp_min(1e-12)).mean().item()),
    }
    extras = {"original_labels": images.labels, "start_indices": indices.astype(np.int64)}
    return ImageSet(_host(inverted), images.labels, images.classes, extras), start, distances


def _representations(model: nn.Module, images: Tensor, batch_size: int = 2048) -> Tensor:
    with evaluating(model), torch.no_grad():
        return torch.cat(
            [
                model.representation(as_float(batch)).float()  # type: ignore[operator]
                for batch in torch.split(images, batch_size)
            ]
        )


def _host(images: Tensor) -> Array:
    """Copy images to the host in the NCHW layout of files."""
    array: Array = images.float().contiguous().cpu().numpy()
    return array


def _made_from(construction: Construction, images: ImageSet, source: nn.Module) -> list[bytes]:
    weights = [value.cpu().numpy().tobytes() for value in source.state_dict().values()]
    settings = json.dumps(plain(construction), sort_keys=True).encode()
    return [settings, images.images.tobytes(), images.labels.tobytes(), *weights]
