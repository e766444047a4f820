"""What the authors released, converted once to safetensors: networks of their library, and the four sets.

``python -m advex.discussion.released.convert model cifar_l2_0_5.pt data/weights/cifar_l2_0_5.safetensors``
``python -m advex.discussion.released.convert set robust_CIFAR data/released/robust_CIFAR.safetensors``

What was released are pickles, and no job of the workflow reads one of them. Here they are read by torch's
restricted reader alone, which builds tensors and plain containers. Checkpoints of the library also hold
settings, objects of classes that the reader refuses: for each such name a class that does nothing takes its
place, so that whatever a file names, nothing of that name is looked up or run. Names of the system's modules,
and what asks for more than that, are refused.

A set is a folder of two files, ``CIFAR_ims`` and ``CIFAR_lab``, each a list of tensors to be joined. The keys
of a network and the form of a set are those that the README files of MadryLab/robustness and
MadryLab/constructed-datasets and the library's code show; the files themselves were not seen here.
"""

import argparse
import hashlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advex.common.artifacts import write_tensors
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.settings import ArchitectureSettings
from advex.networks.published_weights import KNOWN_HEADS, state_in, unwrapped, with_weights
from advex.prepare.official import CLASSES, SHAPES
from advex.prepare.prepared import files_sha256

IMAGES, LABELS = "CIFAR_ims", "CIFAR_lab"
"""The files of a released set."""

MOST_NAMES = 100
"""Names that a file may hold beside what the restricted reader knows; more are no settings of a training."""

_CLASSES, _SHAPE = CLASSES["cifar10"], SHAPES["cifar10"]
_MEAN, _STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
_UNKNOWN = re.compile(r"Unsupported global: GLOBAL (\S+) was not an allowed global")
_ATTACKER = "attacker.model."
_COUNTER = ".num_batches_tracked"


class _Nothing:
    """What stands for a class or function whose name is not looked up: it takes anything and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> "_Nothing":
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, _: Any) -> None:
        pass


def read_released(path: Path) -> tuple[Any, str]:
    """Return what a file of ``torch.save`` holds, and its SHA-256; what is no tensor or container is empty.

    Raises:
        UserError: no such file, none of ``torch.save``, or it asks for more than may be built.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; docs/data.md says who published it") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    names: list[str] = []
    while True:
        emptied: list[Any] = [(_Nothing, name) for name in names]
        try:
            with torch.serialization.safe_globals(emptied):
                content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        except Exception as error:  # what torch raises for damaged files is not listed anywhere
            unknown = _UNKNOWN.search(str(error))
            if unknown and unknown[1] not in names and len(names) < MOST_NAMES:
                names.append(unknown[1])
                continue
            said = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise UserError(
                f"{path}: not read: {said[0][:200]}. A file that torch's restricted reader cannot read is "
                "not opened otherwise; see docs/data.md"
            ) from error
        return content, hashlib.sha256(data).hexdigest()


def convert_model(path: Path, written: Path, architecture: str = "resnet50") -> None:
    """Write the network of a checkpoint of MadryLab's library under its own keys, with its normaliser.

    Without the numbers of batches that it saw, which no network needs.

    Keys, shapes and types are those of the network and no others; the library keeps the network twice, and
    the second time must be the same.

    Raises:
        UserError: the file is missing, unreadable, or of something else.
    """
    content, sha256 = read_released(path)
    state = state_in(content, path)
    bare = unwrapped(state)
    own = [key for key in state if ".attacker." not in f".{key}"]
    again = {key.removeprefix(_ATTACKER): value for key, value in bare.items() if key.startswith(_ATTACKER)}
    differing = sorted(key for key, value in again.items() if not _same(value, bare.get(key)))
    if differing:
        raise UserError(
            f"{path}: it holds the network twice, and not the same: {', '.join(differing[:3])} differ or "
            "have no fellow; a checkpoint of MadryLab's library is expected"
        )
    for name in ("new_mean", "new_std"):
        if not any(key.endswith(name) for key in own):
            raise UserError(
                f"{path}: found no normaliser ({name}); a checkpoint of MadryLab's library has one"
            )
    with_weights(state, ArchitectureSettings(architecture, {}, 3, len(_CLASSES), _MEAN, _STD), path)
    described = {"file": path.name, "sha256": sha256, "architecture": architecture}
    written.parent.mkdir(parents=True, exist_ok=True)
    kept = {key: state[key].numpy() for key in own if not key.endswith(_COUNTER)}
    write_tensors(written, kept, {"released": described})


