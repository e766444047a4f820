"""What a network computes on the way: activations of named layers, for images of any size.

Only the convolutional part is run, up to the last layer that is asked for, so images may have any size that
the network's strides allow. Names, by kind of network (:func:`layer_names` lists those of a model):

- plain convolutions (VGG, AlexNet): ``conv1``, ``conv2``, ... are the convolutions in order, each after
  its rectifier; ``conv1_preactivation``, ... the same before it, and after batch normalisation if there is
  one.
- networks of blocks (ResNet, DenseNet, Inception): ``stem`` is the last rectified convolution before the
  first block, ``stage1``, ``stage2``, ... the last block of each resolution. A residual block ends with its
  rectifier; torchvision's dense blocks end before the rectifier of what follows.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from advex.common.errors import UserError
from advex.networks.classifier import Classifier

PREACTIVATION = "_preactivation"

_SIMPLE = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.Identity)


class Layers(nn.Module):
    """The activations of named layers, from raw images; the parts are shared with the model.

    No activation is changed after it was recorded: rectifiers that would write over their input do not.
    Batch normalisation is in the mode the model is in (:func:`advex.networks.stored_models.read_model`:
    evaluation).

    Args:
        model: a classifier of :mod:`advex.networks.classifier`.
        names: which layers, each a name of :func:`layer_names`.
        pooling: ``average`` swaps max pooling between layers for average pooling of the same windows
            (Gatys et al., 2016; Nakano does so in VGG).

    Raises:
        UserError: no names, or a name that the model does not have.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, model: Classifier, names: Sequence[str], *, pooling: Literal["max", "average"] = "max"
    ) -> None:
        super().__init__()
        chain = list(_chain(model.backbone))
        places = _places(chain)
        unknown = [name for name in names if name not in places]
        if unknown or not names:
            found = repr(unknown[0]) if unknown else "none"
            raise UserError(f"layers: found {found}; this network has: {', '.join(places)}")
        self.names = tuple(names)
        self.places = tuple(places[name] for name in names)
        needed = chain[: max(self.places) + 1]
        self.filter = model.filter
        self.register_buffer("mean", model.mean)
        self.register_buffer("std", model.std)
        self.chain = nn.ModuleList(_averaging(part) if pooling == "average" else part for part in needed)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return one (N, C, H, W) tensor for each name, of images (N, C, H, W) in [0, 1].

        Colour images are shown to a grey network as their luminance, grey ones to a colour network thrice.
        """
        images = with_channels(images, self.mean.shape[1])
        if self.filter:
            images = self.filter(images)
        current = (images - self.mean) / self.std
        recorded: dict[int, Tensor] = {}
        for place, part in enumerate(self.chain):
            current = torch.relu(current) if isinstance(part, nn.ReLU) else part(current)
            if place in self.places:
                recorded[place] = current
        return [recorded[place] for place in self.places]


def layer_names(model: Classifier) -> list[str]:
    """Return the names of a model's layers, from the images on; see the top of this module."""
    return list(_places(list(_chain(model.backbone))))


def main_layers(model: Classifier) -> list[str]:
    """Return the layers that figures count: rectified convolutions of plain networks, stages of others."""
    names = [name for name in layer_names(model) if not name.endswith(PREACTIVATION)]
    return [name for name in names if name != "stem"]


def luminance(images: Tensor) -> Tensor:
    """Return the luminance (ITU-R BT.601) of colour images (N, 3, H, W) in [0, 1]; (N, 1, H, W)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device, dtype=images.dtype)
    return (images * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)


def with_channels(images: Tensor, channels: int) -> Tensor:
    """Return images (N, C, H, W) with ``channels`` channels: as they are, as luminance, or grey repeated.

    Raises:
        UserError: there is no such conversion.
    """
    if images.shape[1] == channels:
        return images
    if images.shape[1] == 3 and channels == 1:
        return luminance(images)
    if images.shape[1] == 1:
        return images.expand(-1, channels, -1, -1)
    raise UserError(f"images: found {images.shape[1]} channels; the network takes {channels}")


def _chain(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the parts of a backbone in the order they run, blocks whole, up to the pooling of positions."""
    nested = isinstance(module, nn.Sequential) or hasattr(module, "layer1")  # that is torchvision's ResNet
    for part in module.children() if nested else [module]:
        if isinstance(part, nn.AdaptiveAvgPool2d):
            return
        if isinstance(part, nn.Sequential):
            yield from _chain(part)
        else:
            yield part


def _places(chain: list[nn.Module]) -> dict[str, int]:
    """Return, for each name, the part of the chain whose output it is."""
    blocks = [place for place, part in enumerate(chain) if not isinstance(part, _SIMPLE)]
    return _stages(chain, blocks) if blocks else _convolutions(chain)


def _stages(chain: list[nn.Module], blocks: list[int]) -> dict[str, int]:
    """Name the last rectifier before the blocks, and each block after which the resolution falls."""
    rectifiers = [place for place in range(blocks[0]) if isinstance(chain[place], nn.ReLU)]
    following = [*blocks[1:], len(chain)]
    last = [
        block
        for block, after in zip(blocks, following, strict=True)
        if after == len(chain) or any(map(_shrinks, chain[block + 1 : after + 1]))
    ]
    stem = {"stem": rectifiers[-1]} if rectifiers else {}
    return stem | {f"stage{number}": place for number, place in enumerate(last, 1)}


def _shrinks(part: nn.Module) -> bool:
    """Tell whether a part has a stride."""
    strided = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    return any(module.stride not in (1, (1, 1)) for module in part.modules() if isinstance(module, strided))


def _convolutions(chain: list[nn.Module]) -> dict[str, int]:
    """Name every convolution, before and after the rectifier that follows it."""
    places: dict[str, int] = {}
    number = 0
    for place, part in enumerate(chain):
        if isinstance(part, nn.Conv2d):
            number += 1
        elif isinstance(part, nn.ReLU):
            places |= {f"conv{number}{PREACTIVATION}": place - 1, f"conv{number}": place}
    return places


def _averaging(part: nn.Module) -> nn.Module:
    """Return an average over the same windows in place of a maximum, anything else as it is."""
    if not isinstance(part, nn.MaxPool2d):
        return part
    return nn.AvgPool2d(part.kernel_size, part.stride, part.padding, part.ceil_mode, count_include_pad=False)
