"""Trained models as safetensors: weights, and a description that suffices to build the network again."""

import os
from collections.abc import Mapping
from typing import Any

import torch

from advex.common.artifacts import read_description, read_tensors, stored, write_tensors
from advex.common.errors import UserError
from advex.common.machine.devices import Device
from advex.common.settings import ArchitectureSettings, plain
from advex.networks.classifier import Classifier, build
from advex.networks.ensembles import Ensemble

_MOST_MEMBERS = 1000


def write_model(
    path: str | os.PathLike[str],
    model: Classifier | Ensemble,
    architecture: ArchitectureSettings,
    description: Mapping[str, Any],
    stored_as: str = "float32",
) -> None:
    """Write a model's weights and buffers with its architecture and a description of how it was made.

    Weights of an ensemble have the number of their network in front: ``members.0.``.

    In half precision (``stored_as`` float16) they are rounded; whoever reads the model computes with that.

    Raises:
        UserError: a weight is too large for half precision.
    """
    state = model.state_dict().items()
    tensors = {name: stored(value.detach().cpu().numpy(), stored_as) for name, value in state}
    members = {"members": len(model.members)} if isinstance(model, Ensemble) else {}
    write_tensors(path, tensors, {**description, "architecture": plain(architecture), **members})


def read_model(path: str | os.PathLike[str], device: Device) -> Classifier:
    """Build the network that a file describes, load its weights, and put it in evaluation mode.

    Its parameters need no gradients: a model read back is attacked and measured, not trained. Of an ensemble
    this is the network it holds out (:meth:`advex.networks.ensembles.Ensemble.against`).

    Raises:
        UserError: the file is missing or damaged, or its weights do not fit its architecture.
    """
    model = _read(path, device)
    return model.held_out if isinstance(model, Ensemble) else model


def read_ensemble(path: str | os.PathLike[str], device: Device) -> Ensemble:
    """Read all networks of an ensemble, otherwise as :func:`read_model`.

    Raises:
        UserError: as there, or the file holds a single network.
    """
    model = _read(path, device)
    if not isinstance(model, Ensemble):
        raise UserError(f"{path}: holds one network; an ensemble is needed here")
    return model


def _read(path: str | os.PathLike[str], device: Device) -> Classifier | Ensemble:
    description = read_description(path)
    if "architecture" not in description:
        raise UserError(f"{path}: names no architecture; is it a model?")
    members = description.get("members")
    if members is not None and not (type(members) is int and 1 <= members <= _MOST_MEMBERS):
        raise UserError(f"{path}: found {members!r} members; allowed: 1 to {_MOST_MEMBERS}")
    try:
        settings = ArchitectureSettings(**description["architecture"])
        model = Ensemble(build(settings) for _ in range(members)) if members else build(settings)
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError, OverflowError, MemoryError) as error:
        raise UserError(f"{path}: describes no network that can be built ({error})") from error
    state = {name: torch.from_numpy(array) for name, array in read_tensors(path).items()}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(f"{path}: its weights do not fit {settings.name}: {error}") from error
    model.requires_grad_(False).eval()
    device.model(model)
    return model
