"""Files of the form in which the authors released their networks and sets, made up."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from advex.networks.torchvision_import import torchvision

MEAN, STD = (0.49, 0.48, 0.45), (0.2, 0.21, 0.22)
"""Not those of our studies, so that one can tell whose count."""


def network(name: str = "resnet18", seed: int = 0) -> nn.Module:
    """Return the library's network for CIFAR-10: torchvision's with another stem, no pooling, ten classes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: nn.Module = getattr(torchvision().models, name)(num_classes=10)
        made.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        made.maxpool = nn.Identity()
        return made.eval()


def library_keys(made: nn.Module) -> dict[str, Tensor]:
    """Return a network's state as a checkpoint of the library has it."""
    state = {
        key.replace(".downsample.", ".shortcut.").replace("fc.", "linear."): value
        for key, value in made.state_dict().items()
    }
    return as_madry(state, MEAN, STD)


def as_madry(state: Mapping[str, Tensor], mean: Sequence[float], std: Sequence[float]) -> dict[str, Tensor]:
    """Return a state under the keys of a checkpoint of MadryLab's library, where the network stands twice."""
    wrapped = {}
    for prefix, normaliser in (("module.", "normalizer"), ("module.attacker.", "normalize")):
        wrapped[f"{prefix}{normaliser}.new_mean"] = torch.tensor(mean).view(3, 1, 1)
        wrapped[f"{prefix}{normaliser}.new_std"] = torch.tensor(std).view(3, 1, 1)
        wrapped |= {f"{prefix}model.{key}": value for key, value in state.items()}
    return wrapped


@contextmanager
def settings_class() -> Iterator[type[Any]]:
    """Make the class in which the library keeps settings, which is not installed, while a file is written."""
    module = ModuleType("cox.utils")

    class Parameters:
        def __init__(self, params: dict[str, Any]) -> None:
            self.params = params

    Parameters.__module__, Parameters.__qualname__ = "cox.utils", "Parameters"
    module.Parameters = Parameters  # type: ignore[attr-defined]
    sys.modules |= {"cox": ModuleType("cox"), "cox.utils": module}
    try:
        yield Parameters
    finally:
        del sys.modules["cox"], sys.modules["cox.utils"]


def write_checkpoint(path: Path, state: dict[str, Tensor], old_form: bool = False, **more: Any) -> Path:
    """Write a checkpoint as the library does, with its settings; in torch's form of 2019 or today's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with settings_class() as parameters:
        content = {
            "model": state,
            "epoch": 150,
            "args": parameters({"eps": "0.5"}),
            "optimizer": {"state": {}},
        }
        torch.save(content | more, path, _use_new_zipfile_serialization=not old_form)
    return path


def write_set(folder: Path, labels: np.ndarray, seed: int = 0) -> Path:
    """Write a set of made-up images as the authors did: lists of tensors, one a batch."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(len(labels), 3, 32, 32, generator=generator)
    torch.save(list(images.split(8)), folder / "CIFAR_ims")
    torch.save(list(torch.from_numpy(labels).split(8)), folder / "CIFAR_lab")
    return folder
