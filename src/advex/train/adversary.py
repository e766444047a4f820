"""The inner maximisations of adversarial training, used by recipes that have an adversary."""

import torch
from torch import Tensor, nn

from advex.attack.loop import projected_gradient, start_perturbation
from advex.attack.objectives import cross_entropy, prediction_divergence
from advex.attack.threat_models import threat_model
from advex.common.settings import AttackSettings
from advex.networks.folding import folded
from advex.networks.predictions import evaluating

SMALL_START = 0.001
"""Standard deviation of the noise at which Algorithm 1 of TRADES starts."""


def perturbed(
    model: nn.Module, images: Tensor, labels: Tensor, settings: AttackSettings, generator: torch.Generator
) -> Tensor:
    """Return a batch's images moved to where the model's cross-entropy is high (eq. 4 of the paper).

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
    return projected_gradient(cross_entropy, folded(model), images, labels, settings, start=start)


def diverged(
    model: nn.Module, images: Tensor, settings: AttackSettings, generator: torch.Generator
) -> Tensor:
    """Return a batch's images moved to where the model's prediction is far from that of the images.

    Algorithm 1 of TRADES (Zhang et al., 2019), with the ball and the steps of ``settings``: it starts at
    noise of standard deviation :data:`SMALL_START`, kept in the ball, or where ``settings`` has a random
    start, anywhere in the ball. Arguments and result as of :func:`perturbed`.
    """
    with evaluating(model), torch.no_grad():
        natural = model(images).float()
    start = start_perturbation(images, settings, generator)
    if start is None:
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        start = threat_model(settings.norm, settings.epsilon).project(SMALL_START * noise)
    return projected_gradient(prediction_divergence, folded(model), images, natural, settings, start=start)
