"""The networks of one seed and the photographs: where style transfer's images are made and judged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from advex.common.artifacts import Array
from advex.common.machine.devices import Device, as_float
from advex.discussion.nakano.style_judges import Judge, untrained, verdicts
from advex.discussion.nakano.style_transfer import LossNetwork, Transferred, noise_like, transfer
from advex.networks.classifier import Classifier
from advex.networks.layers import Layers, main_layers, with_channels

FAMILIES = {
    "standard": "resnet",
    "robust": "resnet",
    "on_robust": "resnet",
    "vgg": "vgg",
    "alexnet": "alexnet",
}
"""The networks that images are made with, and whose layers each has."""

VGG_WITH_MAXIMUM = "vgg_maximum"
"""VGG as it was trained. Elsewhere its pooling is averaging, put in afterwards, as in the comment."""

CONTENT_NETWORK = "standard"
"""Whose content loss single layers are combined with, as in the response."""

JUDGES = ("", "_untrained")
"""Endings of what the trained judge and the one without training say."""


@dataclass(frozen=True, kw_only=True)
class StyleSizes:
    """What a study says of style transfer, see :class:`advex.discussion.nakano.settings.StyleSettings`."""

    image_size: int
    evaluations: int
    optimiser: str = "lbfgs"
    initial_style: float
    period: int
    images_at_once: int = 8
    layers: Mapping[str, Mapping[str, Any]]


class Job(NamedTuple):
    """One image to make: the names of its photographs."""

    content: str
    style: str

    @property
    def pair(self) -> str:
        """What it is called."""
        return f"{self.content} as {self.style}"


def _joined(parts: Sequence[Transferred]) -> Transferred:
    images, by_style, by_content, factors = zip(*parts, strict=True)
    return Transferred(
        torch.cat(images), torch.cat(by_style, 1), torch.cat(by_content, 1), torch.cat(factors)
    )


class Workshop:
    """The networks of one seed and the photographs, ready to make images.

    Args:
        models: ``standard``, ``robust``, ``vgg``, ``alexnet``, a held-out ``judge``, and ``on_robust`` if
            there is one.
        photographs: (3, S, S) uint8 by name; grey networks get the luminance.
        sizes: of the study.
        seed: which repetition; of the noise that textures start from.
        device: where to compute, always in float32 in full: differences of Gram matrices are small.
    """

    def __init__(
        self,
        models: Mapping[str, Classifier],
        photographs: Mapping[str, Array],
        sizes: StyleSizes,
        seed: int,
        device: Device,
    ) -> None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.sizes, self.seed = sizes, seed
        channels = models["standard"].mean.shape[1]
        self.photographs = {
            name: with_channels(as_float(device.images(image[None])), channels)
            for name, image in photographs.items()
        }
        self.judges = dict(
            zip(JUDGES, map(Judge, (models["judge"], untrained(models["judge"]))), strict=True)
        )
        self.networks = [name for name in FAMILIES if name in models]
        self._models = models

    def stacked(self, names: Iterable[str]) -> Tensor:
        """Return photographs by name, (N, C, S, S)."""
        return torch.cat([self.photographs[name] for name in names])

    def make(self, style_network: str, content_network: str | None, jobs: Sequence[Job]) -> Transferred:
        """Make the images of jobs, from the contents, or from noise where there is no content network."""
        return self._make(style_network, self._wanted(style_network)["style"], content_network, jobs)

    def make_by_layer(self, style_network: str, job: Job) -> tuple[list[str], Transferred]:
        """Make one image for every main layer of a network, with that layer alone for the style.

        VGG pools as it was trained, since that is the network whose R(f) is known.

        Returns:
            The names of the layers, and the images.
        """
        names = main_layers(self._models[style_network])
        network = VGG_WITH_MAXIMUM if style_network == "vgg" else style_network
        return names, _joined([self._make(network, [name], CONTENT_NETWORK, [job]) for name in names])

    def _wanted(self, network: str) -> Mapping[str, Any]:
        return self.sizes.layers[FAMILIES["vgg" if network == VGG_WITH_MAXIMUM else network]]

    def _layers(self, network: str, names: Sequence[str]) -> Layers:
        """Return layers of a network, which runs no farther than to the last of them."""
        if network == VGG_WITH_MAXIMUM:
            return Layers(self._models["vgg"], names)
        return Layers(self._models[network], names, pooling="average" if network == "vgg" else "max")

    def _make(
        self, style_network: str, layers: Sequence[str], content_network: str | None, jobs: Sequence[Job]
    ) -> Transferred:
        """Optimise a few images at a time: each by itself, so that it does not matter how many."""
        target = None
        if content_network == style_network:
            both = self._layers(style_network, [*layers, self._wanted(style_network)["content"]])
            style, target = LossNetwork(both, tuple(range(len(layers)))), LossNetwork(both, (len(layers),))
        else:
            style = LossNetwork(self._layers(style_network, layers), tuple(range(len(layers))))
        if content_network is not None and content_network != style_network:
            target = LossNetwork(
                self._layers(content_network, [self._wanted(content_network)["content"]]), (0,)
            )
        contents, styles = self.stacked(job.content for job in jobs), self.stacked(job.style for job in jobs)
        starts = contents if target else noise_like(contents, "style transfer", self.seed)
        return _joined(
            [
                transfer(
                    style,
                    target,
                    *some,
                    initial_style=self.sizes.initial_style,
                    evaluations=self.sizes.evaluations,
                    optimiser=self.sizes.optimiser,
                )
                for some in zip(
                    *(torch.split(each, self.sizes.images_at_once) for each in (styles, contents, starts)),
                    strict=True,
                )
            ]
        )

    def judged(self, made: Transferred, jobs: Sequence[Job]) -> dict[str, Array]:
        """Return all numbers about finished images, (N,) by quantity."""
        contents, styles = self.stacked(job.content for job in jobs), self.stacked(job.style for job in jobs)
        return {
            "style_reduction": 1 / made.style[-1].double().cpu().numpy(),
            **verdicts(self.judges, made.images, styles, contents),
        }
