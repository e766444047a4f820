"""Architectures: torchvision's at full size, its networks for ImageNet, and small ones.

Every entry of :data:`advex.registries.ARCHITECTURES` builds a backbone that maps normalised images to a
representation; :class:`Classifier` adds the normalisation (and, where wanted, a frequency filter) in front
and the linear head behind it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from advex.common.errors import UserError
from advex.common.machine.devices import initial_weights
from advex.common.settings import ArchitectureSettings, FilterSettings
from advex.networks.architectures.backbone import Backbone
from advex.networks.architectures.filters import FrequencyFilter
from advex.networks.architectures.pointwise import mend
from advex.registries import ARCHITECTURES


class Classifier(nn.Module):
    """A backbone between a fixed normalisation and a linear head; its inputs are images in [0, 1].

    Args:
        backbone: maps normalised images to representations; its strided 1x1 convolutions are replaced
            (:mod:`advex.networks.architectures.pointwise`).
        classes: number of classes.
        mean: mean of each channel, subtracted first.
        std: standard deviation of each channel, divided by.
        filter_settings: a frequency filter in front of everything, or none.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        mean: Sequence[float],
        std: Sequence[float],
        filter_settings: FilterSettings | None = None,
    ) -> None:
        super().__init__()
        self.filter = FrequencyFilter(filter_settings) if filter_settings else None
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))
        self.backbone = mend(backbone.network)
        self.head = nn.Linear(backbone.features, classes)

    def representation(self, images: Tensor) -> Tensor:
        """Return the penultimate layer's activations of images (N, C, H, W) in [0, 1]; (N, features)."""
        if self.filter:
            images = self.filter(images)
        features: Tensor = self.backbone((images - self.mean).div_(self.std))
        return features

    def standardise(self, images: Tensor) -> None:
        """Set mean and standard deviation to those of images (N, C, H, W) in [0, 1] as the filter lets them.

        What a high-pass filter leaves is small; this gives every network inputs of the same scale.
        """
        with torch.no_grad():
            parts = [self.filter(part) if self.filter else part for part in torch.split(images, 4096)]
            deviation, mean = torch.std_mean(torch.cat(parts), (0, 2, 3), correction=0, keepdim=True)
        self.mean.copy_(mean)
        self.std.copy_(deviation)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of images (N, C, H, W) in [0, 1]; (N, classes)."""
        logits: Tensor = self.head(self.representation(images))
        return logits


def build(settings: ArchitectureSettings, *names: str | int) -> Classifier:
    """Build a classifier with random weights that depend only on ``names`` (model, seed).

    Raises:
        UserError: unknown architecture or option.
    """
    if settings.name not in ARCHITECTURES:
        raise UserError(f"architecture: found {settings.name!r}; allowed: {', '.join(ARCHITECTURES)}")
    with initial_weights("weights", *names):
        try:
            backbone = ARCHITECTURES[settings.name](channels=settings.channels, **settings.options)
        except TypeError as error:
            raise UserError(f"architecture {settings.name}: {error}") from error
        return Classifier(backbone, settings.classes, settings.mean, settings.std, settings.filter)
