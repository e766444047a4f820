"""Measure how fast this machine trains and attacks ResNet-50 on 32x32 images, for config/hardware.yaml.

On a GPU of a cluster: `srun --gpus=1 .venv/bin/python benchmarks/throughput.py NAME` prints the row. It
trains and attacks random images for about half a minute each, with the code and at the precision of the
study `cifar10`, and counts no warming up.
"""

import platform
import sys
import time
from collections.abc import Callable

import torch
from torch.nn import functional

from advex.attack.loop import projected_gradient
from advex.attack.objectives import cross_entropy
from advex.common.machine.devices import Device
from advex.common.settings import ArchitectureSettings, AttackSettings
from advex.networks.classifier import Classifier, build
from advex.networks.folding import folded

RESNET50 = ArchitectureSettings("resnet50", {}, 3, 10, (0.5,) * 3, (0.25,) * 3)
SECONDS = 30.0
STEPS = 5


def rate(work: Callable[[], int], device: Device) -> tuple[int, float]:
    """Repeat `work`, which returns how many images it treated, and return images and seconds in all."""

    def finished() -> float:
        if device.on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()

    work()
    images, started = 0, finished()
    while (now := finished()) - started < SECONDS or not images:
        images += work()
    return images, now - started


def training(model: Classifier, device: Device, batch: int) -> Callable[[], int]:
    """Return a function that makes one step of training."""
    images = torch.rand(batch, 3, 32, 32, device=device.torch_device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (batch,), device=device.torch_device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def step() -> int:
        model.train()
        with device.computing():
            loss = functional.cross_entropy(model(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return batch

    return step


def attacking(model: Classifier, device: Device, batch: int) -> Callable[[], int]:
    """Return a function that makes a few steps of an attack; each step of each image counts."""
    images = torch.rand(batch, 3, 32, 32, device=device.torch_device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (batch,), device=device.torch_device)
    settings = AttackSettings("l2", 0.5, STEPS, 0.1, keep_best=False)

    def steps() -> int:
        with device.computing():
            projected_gradient(cross_entropy, folded(model), images, labels, settings)
        return batch * STEPS

    return steps


def main() -> None:
    """Print the row."""
    name = sys.argv[1] if len(sys.argv) > 1 else "mine"
    device = Device.choose("bfloat16", torch.get_num_threads())
    what = torch.cuda.get_device_name() if device.on_gpu else f"{torch.get_num_threads()} threads of a CPU"
    model = build(RESNET50, "throughput")
    device.model(model)
    large = device.on_gpu
    trained = rate(training(model, device, 128 if large else 16), device)
    attacked = rate(attacking(model, device, 1024 if large else 16), device)
    print(f"{name}:")
    print(f"  name: {what} ({platform.machine()})")
    print(f"  basis: measured by benchmarks/throughput.py with torch {torch.__version__}")
    print(f"  train: {{architecture: resnet50, images: {trained[0]}, seconds: {trained[1]:.2f}}}")
    print(f"  attack: {{architecture: resnet50, images: {attacked[0]}, seconds: {attacked[1]:.2f}}}")


if __name__ == "__main__":
    main()
