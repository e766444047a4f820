"""What every architecture builds."""

from typing import NamedTuple

from torch import nn


class Backbone(NamedTuple):
    """A network from normalised images to representations, and the length of a representation."""

    network: nn.Module
    features: int


def convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a same-padded convolution with batch normalisation and a rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def global_average() -> nn.Sequential:
    """Return the mean over all positions: (N, C, H, W) to (N, C)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