def _same(one: Tensor, other: Tensor | None) -> bool:
    return other is not None and one.shape == other.shape and bool(torch.equal(one, other))


def convert_set(folder: Path, written: Path) -> None:
    """Write a released set as a set of images.

    Raises:
        UserError: a file is missing, unreadable, or of another form than CIFAR-10's.
    """
    images, of_images = _joined(folder / IMAGES)
    labels, of_labels = _joined(folder / LABELS)
    if images.ndim != 4 or tuple(images.shape[1:]) != _SHAPE:
        raise UserError(f"{folder / IMAGES}: found shape {tuple(images.shape)}; expected (N, 3, 32, 32)")
    if images.dtype != torch.uint8:
        if not images.is_floating_point():
            raise UserError(f"{folder / IMAGES}: found {images.dtype}; expected uint8 or fractions in 0..1")
        images = images.float()
        low, high = images.min().item(), images.max().item()
        if not (low >= 0 and high <= 1):
            raise UserError(f"{folder / IMAGES}: found values from {low:g} to {high:g}; expected 0 to 1")
    if labels.shape != images.shape[:1] or labels.is_floating_point() or labels.dtype == torch.bool:
        raise UserError(
            f"{folder / LABELS}: found shape {tuple(labels.shape)} of {labels.dtype}; expected one whole "
            f"number for each of {len(images)} images"
        )
    if not 0 <= int(labels.min()) <= int(labels.max()) < len(_CLASSES):
        raise UserError(
            f"{folder / LABELS}: found labels {int(labels.min())} to {int(labels.max())}; expected 0 to 9"
        )
    described = {"set": folder.name, "sha256": {IMAGES: of_images, LABELS: of_labels}}
    converted = ImageSet(images.numpy(), labels.numpy().astype(np.int64), _CLASSES)
    written.parent.mkdir(parents=True, exist_ok=True)
    converted.write(written, {"released": described})


def _joined(path: Path) -> tuple[Tensor, str]:
    """Return the tensors of a file joined along their first axis, and the file's SHA-256."""
    content, sha256 = read_released(path)
    parts = [content] if isinstance(content, Tensor) else content
    if (
        not isinstance(parts, list | tuple)
        or not parts
        or not all(isinstance(part, Tensor) for part in parts)
    ):
        raise UserError(f"{path}: found {type(content).__name__}; expected a list of tensors")
    try:
        return torch.cat(list(parts)), sha256
    except (RuntimeError, TypeError) as error:
        raise UserError(f"{path}: its tensors cannot be joined: {str(error).splitlines()[0]}") from error


def main(arguments: list[str] | None = None) -> None:
    """Convert a file or folder, and say what to write into a study's file."""
    parser = argparse.ArgumentParser(prog="python -m advex.discussion.released.convert", description=__doc__)
    verbs = parser.add_subparsers(dest="kind", required=True)
    for kind, told in (("model", "a checkpoint"), ("set", f"a folder of {IMAGES} and {LABELS}")):
        verb = verbs.add_parser(kind, help=f"convert {told}")
        verb.add_argument("released", type=Path, help=told)
        verb.add_argument("written", type=Path, help="the .safetensors file to write")
        if kind == "model":
            allowed = sorted(name for name in KNOWN_HEADS if not name.startswith("imagenet_"))
            verb.add_argument("--architecture", default="resnet50", choices=allowed)
    given = parser.parse_args(arguments)
    try:
        if given.written.suffix != ".safetensors":
            raise UserError(f"{given.written}: its name must end in .safetensors")
        if given.kind == "model":
            convert_model(given.released, given.written, given.architecture)
        else:
            convert_set(given.released, given.written)
    except UserError as error:
        sys.exit(str(error))
    classes = f", classes: {len(_CLASSES)}" if given.kind == "model" else ""
    print(f'{{file: {given.written}, sha256: "{files_sha256(given.written)}"{classes}}}')


if __name__ == "__main__":
    main()
