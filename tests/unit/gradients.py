"""Are the convolutions of every architecture right on this processor? A program of its own, as it may crash.

A pass forward and backward through each network in training mode, as torch computes it. Then every
convolution is computed once more by itself, without oneDNN, from the same inputs, weights and gradients of
outputs, so that rounding does not add up from layer to layer, where it could switch rectifiers.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from math import isfinite

import torch
from samples import random_images
from torch import Tensor, nn

from advex.common.settings import ArchitectureSettings
from advex.networks.classifier import Classifier, build
from advex.registries import ARCHITECTURES

BATCH_SIZES = (1, 3, 40, 64)
LAYOUTS = {"channels last": torch.channels_last, "contiguous": torch.contiguous_format}
WIDTHS = (4, 6, 8, 16)  # those of the studies
LARGE_BATCH = 3
LARGE_SIZES = {"resnet18": 16, "resnet50": 16, "densenet121": 16, "inception": 16, "imagenet_alexnet": 64}
"""Images of large networks, where 32 pixels are not the fewest or too few."""

TOLERANCE = 1e-5
"""Of the largest sum of absolute values of products, which rounding goes with; where terms cancel, as in the
gradient of a bias before batch normalisation, the sum itself is all rounding. Right ones differ by up
to 1e-6; gradients of the faulty kernel, where it did not crash (AVX2, two threads), by 3e-3 to 3e-1."""


@dataclass(frozen=True)
class Case:
    """A network and the images it is given."""

    name: str
    options: dict[str, int]
    channels: int
    size: int
    count: int

    def build(self) -> Classifier:
        moments = ((0.4,) * self.channels, (0.2,) * self.channels)
        return build(ArchitectureSettings(self.name, self.options, self.channels, 10, *moments), "gradients")

    def images(self) -> Tensor:
        return random_images(self.count, self.channels, self.size)


def cases() -> Iterator[Case]:
    """Yield small networks at all batch sizes, large ones, which take seconds, at one and on small images."""
    for name in ARCHITECTURES:
        if name.startswith("small_"):
            for width in WIDTHS:
                for count in BATCH_SIZES:
                    yield Case(name, {"width": width, "stages": 3}, 1, 8, count)
        else:
            yield Case(name, {}, 3, LARGE_SIZES.get(name, 32), LARGE_BATCH)


def deviations(model: nn.Module, images: Tensor) -> Iterator[tuple[str, str, float]]:
    """Yield convolution, quantity, and its largest deviation from what is right (see :data:`TOLERANCE`).

    Quantities are the outputs and the gradients of the weights, of the bias where there is one, and of the
    inputs (for the first convolution those of the images); infinite where a value is not finite.
    """
    seen: dict[str, list[Tensor]] = {}
    names = {name: part for name, part in model.named_modules() if isinstance(part, nn.Conv2d)}
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False  # the hooks want to see what was computed
    hooks = [part.register_forward_hook(partial(_forward, seen, name)) for name, part in names.items()]
    hooks += [
        part.register_full_backward_hook(partial(_backward, seen, name)) for name, part in names.items()
    ]
    model.zero_grad()
    model(images.clone().requires_grad_(True)).square().sum().backward()
    for hook in hooks:
        hook.remove()
    for name, part in names.items():
        inputs, outputs, input_gradient, output_gradient = seen[name]
        found = {"output": outputs, "weight": part.weight.grad, "input": input_gradient}
        if part.bias is not None:
            found["bias"] = part.bias.grad
        given = inputs, part.weight, output_gradient
        right = _without_onednn(part, *given)
        scales = cache(partial(_without_onednn, part, *(each.detach().abs() for each in given)))
        for quantity, value in found.items():
            yield name, quantity, _deviation(value, right[quantity], partial(_entry, scales, quantity))


def _forward(seen: dict[str, list[Tensor]], name: str, _: nn.Module, inputs, outputs) -> None:
    seen[name] = [inputs[0].detach(), outputs.detach()]


def _backward(seen: dict[str, list[Tensor]], name: str, _: nn.Module, inputs, outputs) -> None:
    seen[name] += [inputs[0].detach(), outputs[0].detach()]


def _without_onednn(
    part: nn.Conv2d, inputs: Tensor, weight: Tensor, output_gradient: Tensor
) -> dict[str, Tensor]:
    """Return outputs and gradients of the convolution that a part stands for."""
    # NNPACK, which torch would take instead for some, transforms: its rounding is ten times larger.
    with torch.backends.mkldnn.flags(enabled=False), torch.backends.nnpack.flags(enabled=False):
        inputs = inputs.clone().requires_grad_(True)
        weight = weight.detach().clone().requires_grad_(True)
        bias = None if part.bias is None else part.bias.detach().clone().requires_grad_(True)
        outputs = nn.functional.conv2d(
            inputs, weight, bias, part.stride, part.padding, part.dilation, part.groups
        )
        outputs.backward(output_gradient)
    return {
        "output": outputs.detach(),
        "weight": weight.grad,
        "input": inputs.grad,
        "bias": None if bias is None else bias.grad,
    }


def _entry(scales: Callable[[], dict[str, Tensor]], quantity: str) -> Tensor:
    return scales()[quantity]


def _deviation(value: Tensor, right: Tensor, scale: Callable[[], Tensor]) -> float:
    """Return a deviation, or what it is less than where that is within the tolerance.

    Sums of absolute values are no less than absolute values of sums, so most need not be computed.
    """
    difference = float((value - right).abs().max())
    if not isfinite(difference):
        return float("inf")
    within = difference <= TOLERANCE * float(right.abs().max())
    return difference / float((right if within else scale()).abs().max()) if difference else 0.0


def main() -> None:
    """Print every case and what is wrong in it, then how much was compared; exit with 1 if anything is."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    wrong = compared = 0
    worst = 0.0
    for case in cases():
        model, images = case.build(), case.images()
        for layout, memory_format in LAYOUTS.items():
            print(f"{case}, {layout}", flush=True)  # if this is the last line, it crashed here
            given = images.contiguous(memory_format=memory_format)
            for name, quantity, deviation in deviations(model.to(memory_format=memory_format), given):
                compared += 1
                worst = max(worst, deviation)
                if deviation > TOLERANCE:
                    wrong += 1
                    print(f"WRONG by {deviation:.1e}: {quantity} of {name}", flush=True)
    print(f"{compared} compared, {wrong} wrong, largest deviation {worst:.1e}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
