"""What benchmarks attack: networks, and scikit-learn's digits as images of 32x32 in three channels."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional

from advex.common.machine.devices import Device
from advex.common.settings import ArchitectureSettings
from advex.networks.classifier import Classifier, build

NETWORKS = {  # options, images at once, steps of training
    "small_resnet18": ({"width": 16}, 64, 60),
    "small_vgg": ({"width": 16}, 64, 60),
    "resnet18": ({}, 16, 20),
}


def images_and_labels(device: Device) -> tuple[Tensor, Tensor]:
    """Return digits as images (1797, 3, 32, 32), float32 in [0, 1], and their labels."""
    found = load_digits()
    images = torch.from_numpy(found.images.astype(np.float32) / 16)[:, None].expand(-1, 3, -1, -1)
    large = functional.interpolate(images, 32, mode="nearest").contiguous(memory_format=torch.channels_last)
    return large.to(device.torch_device), torch.from_numpy(found.target).to(device.torch_device)


def trained(
    name: str, options: dict[str, int], steps: int, images: Tensor, labels: Tensor, device: Device
) -> Classifier:
    """Train a network on batches of the images, so that attacks have something to do."""
    settings = ArchitectureSettings(name, options, 3, 10, (0.5,) * 3, (0.25,) * 3)
    model = build(settings, "benchmark")
    device.model(model)
    optimiser = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = torch.randperm(len(images), generator=generator)[:64].to(images.device)
        optimiser.zero_grad()
        functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimiser.step()
    return model.eval().requires_grad_(False)
