"""The inner maximisation of adversarial training (eq. 4), used by recipes that have an adversary."""

import torch
from torch import Tensor, nn

from advex.attacks import projected_gradient, start_perturbation
from advex.objectives import cross_entropy
from advex.settings import AttackSettings


def perturbed(
    model: nn.Module, images: Tensor, labels: Tensor, settings: AttackSettings, generator: torch.Generator
) -> Tensor:
    """Return a batch's images moved to where the model's cross-entropy is high.

    Args:
        model: the model in training; its mode, parameters and gradients do not change.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        settings: the ball and the steps.
        generator: source of random starts.

    Returns:
        Images of the same shape in the ball and in [0, 1], detached.
    """
    start = start_perturbation(images, settings, generator)
    return projected_gradient(cross_entropy, model, images, labels, settings, start=start)
