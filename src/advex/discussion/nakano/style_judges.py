"""Judging finished images by a network that none of them was made with, and by their pixels alone."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from advex.common.artifacts import Array
from advex.common.machine.devices import initial_weights
from advex.discussion.nakano.numerics.spectra import high_frequency_share
from advex.discussion.nakano.style_transfer import gram
from advex.networks.classifier import Classifier
from advex.networks.layers import Layers, main_layers


class Judge:
    """A held-out network: how far images are from a style and from a content, whoever made them.

    Args:
        model: a classifier; all its main layers are used for style, the one before the last for content.
    """

    def __init__(self, model: Classifier) -> None:
        self._activations = Layers(model, main_layers(model))

    def style_distance(self, images: Tensor, styles: Tensor, contents: Tensor) -> Tensor:
        """Return the distance of Gram matrices to those of a style: 1 as far as the content, 0 the same.

        Each layer's distance is a Frobenius norm divided by the norm of the style's Gram matrix, so that all
        layers count alike; they are averaged.

        Args:
            images: (N, C, H, W).
            styles: likewise, one for each image.
            contents: likewise, what the images started from or are compared with.

        Returns:
            (N,).
        """
        wanted = [gram(layer) for layer in self._activations(styles)]
        distance: Tensor = self._style(images, wanted) / self._style(contents, wanted)
        return distance

    def _style(self, images: Tensor, wanted: list[Tensor]) -> Tensor:
        distances = [
            (gram(layer) - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)
            for layer, target in zip(self._activations(images), wanted, strict=True)
        ]
        mean: Tensor = torch.stack(distances).mean(0)
        return mean

    def content_distance(self, images: Tensor, styles: Tensor, contents: Tensor) -> Tensor:
        """Return the distance of activations to the content's: 1 as far as the style, 0 the same; (N,)."""
        layer, target, far = (self._content(each) for each in (images, contents, styles))
        distance: Tensor = (layer - target).norm(dim=1) / (far - target).norm(dim=1)
        return distance

    def _content(self, images: Tensor) -> Tensor:
        activations = self._activations(images)
        layer: Tensor = activations[max(len(activations) - 2, 0)]
        return layer.flatten(1)


def untrained(model: Classifier) -> Classifier:
    """Return a copy with fresh weights, always the same: a judge that has learnt no features of any kind."""
    with initial_weights("untrained judge"):
        fresh = copy.deepcopy(model).cpu()
        for part in fresh.modules():
            if isinstance(part, nn.Conv2d | nn.BatchNorm2d):
                part.reset_parameters()
    return fresh.to(model.mean.device)


def verdicts(
    judges: Mapping[str, Judge], images: Tensor, styles: Tensor, contents: Tensor
) -> dict[str, Array]:
    """Return what all judges say of N images, and what their pixels say; (N,) by quantity.

    ``high_frequency_share`` is the percentage of the power of image minus content at half of the highest
    frequency or beyond, ``change`` the root mean square of that difference in pixel values.
    """
    with torch.no_grad():
        found = {
            f"{quantity}{ending}": measure(images, styles, contents)
            for ending, judge in judges.items()
            for quantity, measure in (
                ("judged_style_distance", judge.style_distance),
                ("judged_content_distance", judge.content_distance),
            )
        }
    change = (images - contents).cpu().numpy()
    return {name: value.double().cpu().numpy() for name, value in found.items()} | {
        "high_frequency_share": high_frequency_share(change),
        "change": (change.astype("float64") ** 2).mean((1, 2, 3)) ** 0.5,
    }
