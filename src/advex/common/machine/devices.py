"""Where and how numbers are computed: device, memory layout, precision, and torch's random generators.

Generators are seeded with names as in :mod:`advex.common.randomness`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from advex.common.artifacts import Array
from advex.common.randomness import stable_seed


@dataclass(frozen=True)
class Device:
    """A device with the precision to compute at: ``float32``, or ``bfloat16`` by autocast."""

    torch_device: torch.device
    precision: str = "float32"

    @classmethod
    def choose(cls, precision: str = "float32", threads: int = 1) -> "Device":
        """Take the GPU if there is one, else ``threads`` cores.

        Args:
            precision: ``float32``; ``bfloat16``, on a GPU alone; or ``bfloat16_everywhere``, on processors
                too: one that does not know it computes in it slowly, so that a study means the same on all.
            threads: how many cores, where there is no GPU.
        """
        torch.set_num_threads(threads)
        if torch.cuda.is_available():
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True
            return cls(torch.device("cuda"), "float32" if precision == "float32" else "bfloat16")
        return cls(torch.device("cpu"), "bfloat16" if precision == "bfloat16_everywhere" else "float32")

    @property
    def on_gpu(self) -> bool:
        """Whether this is a CUDA device."""
        return self.torch_device.type == "cuda"

    def images(self, images: Array) -> Tensor:
        """Move (N, C, H, W) images to the device in channels-last layout, keeping their dtype."""
        tensor = torch.from_numpy(np.ascontiguousarray(images)).to(self.torch_device)
        return tensor.contiguous(memory_format=torch.channels_last)

    def labels(self, labels: Array) -> Tensor:
        """Move (N,) int64 labels to the device."""
        return torch.from_numpy(labels).to(self.torch_device)

    def model(self, model: nn.Module) -> nn.Module:
        """Move a model to the device in channels-last layout."""
        # Module.to has no overload for memory_format without a tensor in all supported versions.
        return model.to(self.torch_device).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Compute the body at this device's precision."""
        lower = self.precision == "bfloat16"
        with torch.autocast(self.torch_device.type, torch.bfloat16) if lower else nullcontext():
            yield

    def generator(self, *name: str | int) -> torch.Generator:
        """Return the random generator of a name on the device, for what is drawn at every step."""
        return torch_generator(*name, device=self.torch_device)


def as_float(images: Tensor) -> Tensor:
    """Return images in [0, 1] as float32: uint8 images are divided by 255."""
    return images.float().div_(255) if images.dtype == torch.uint8 else images


def torch_generator(*name: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return torch's generator of a name.

    Args:
        *name: what is drawn, for what, in which repetition.
        device: where to draw. On the CPU a name means the same numbers wherever they are used; a GPU draws
            other ones, and is for what is drawn at every step of a training.
    """
    return torch.Generator(device).manual_seed(stable_seed(*name))


@contextmanager
def streams_kept(device: torch.device) -> Iterator[None]:
    """Put torch's global generators back after the body, for code that seeds and draws from them itself."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


@contextmanager
def initial_weights(*name: str | int) -> Iterator[None]:
    """Let layers that are made in the body draw their weights by a name; afterwards nothing has changed.

    Layers ask torch's global generator and take no other.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stable_seed(*name))
        yield
