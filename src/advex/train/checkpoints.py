"""Checkpoints of an unfinished training: all it takes to go on as if it had never stopped."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from advex.common.checkpoint import Checkpoint
from advex.train.optimizers import Optimizer


def save_checkpoint(
    checkpoint: Checkpoint,
    model: nn.Module,
    optimizer: Optimizer,
    generator: torch.Generator,
    progress: Mapping[str, Any],
) -> None:
    """Keep weights, momentum and random state, with JSON-serialisable ``progress``: ``epochs``, ``rows``."""
    tensors: dict[str, Tensor] = {f"model/{name}": value for name, value in model.state_dict().items()}
    for index, state in optimizer.state.items():
        tensors |= {f"optimizer/{index}/{name}": value for name, value in state.items()}
    tensors["generator"] = generator.get_state()
    arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
    checkpoint.write(arrays, progress)


def load_checkpoint(
    checkpoint: Checkpoint,
    model: nn.Module,
    optimizer: Optimizer,
    generator: torch.Generator,
    epochs: int,
) -> dict[str, Any]:
    """Restore model, optimizer and generator in place from what the checkpoint keeps, if that fits.

    Args:
        checkpoint: where it may be; one that does not fit is set aside and logged.
        model: a freshly built model.
        optimizer: its optimizer.
        generator: the training's generator.
        epochs: how many the training has.

    Returns:
        The progress stored with it; empty when there is nothing to resume.
    """
    arrays, progress = checkpoint.read()
    if not progress:
        return {}
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    weights = _below(tensors, "model/")
    if reason := _misfit(weights, progress, model, epochs):
        checkpoint.set_aside(reason)
        return {}
    model.load_state_dict(weights)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _below(tensors, "optimizer/").items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load(state)
    generator.set_state(tensors["generator"])
    return progress


def _misfit(
    weights: Mapping[str, Tensor], progress: Mapping[str, Any], model: nn.Module, epochs: int
) -> str | None:
    """Return why weights and progress cannot be those of a training of this model, if they cannot."""
    done = progress.get("epochs")
    if not isinstance(done, int) or not 1 <= done <= epochs:
        return f"it counts {done} epochs of {epochs}"
    wanted, found = (
        {
            name: tuple(value.shape) or (1,) for name, value in state.items()
        }  # numbers are stored as arrays of one
        for state in (model.state_dict(), weights)
    )
    if wanted != found:
        return "its weights are not those of this model"
    return None


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
