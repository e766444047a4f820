"""Images, labels and numbers handed in to :mod:`advex.api`: taken over, or refused with a reason."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advex.common.artifacts import Array
from advex.common.errors import InputError
from advex.common.images import ImageSet

Images = Tensor | Array | ImageSet | Iterable[tuple[Any, Any]]
"""Images (N, C, H, W): uint8 in 0..255 or floats in [0, 1]; a set of ours; or batches of them and labels."""
Labels = Tensor | Array | Sequence[int]
"""(N,) whole numbers from 0 on."""

_BYTE = 255.0
_IGNORED = -100


def labelled_images(images: Images, labels: Labels | None) -> tuple[Tensor, Tensor]:
    """Return images (N, C, H, W) float32 in [0, 1] and labels (N,) int64, where the images are.

    Values of 8 bits are divided by 255; other types are rounded to float32. What comes back shares no memory
    with what was handed in.

    Args:
        images: see :data:`Images`; batches are read to the end, in their order.
        labels: those of images without labels of their own.

    Raises:
        InputError: types, shapes or values are not as said.
    """
    if isinstance(images, ImageSet):
        _refuse_labels(labels, "an ImageSet")
        return image_tensor(images.images), label_tensor(images.labels, len(images))
    if isinstance(images, (Tensor, np.ndarray)):
        taken = image_tensor(images)
        if labels is None:
            raise InputError("labels: missing; hand over one for each image")
        return taken, label_tensor(labels, len(taken)).to(taken.device)
    _refuse_labels(labels, "batches")
    return _joined(images)


def _refuse_labels(labels: Labels | None, what: str) -> None:
    if labels is not None:
        raise InputError(f"labels: given, but {what} have labels of their own; leave them out")


def _joined(batches: Any) -> tuple[Tensor, Tensor]:
    """Join batches of images and labels."""
    if isinstance(batches, (str, bytes)) or not isinstance(batches, Iterable):
        raise InputError(
            f"images: found {type(batches).__name__}; expected a tensor, array, ImageSet or DataLoader"
        )
    parts = []
    for batch in batches:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise InputError(
                f"images: batches hold {type(batch).__name__}; expected pairs of images and labels, as a "
                "DataLoader of a labelled data set gives them"
            )
        some = image_tensor(batch[0])
        parts.append((some, label_tensor(batch[1], len(some)).to(some.device)))
    if not parts:
        raise InputError("images: no batches; of none the shape of images is not known")
    if len({some.shape[1:] for some, _ in parts}) > 1:
        raise InputError("images: batches hold images of different shapes")
    images, labels = zip(*parts, strict=True)
    return torch.cat(images), torch.cat(labels)


def image_tensor(images: Any, name: str = "images") -> Tensor:
    """Return images as (N, C, H, W) float32 in [0, 1].

    Raises:
        InputError: another type, shape or range; ``name`` is the argument's.
    """
    if not isinstance(images, (Tensor, np.ndarray)):
        raise InputError(f"{name}: found {type(images).__name__}; expected a tensor or an array")
    # A copy that autograd knows nothing of, of a tensor made in inference mode too.
    tensor = (torch.from_numpy(_known(images, name)) if isinstance(images, np.ndarray) else images).detach()
    if tensor.ndim != 4:
        raise InputError(
            f"{name}: found shape {tuple(tensor.shape)}; expected (N, C, H, W), one image as images[None]"
        )
    if tensor.dtype == torch.uint8:
        return tensor.float().div(_BYTE)
    if not tensor.is_floating_point():
        raise InputError(f"{name}: found {tensor.dtype}; expected uint8 in 0..255 or floats in [0, 1]")
    taken = tensor.clone(memory_format=torch.contiguous_format).float()
    if taken.numel():
        _check_range(taken, name)
    return taken


def _known(array: Array, name: str) -> Array:
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name}: found an array of {array.dtype}; expected numbers")
    native: Array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=True))
    return native


def _check_range(images: Tensor, name: str) -> None:
    finite = torch.isfinite(images).flatten(1).all(1)
    if not finite.all():
        raise InputError(f"{name}: number {int((~finite).nonzero()[0])} holds NaN or infinite values")
    low, high = float(images.min()), float(images.max())
    if low >= 0 and high <= 1:
        return
    hint = "hand over images in [0, 1], and the normalisation as the first part of the model"
    if low >= 0 and high > 2:
        hint = "they look like 0..255: divide them by 255, or hand over uint8"
    elif low >= -1 and high <= 1:
        hint = "they look like [-1, 1]: hand over (images + 1) / 2, and undo that in the model"
    raise InputError(f"{name}: found values from {low:g} to {high:g}; allowed: 0 to 1; {hint}")


def label_tensor(labels: Any, count: int, name: str = "labels") -> Tensor:
    """Return labels as (count,) int64.

    Raises:
        InputError: they are no whole numbers from 0 on, or not one for each image.
    """
    try:
        tensor = labels.detach().clone() if isinstance(labels, Tensor) else torch.from_numpy(np.array(labels))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: found {type(labels).__name__}; expected whole numbers") from error
    if tensor.shape != (count,):
        hint = "; of one-hot rows hand over the argmax" if tensor.ndim == 2 else ""
        raise InputError(f"{name}: found shape {tuple(tensor.shape)}; expected ({count},){hint}")
    if count and (tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool):
        raise InputError(f"{name}: found {tensor.dtype}; expected whole numbers")
    tensor = tensor.long()
    if count and tensor.min() < 0:
        found = int(tensor.min())
        hint = " (it marks what a loss ignores: leave those images out)" if found == _IGNORED else ""
        raise InputError(f"{name}: found {found}{hint}; allowed: 0 to the number of classes less 1")
    return tensor


def check_labels(labels: Tensor, classes: int, name: str = "labels") -> None:
    """Refuse labels that a model does not know.

    Raises:
        InputError: there is one of ``classes`` or more.
    """
    if len(labels) and int(labels.max()) >= classes:
        raise InputError(
            f"{name}: found {int(labels.max())}; the model has {classes} classes, 0 to {classes - 1}"
        )


def number(name: str, value: Any, *, finite: bool = True) -> float:
    """Return a number of 0 or more.

    Raises:
        InputError: it is none.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError(f"{name}: found {value!r}; expected a number")
    if not value >= 0 or (finite and math.isinf(value)):
        raise InputError(
            f"{name}: found {value}; allowed: {'finite numbers' if finite else 'numbers'} from 0 on"
        )
    return float(value)


def whole_number(name: str, value: Any) -> int:
    """Return a whole number of 1 or more.

    Raises:
        InputError: it is none.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InputError(f"{name}: found {value!r}; allowed: whole numbers from 1 on")
    return int(value)
