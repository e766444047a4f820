"""Style transfer by Gram matrices of any network's layers (comment 4, Nakano).

The losses are those of the comment's notebook (after Gatys et al., 2016): G = F F^T / (C H W) for activations
F of a layer; style and content losses are mean squared differences of G and of F. Pixels are optimised: no
smoothness term, no decorrelated parameters, no random transformations. Every image of a batch is its own
problem, see :mod:`advex.discussion.nakano.numerics.lbfgs`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from advex.common.errors import UserError
from advex.common.machine.devices import torch_generator
from advex.discussion.nakano.numerics.lbfgs import Lbfgs
from advex.train.optimizers import Adam

Activations = Callable[[Tensor], list[Tensor]]
"""Maps images (N, C, H, W) in [0, 1] to activations of layers, (N, c, h, w) each."""

ADAM_LEARNING_RATE = 0.01  # the notebook's


def gram(activations: Tensor) -> Tensor:
    """Return the Gram matrices of a layer's activations, positions averaged out.

    Args:
        activations: (N, C, H, W).

    Returns:
        (N, C, C), divided by C H W.
    """
    flat = activations.flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def style_losses(activations: Sequence[Tensor], grams: Sequence[Tensor]) -> Tensor:
    """Return the mean squared difference of Gram matrices to given ones, (N, layers).

    Args:
        activations: of each layer, (N, C, H, W).
        grams: of each layer, (N, C, C) or (1, C, C).
    """
    return torch.stack(
        [
            (gram(layer) - target).square().mean((1, 2))
            for layer, target in zip(activations, grams, strict=True)
        ],
        1,
    )


def content_losses(activations: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of activations (N, C, H, W) to given ones, (N,)."""
    return (activations - target).square().mean((1, 2, 3))


class LossNetwork(NamedTuple):
    """A network, and the places of those of its layers that are compared."""

    activations: Activations
    layers: tuple[int, ...]


class Transferred(NamedTuple):
    """Finished images and how they came about.

    Attributes:
        images: (N, C, H, W) in [0, 1].
        style: (evaluations + 1, N), the style loss over that of the start, at every evaluation and the end.
        content: likewise the content loss over the mean square of the content's activations; zeros where
            content does not count.
        style_weights: (N,), the factor of the raw style loss in the total.
    """

    images: Tensor
    style: Tensor
    content: Tensor
    style_weights: Tensor


def noise_like(images: Tensor, *name: str | int) -> Tensor:
    """Return standard normal noise of the images' shape, the comment's other start; it is clamped when used.

    Drawn on the CPU, so that a name means the same on every device.
    """
    return torch.randn(images.shape, generator=torch_generator(*name)).to(images.device)


def transfer(
    style_network: LossNetwork,
    content_network: LossNetwork | None,
    styles: Tensor,
    contents: Tensor,
    start: Tensor,
    *,
    initial_style: float,
    evaluations: int,
    optimiser: str = "lbfgs",
) -> Transferred:
    """Optimise the pixels of N images, each by itself.

    One rule weighs the losses, not the eye: the style loss is multiplied so that it is ``initial_style`` at
    the start, whatever the network and the layers, and the content loss is divided by the mean square of the
    content's activations. Networks whose activations differ in scale then have the same problem to solve.

    Args:
        style_network: its layers' Gram matrices are compared.
        content_network: its one layer's activations are compared; None: style alone, as for textures.
        styles: (N, C, H, W) in [0, 1], of any size.
        contents: (N, C, H, W) in [0, 1].
        start: (N, C, H, W), clamped to [0, 1].
        initial_style: weighted style loss of each image at its start.
        evaluations: how often losses and gradients are computed, which is what the comment counts.
        optimiser: ``lbfgs``, as torch's, or ``adam``; pixels are clamped before every evaluation and at the
            end.

    Raises:
        UserError: no evaluations, an unknown optimiser, several content layers, a start that has the Gram
            matrices of its style already, or pixels or losses that are no numbers.
    """
    if evaluations < 1:
        raise UserError(f"evaluations: found {evaluations}; at least 1 is needed")
    if content_network is not None and len(content_network.layers) != 1:
        raise UserError(f"content layers: found {len(content_network.layers)}; exactly one is compared")
    losses = _losses(style_network, content_network, styles, contents)
    pixels = start.detach().clamp(0, 1)
    update = _update(optimiser, pixels)
    with torch.no_grad():
        first = losses(pixels)[0]
    if not bool((first > 0).all()):
        raise UserError("style transfer: a start has the Gram matrices of its style already; take another")
    weights = initial_style / first
    curve = []
    for _ in range(evaluations):
        pixels.clamp_(0, 1)
        style, content = losses(pixels.requires_grad_(True))
        (gradient,) = torch.autograd.grad((weights * style + content).sum(), pixels)
        curve.append(torch.stack([style.detach() / first, content.detach()]))
        pixels.requires_grad_(False)
        update(gradient)
    pixels.clamp_(0, 1)
    with torch.no_grad():
        style, content = losses(pixels)
    curve.append(torch.stack([style / first, content]))
    by_style, by_content = torch.stack(curve, 1)
    if not bool(torch.isfinite(pixels).all() & torch.isfinite(by_style).all()):
        raise UserError("style transfer: pixels or losses became no numbers; lower initial_style")
    return Transferred(pixels, by_style, by_content, weights)


def _losses(
    style_network: LossNetwork, content_network: LossNetwork | None, styles: Tensor, contents: Tensor
) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return a function from images to the raw style loss and the relative content loss, (N,) each."""
    with torch.no_grad():
        activations = style_network.activations(styles)
        grams = [gram(activations[index]) for index in style_network.layers]
        if content_network is not None:
            target = content_network.activations(contents)[content_network.layers[0]]
            scale = target.square().mean((1, 2, 3))

    def losses(images: Tensor) -> tuple[Tensor, Tensor]:
        activations = style_network.activations(images)
        layers = [activations[index] for index in style_network.layers]
        style = style_losses(layers, grams).sum(1)
        if content_network is None:
            return style, torch.zeros_like(style)
        if content_network.activations is not style_network.activations:  # else one pass serves both
            activations = content_network.activations(images)
        return style, content_losses(activations[content_network.layers[0]], target) / scale

    return losses


def _update(optimiser: str, pixels: Tensor) -> Callable[[Tensor], object]:
    """Return a function that moves the pixels, given their gradient."""
    if optimiser == "lbfgs":
        memory = Lbfgs()
        return lambda gradient: pixels.add_(memory.step(gradient))
    if optimiser != "adam":
        raise UserError(f"optimiser: found {optimiser!r}; allowed: lbfgs, adam")
    adam = Adam([pixels], ADAM_LEARNING_RATE)

    def update(gradient: Tensor) -> None:
        pixels.grad = gradient
        adam.step()

    return update
