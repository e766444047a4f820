"""In evaluation mode a network is a smaller one: batch normalisation folded into the convolutions before it.

Then it only scales and shifts each channel by numbers that do not depend on the images, which a convolution
can do by itself: what is attacked, inverted or measured needs no pass over its activations for that.
"""

from copy import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)

_NOTHING = nn.Identity().eval()

_IN_ORDER = frozenset(
    {
        "torch.nn.modules.container.ModuleList",
        "torch.nn.modules.container.Sequential",
        "torchvision.models.densenet._DenseLayer",
        "torchvision.models.inception.BasicConv2d",
        "torchvision.models.resnet.BasicBlock",
        "torchvision.models.resnet.Bottleneck",
        "torchvision.models.resnet.ResNet",
    }
)
"""Modules in which a batch normalisation that is listed behind a convolution takes that one's output."""


def folded(network: Network) -> Network:
    """Return a network that computes what another computes in evaluation mode, up to rounding.

    Batch normalisation behind a convolution is folded into that one, in float32; elsewhere it stays. Nothing
    of the given network changes, neither weights nor modes. Other weights are shared with it, not copied.

    Args:
        network: any module; of those inside, only sequences and torchvision's blocks are looked at for pairs.

    Returns:
        A module of the same class in evaluation mode, whose parameters ask for no gradients.
    """
    twin = copy(network)
    parameters = {
        name: value if value is None else value.detach() for name, value in network._parameters.items()
    }
    parts = {name: part if part is None else folded(part) for name, part in network._modules.items()}
    # Modules would ask of each value what it is, and adversarial training folds for every batch.
    for name, value in (("training", False), ("_parameters", parameters), ("_modules", parts)):
        object.__setattr__(twin, name, value)
    if f"{type(network).__module__}.{type(network).__qualname__}" in _IN_ORDER:
        for name, following in pairwise(list(parts)):
            convolution, normalisation = parts[name], parts[following]
            if isinstance(convolution, nn.Conv2d) and _is_fixed(normalisation):
                assert isinstance(normalisation, nn.BatchNorm2d)
                _fold(convolution, normalisation)
                parts[following] = _NOTHING
    return twin


def _is_fixed(part: nn.Module | None) -> bool:
    """Tell whether a part normalises by statistics that it keeps."""
    return isinstance(part, nn.BatchNorm2d) and part.running_mean is not None


@torch.no_grad()
def _fold(convolution: nn.Conv2d, normalisation: nn.BatchNorm2d) -> None:
    """Give a convolution of our own the weights with which it does both."""
    mean, variance = normalisation.running_mean, normalisation.running_var
    assert mean is not None
    assert variance is not None
    scale = torch.rsqrt(variance + normalisation.eps)
    if normalisation.affine:
        scale = scale * normalisation.weight
    shift = -mean * scale
    if convolution.bias is not None:
        shift = shift + convolution.bias * scale
    if normalisation.affine:
        shift = shift + normalisation.bias
    # Plain tensors, since nothing trains them.
    weights = {"weight": convolution.weight * scale.view(-1, 1, 1, 1), "bias": shift}
    object.__setattr__(convolution, "_parameters", weights)
