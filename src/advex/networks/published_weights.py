"""Networks that others have trained: published files of weights as models of ours.

A file is read only once its SHA-256 is the expected one, and never by running what it says: safetensors are
raw numbers, and pickles are read by torch's restricted reader, which builds tensors and plain containers and
refuses everything else. Checkpoints of MadryLab's library `robustness` may hold more (whatever `dill`
wrote); those are refused, and must be converted once where running them does no harm.
"""

import hashlib
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings
from advex.networks.architectures.imagenet import HEADS
from advex.networks.classifier import Classifier, build

KNOWN_HEADS = HEADS | {"resnet18": "linear", "resnet50": "linear"}
"""What torchvision calls the last layer of networks for ImageNet, MadryLab's library of others."""

SHORTEST_PREFIX = 8
"""Hexadecimal digits of a SHA-256 that must be given; torchvision's file names carry as many."""

_CONTAINERS = ("state_dict", "model")
_WRAPPERS = ("module.", "model.")
_NORMALISER = re.compile(r"(attacker\.)?normaliz\w*\.(normalizer\.|1\.)?new_(mean|std)")
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
_CONVERSION = (
    "it holds more than tensors. Convert it once, where running code from it does no harm, such as a "
    "container without network: load it with torch and dill there, save the tensors of its state with "
    "safetensors.torch.save_file, and name that file and its SHA-256 instead"
)


def import_weights(
    path: str | os.PathLike[str], sha256: str, architecture: ArchitectureSettings
) -> tuple[Classifier, ArchitectureSettings]:
    """Build a network among :data:`KNOWN_HEADS` with the weights of a file.

    Args:
        path: safetensors, or a file of ``torch.save``: a state, or a dictionary that holds one as
            ``state_dict`` or ``model``. Keys are those of :func:`with_weights`.
        sha256: the first digits of the file's SHA-256, at least :data:`SHORTEST_PREFIX`.
        architecture: which network. Where the file holds a normaliser, its mean and standard deviation count.

    Returns:
        The classifier in evaluation mode, and its settings.

    Raises:
        UserError: the file is missing, another one, unreadable, unsafe, or of another network.
    """
    return with_weights(read_verified(path, sha256), architecture, path)


def with_weights(
    published: Mapping[str, Tensor], architecture: ArchitectureSettings, path: str | os.PathLike[str]
) -> tuple[Classifier, ArchitectureSettings]:
    """Build a network with published tensors, whose keys, shapes and types must be the network's.

    Args:
        published: under torchvision's keys, or those with the prefixes ``module.``, ``model.`` of MadryLab's
            library; what it keeps below ``attacker.`` is the same network again.
        architecture: as for :func:`import_weights`.
        path: which file to name in a message.

    Returns:
        The classifier in evaluation mode, and its settings.

    Raises:
        UserError: the architecture is none of :data:`KNOWN_HEADS`, or the tensors are another network's.
    """
    if architecture.name not in KNOWN_HEADS:
        raise UserError(f"weights: found architecture {architecture.name}; allowed: {', '.join(KNOWN_HEADS)}")
    state = unwrapped(published)
    moments = {key: state.pop(key) for key in list(state) if _NORMALISER.fullmatch(key)}
    given: dict[str, Any] = {}
    for name in ("mean", "std"):
        found = [value.flatten().tolist() for key, value in moments.items() if key.endswith(name)]
        if found:
            given[name] = tuple(found[0])
    settings = ArchitectureSettings(
        architecture.name,
        architecture.options,
        architecture.channels,
        architecture.classes,
        given.get("mean", architecture.mean),
        given.get("std", architecture.std),
    )
    state = {key: value for key, value in state.items() if not key.startswith("attacker.")}
    model = build(settings)
    _fill(model, {_our_key(key, architecture.name): value for key, value in state.items()}, path)
    return model.eval(), settings


def read_verified(path: str | os.PathLike[str], sha256: str) -> dict[str, Tensor]:
    """Return the tensors of a file, read only if its SHA-256 starts with ``sha256``.

    The bytes that were hashed are the bytes that are read.

    Raises:
        UserError: the file is missing, another one, unreadable, or holds more than tensors.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_PREFIX},64}}", sha256):
        raise UserError(
            f"{path}: found SHA-256 {sha256!r}; give {SHORTEST_PREFIX} to 64 hexadecimal digits of the file's"
        )
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file of weights; put it there") from error
    found = hashlib.sha256(data).hexdigest()
    if not found.startswith(sha256):
        raise UserError(f"{path}: its SHA-256 is {found}, expected {sha256}; not read. Download it again")
    return _tensors(data, path)


def _tensors(data: bytes, path: str | os.PathLike[str]) -> dict[str, Tensor]:
    if Path(path).suffix == ".safetensors":
        try:
            return load_safetensors(data)
        except SafetensorError as error:
            raise UserError(f"{path}: not a complete safetensors file ({error})") from error
    try:
        # weights_only: tensors and plain containers; any other class or function in the file is refused.
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # what torch raises for damaged files is not listed anywhere
        if re.search(r"Unsupported (global|class)|unrecognized function", str(error)):
            raise UserError(f"{path}: not read, {_CONVERSION}") from error
        raise UserError(f"{path}: not a file of torch.save ({type(error).__name__})") from error
    return state_in(content, path)


def state_in(content: Any, path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the tensors of what a file of ``torch.save`` holds: a state, or a dictionary around one.

    Raises:
        UserError: it holds no such thing; ``path`` is the file to name.
    """
    for name in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    tensors = isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    )
    if not tensors or not content:
        raise UserError(f"{path}: found {type(content).__name__}; a dictionary of tensors is expected")
    return dict(content)


def unwrapped(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors without what wraps all keys, or all but the normaliser's and the attacker's."""
    unwrapped = dict(state)
    for prefix in _WRAPPERS:
        own = [key for key in unwrapped if not re.match(r"(attacker|normaliz)", key)]
        if all(key.startswith(prefix) for key in own):
            unwrapped = {key.removeprefix(prefix): value for key, value in unwrapped.items()}
    return unwrapped


def _our_key(key: str, architecture: str) -> str:
    head = f"{KNOWN_HEADS[architecture]}."
    if key.startswith(head):
        return f"head.{key.removeprefix(head)}"
    if architecture not in HEADS:
        key = key.replace(".shortcut.", ".downsample.")
    return "backbone." + _OLD_DENSENET.sub(r"\1\2.", key)


def _fill(model: Classifier, state: dict[str, Tensor], path: str | os.PathLike[str]) -> None:
    """Load a state after comparing names, shapes and types with the network's."""
    wanted = model.state_dict()
    ours = {"mean", "std"} | {key for key in wanted if key.endswith("num_batches_tracked")} - state.keys()
    missing, unknown = wanted.keys() - state.keys() - ours, state.keys() - wanted.keys()
    mistakes = [f"no {key}" for key in sorted(missing)] + [f"unknown {key}" for key in sorted(unknown)]
    for key in sorted(wanted.keys() & state.keys()):
        if state[key].shape != wanted[key].shape:
            mistakes.append(f"{key} is {tuple(state[key].shape)}, not {tuple(wanted[key].shape)}")
        elif not state[key].isfinite().all():
            mistakes.append(f"{key} holds values that are not finite")
    if mistakes:
        more = f", and {len(mistakes) - 5} more" if len(mistakes) > 5 else ""
        raise UserError(f"{path}: its weights do not fit: {'; '.join(mistakes[:5])}{more}")
    model.load_state_dict({key: wanted[key] for key in ours} | state)
