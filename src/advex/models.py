"""Trained models as safetensors: weights, and a description that suffices to build the network again."""

import os
from collections.abc import Mapping
from typing import Any

import torch

from advex.architectures import Classifier, build
from advex.artifacts import read_description, read_tensors, stored, write_tensors
from advex.devices import Device
from advex.errors import UserError
from advex.settings import ArchitectureSettings, plain


def write_model(
    path: str | os.PathLike[str],
    model: Classifier,
    architecture: ArchitectureSettings,
    description: Mapping[str, Any],
    stored_as: str = "float32",
) -> None:
    """Write a model's weights and buffers with its architecture and a description of how it was made.

    In half precision (``stored_as`` float16) they are rounded; whoever reads the model computes with that.

    Raises:
        UserError: a weight is too large for half precision.
    """
    state = model.state_dict().items()
    tensors = {name: stored(value.detach().cpu().numpy(), stored_as) for name, value in state}
    write_tensors(path, tensors, {**description, "architecture": plain(architecture)})


def read_model(path: str | os.PathLike[str], device: Device) -> Classifier:
    """Build the network that a file describes, load its weights, and put it in evaluation mode.

    Its parameters need no gradients: a model read back is attacked and measured, not trained.

    Raises:
        UserError: the file is missing or damaged, or its weights do not fit its architecture.
    """
    described = read_description(path).get("architecture")
    if described is None:
        raise UserError(f"{path}: names no architecture; is it a model?")
    settings = ArchitectureSettings(**described)
    model = build(settings)
    state = {name: torch.from_numpy(array) for name, array in read_tensors(path).items()}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(f"{path}: its weights do not fit {settings.name}: {error}") from error
    model.requires_grad_(False).eval()
    device.model(model)
    return model
