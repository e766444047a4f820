"""Checkpoints of an unfinished training: all it takes to go on as if it had never stopped."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from advex.common.artifacts import read_description, read_tensors, write_tensors
from advex.common.errors import UserError
from advex.train.optimizers import Optimizer

_log = logging.getLogger(__name__)


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: Optimizer,
    generator: torch.Generator,
    progress: Mapping[str, Any],
) -> None:
    """Write weights, momentum and random state, with JSON-serialisable ``progress``, as safetensors."""
    tensors: dict[str, Tensor] = {f"model/{name}": value for name, value in model.state_dict().items()}
    for index, state in optimizer.state.items():
        tensors |= {f"optimizer/{index}/{name}": value for name, value in state.items()}
    tensors["generator"] = generator.get_state()
    arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
    write_tensors(path, arrays, progress)


def load_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: Optimizer,
    generator: torch.Generator,
    settings: str,
) -> dict[str, Any]:
    """Restore model, optimizer and generator in place if ``path`` holds a checkpoint of these settings.

    Args:
        path: where the checkpoint may be; a missing, damaged or foreign one is left alone and logged.
        model: a freshly built model.
        optimizer: its optimizer.
        generator: the training's generator.
        settings: what the checkpoint's progress must carry as ``settings``.

    Returns:
        The progress stored with it; empty when there is nothing to resume.
    """
    if not path.exists():
        return {}
    try:
        progress, arrays = read_description(path), read_tensors(path)
    except UserError as error:
        _log.warning("start from the beginning: %s", error)
        return {}
    if progress.get("settings") != settings:
        _log.warning("start from the beginning: %s was written by other settings or data", path)
        return {}
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    model.load_state_dict(_below(tensors, "model/"))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _below(tensors, "optimizer/").items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load(state)
    generator.set_state(tensors["generator"])
    return progress


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
