"""What a model predicts, asked in evaluation mode and without gradients."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from advex.common.machine.devices import Device, as_float
from advex.networks.folding import folded


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode for the body, then restore the mode of each of its modules."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def predictions(model: nn.Module, images: Tensor, device: Device, batch_size: int = 2048) -> Tensor:
    """Return the predicted class of each image (N, C, H, W), uint8 or float in [0, 1]; (N,) int64."""
    network = folded(model)
    with torch.no_grad(), device.computing():
        return torch.cat([network(as_float(batch)).argmax(1) for batch in torch.split(images, batch_size)])


def accuracy_of(model: nn.Module, images: Tensor, labels: Tensor, device: Device) -> float:
    """Return the share of images whose predicted class is their label, in [0, 1]."""
    return float((predictions(model, images, device) == labels).double().mean().item())


def divergence(logits: Tensor, others: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence KL(p || q) of two predictions by image, (N,) float32, in nats.

    Args:
        logits: those whose softmax is p, (N, classes).
        others: those whose softmax is q, (N, classes).
    """
    p, q = functional.log_softmax(logits.float(), 1), functional.log_softmax(others.float(), 1)
    return (p.exp() * (p - q)).sum(1)
