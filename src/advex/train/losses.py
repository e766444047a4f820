"""What training descends: functions of a model in training and a batch, chosen by name in a recipe.

A loss perturbs the batch itself where the recipe has an adversary, since what the adversary climbs is part of
it: one of :data:`advex.registries.ADVERSARIES`, which :data:`advex.registries.ADVERSARY_OF` says of it. It
returns the number to be minimised, (), and the logits (N, classes) by which the batch counts as learnt; its
keyword-only arguments, which have defaults, are the recipe's ``loss_options``.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from advex.common.errors import UserError
from advex.common.settings import AttackSettings, Recipe
from advex.networks.predictions import divergence
from advex.registries import ADVERSARIES, LOSSES

Loss = Callable[..., tuple[Tensor, Tensor]]


def cross_entropy(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    adversary: AttackSettings | None,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy, with an adversary in the worst case that it finds: eq. 4 of the paper.

    Args:
        model: in training mode.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        adversary: climbs the cross-entropy from the images; none takes the images as they are.
        generator: source of random starts.

    Returns:
        The loss, (), and the logits of the images as perturbed, (N, classes).
    """
    if adversary:
        images = ADVERSARIES["perturbed"](model, images, labels, adversary, generator)
    logits = model(images)
    return functional.cross_entropy(logits.float(), labels), logits


def trades(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    adversary: AttackSettings | None,
    generator: torch.Generator,
    *,
    beta: float = 6.0,
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of natural images, and how far an adversary can move what is predicted.

    TRADES of Zhang et al. (2019, arXiv 1901.08573), eq. 3 for several classes as in their Algorithm 1::

        mean of CE(f(x), y) + beta * max over x' in B(x, epsilon) of KL(p(x) || p(x'))

    where p is the softmax of the logits f, and beta is their 1 / lambda. Gradients flow through both
    predictions; x' is held. As in the authors' code, natural and perturbed images pass through the network
    one after the other, so that batch normalisation sees each for itself.

    Args:
        model: in training mode.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        adversary: ball and steps of the inner maximisation, see :func:`advex.train.adversary.diverged`.
        generator: source of random starts.
        beta: weight of the divergence.

    Returns:
        The loss, (), and the logits of the perturbed images, (N, classes).

    Raises:
        UserError: there is no adversary.
    """
    if adversary is None:
        raise UserError("recipe: loss trades needs an adversary, whose images it compares with natural ones")
    moved = ADVERSARIES["diverged"](model, images, adversary, generator)
    natural, perturbed = model(images), model(moved)
    loss = functional.cross_entropy(natural.float(), labels) + beta * divergence(natural, perturbed).mean()
    return loss, perturbed


def check_loss_options(recipe: Recipe) -> None:
    """Compare a recipe's ``loss_options`` with what its loss takes.

    Raises:
        UserError: it takes no option of such a name.
    """
    known = list(LOSSES[recipe.loss].__kwdefaults__ or {})
    for name in recipe.loss_options:
        if name not in known:
            raise UserError(
                f"recipe: loss_options: found {name}; {recipe.loss} takes {', '.join(known) or 'none'}"
            )
