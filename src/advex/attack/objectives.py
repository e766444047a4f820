"""What an attack climbs: functions of a model, images and targets that give one number per image.

An objective is always maximised. ``targets`` holds one row per image: labels, or whatever the objective
compares with. Objectives over several models take an ensemble as their ``model``.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from advex.networks.predictions import divergence

Objective = Callable[[nn.Module, Tensor, Tensor], Tensor]


def cross_entropy(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the true ``labels`` (N,), int64: climbing it leaves the class. Shape (N,)."""
    losses: Tensor = functional.cross_entropy(model(images).float(), labels, reduction="none")
    return losses


def targeted_cross_entropy(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Minus the cross-entropy of ``targets`` (N,), int64: climbing it reaches the target. Shape (N,)."""
    return -cross_entropy(model, images, targets)


def cw_margin(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Best wrong logit minus the logit of ``labels``, as Carlini and Wagner (2017); positive means fooled."""
    logits = model(images).float()
    true = functional.one_hot(labels, logits.shape[1]).bool()
    best_wrong = logits.masked_fill(true, -torch.inf).amax(1)
    margins: Tensor = best_wrong - logits.gather(1, labels[:, None])[:, 0]
    return margins


def targeted_margin(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Logit of a target class minus the logit of the label; positive means fooled. Shape (N,).

    ``targets`` is (N, 2), int64: the target and the label of each image.
    """
    logits = model(images).float().gather(1, targets)
    margins: Tensor = logits[:, 0] - logits[:, 1]
    return margins


def ensemble_penalised(ensemble: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Reach a target in the source and stay with the label in all other networks. Shape (N,).

    Minus the loss of comment 5 (Nakkiran), L(f, x, target) + mean over i of L(f_i, x, label): its
    perturbations should fool f alone.

    Args:
        ensemble: gives logits (networks, N, classes), the source f first, as
            :class:`advex.networks.ensembles.Ensemble`.
        images: (N, C, H, W).
        targets: (N, 2), int64: the target and the label of each image.
    """
    source, others = _losses(ensemble, images, targets[:, 0], targets[:, 1])
    return -source - others


def ensemble_opposed(ensemble: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Reach a target in the source but not in the others: the variant in a footnote of comment 5. Shape (N,).

    Its gradient is that of the source towards the target minus the mean of the others' towards the target.
    Arguments as of :func:`ensemble_penalised`.
    """
    source, others = _losses(ensemble, images, targets[:, 0], targets[:, 0])
    return others - source


def _losses(ensemble: nn.Module, images: Tensor, first: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
    """Return the source's cross-entropy of ``first`` and the others' mean one of ``rest``, (N,) each."""
    logits = ensemble(images).float()
    source = functional.cross_entropy(logits[0], first, reduction="none")
    labels = rest.expand(len(logits) - 1, -1)
    others = functional.cross_entropy(logits[1:].transpose(1, 2), labels, reduction="none").mean(0)
    return source, others


def representation_distance(model: nn.Module, images: Tensor, representations: Tensor) -> Tensor:
    """Minus the l2 distance to given ``representations`` (N, features), eq. 6 of the paper. Shape (N,).

    ``model`` must have a method ``representation``.
    """
    ours: Tensor = model.representation(images)  # type: ignore[operator]
    distances: Tensor = torch.linalg.vector_norm(ours.float() - representations, dim=1)
    return -distances


def prediction_divergence(model: nn.Module, images: Tensor, logits: Tensor) -> Tensor:
    """KL divergence of the model's prediction from that of given ``logits`` (N, classes). Shape (N,).

    Climbing it is the inner maximisation of TRADES, see :func:`advex.train.losses.trades`. It is least, and
    its gradient zero, where the prediction is that of ``logits``: an attack has to start elsewhere.
    """
    return divergence(logits, model(images))
