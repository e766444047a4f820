"""Torch's generators, seeded with names as in :mod:`advex.common.randomness`."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from advex.common.randomness import stable_seed


def torch_generator(*name: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return torch's generator of a name.

    Args:
        *name: what is drawn, for what, in which repetition.
        device: where to draw. On the CPU a name means the same numbers wherever they are used; a GPU draws
            other ones, and is for what is drawn at every step of a training.
    """
    return torch.Generator(device).manual_seed(stable_seed(*name))


@contextmanager
def initial_weights(*name: str | int) -> Iterator[None]:
    """Let layers that are made in the body draw their weights by a name; afterwards nothing has changed.

    Layers ask torch's global generator and take no other.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stable_seed(*name))
        yield
