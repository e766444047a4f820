"""Models that know nothing of this library: anything that gives logits, checked while it is used."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from advex.common.errors import InputError
from advex.networks.classifier import Classifier
from advex.networks.folding import folded

Model = Callable[[Tensor], Any]
"""A function, such as an ``nn.Module``, of images (N, C, H, W) in [0, 1] that gives logits (N, classes), or
something whose ``logits`` they are."""

_SUM_OF_PROBABILITIES = 1e-3  # how far a sum may be from 1: half precision
_NAMES_SHOWN = 12


class Foreign(nn.Module):
    """A model of a caller's, with the methods that attacks and inversions use.

    It is no part of this module, so nothing is copied or folded (:mod:`advex.networks.folding` does so with
    networks whose order of layers is known). Whoever uses it puts it in evaluation mode.

    Args:
        model: see :data:`Model`. It gets a copy of the images in the type of its parameters, so it may write
            over them.
        layer: the module inside whose output is the representation; none where the model has a method
            ``representation``, or none is needed.

    Raises:
        InputError: it cannot be called, has parameters on several devices or of inference mode, or no such
            layer.
    """

    model: Any
    _layer: Any

    def __init__(self, model: Model, layer: str | None = None) -> None:
        super().__init__()
        if not callable(model):
            raise InputError(f"model: found {type(model).__name__}; expected an nn.Module or a function")
        own = folded(model) if isinstance(model, Classifier) else model
        self.__dict__["model"] = own  # no submodule
        self.device, self.dtype = _place(own)
        self._layer_name = layer
        self.__dict__["_layer"] = _layer(own, layer) if layer is not None else None
        self.finite = torch.ones((), dtype=torch.bool)
        """Whether all numbers so far were finite, on the device; copies of this module share it."""

    def to_device(self, device: torch.device) -> "Foreign":
        """Say where numbers are computed, of a model without parameters."""
        self.device = self.device or device
        self.finite = self.finite.to(self.device)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of images (N, C, H, W) in [0, 1]; (N, classes) float32.

        Raises:
            InputError: it gives something else.
        """
        logits = _logits(self.model(self._taken(images)))
        if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
            raise InputError(
                f"model: gives logits of shape {tuple(logits.shape)} for {len(images)} images; "
                f"expected ({len(images)}, classes) with two classes or more"
            )
        self.finite.logical_and_(torch.isfinite(images).all() & torch.isfinite(logits).all())
        return logits.float()

    def representation(self, images: Tensor) -> Tensor:
        """Return what the layer, or the model's own method, computes of images; (N, features) float32.

        Raises:
            InputError: no layer is named and the model has no such method; or the layer gives no tensor with
                one row for each image.
        """
        if self._layer is not None:
            kept: list[Any] = []
            # What follows may write over the layer's output.
            handle = self._layer.register_forward_hook(lambda module, given, out: kept.append(_cloned(out)))
            try:
                self.model(self._taken(images))
            finally:
                handle.remove()
            found = kept[-1] if kept else None
        elif hasattr(self.model, "representation"):
            found = self.model.representation(self._taken(images))
        else:
            raise InputError(
                f"layer: needed, since the model has no method `representation`; {self._names()}"
            )
        if not isinstance(found, Tensor) or found.ndim < 2 or len(found) != len(images):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(
                f"layer: {self._layer_name or 'representation'} gives {shape} for {len(images)} images; "
                "expected a tensor with a row for each image"
            )
        self.finite.logical_and_(torch.isfinite(images).all() & torch.isfinite(found).all())
        return found.flatten(1).float()

    def examine(self, images: Tensor) -> int:
        """Look at what the model gives for some images, and return the number of classes.

        Raises:
            InputError: it cannot take the images, or its logits are no logits: not finite, probabilities, of
                another shape, or without a gradient with respect to the images.
        """
        asked = images.detach().clone().requires_grad_(True)
        try:
            logits = self(asked)
        except (InputError, torch.OutOfMemoryError):
            raise
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            shape = tuple(images.shape)
            raise InputError(
                f"model: it cannot take images of shape {shape}, {self.dtype}: {error}"
            ) from error
        reached = (
            torch.autograd.grad(logits.sum(), asked, allow_unused=True) if logits.requires_grad else [None]
        )
        if reached[0] is None:
            raise InputError(
                "model: its logits have no gradient with respect to the images; does it detach them, use "
                "torch.no_grad, or leave torch?"
            )
        self.check_finite("for the images as they are")
        rows = logits.detach()
        sums = rows.sum(1)
        if len(rows) and rows.min() >= 0 and (sums - 1).abs().max() < _SUM_OF_PROBABILITIES:
            raise InputError(
                "model: gives probabilities (rows of numbers from 0 on that sum to 1); hand over one that "
                "gives logits, without softmax: of probabilities attacks see next to no gradient"
            )
        return int(rows.shape[1])

    def check_finite(self, when: str) -> None:
        """Raise if anything so far was not finite.

        Raises:
            InputError: an attack cannot go on from there; ``when`` is part of the message.
        """
        if not self.finite.item():
            raise InputError(
                f"model: logits, representations or gradients are not finite (NaN or infinite) {when}"
            )

    def _taken(self, images: Tensor) -> Tensor:
        return images.to(self.dtype, copy=True)

    def _names(self) -> str:
        names = (
            [name for name, _ in self.model.named_modules() if name]
            if isinstance(self.model, nn.Module)
            else []
        )
        if not names:
            return "it has no named layers either: hand over an nn.Module"
        few = ", ".join(names[-_NAMES_SHOWN:])
        return f"name one of its {len(names)} layers, such as the last ones: {few}"


def _place(model: Model) -> tuple[torch.device | None, torch.dtype]:
    """Return where a model computes (None: anywhere) and the type it takes."""
    if not isinstance(model, nn.Module):
        return None, torch.float32
    tensors = [*model.parameters(), *model.buffers()]
    if any(tensor.is_inference() for tensor in tensors):
        raise InputError(
            "model: it was made within torch.inference_mode(), where nothing can be differentiated later; "
            "make or load it outside"
        )
    devices = sorted({str(tensor.device) for tensor in tensors})
    if len(devices) > 1:
        raise InputError(f"model: its tensors lie on {' and '.join(devices)}; move all of it to one device")
    types = [parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()]
    return torch.device(devices[0]) if devices else None, types[0] if types else torch.float32


def _layer(model: Model, name: str) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise InputError(f"layer: found {name!r}, but the model is a function; hand over an nn.Module")
    names = [each for each, _ in model.named_modules() if each]
    if name not in names:
        near = get_close_matches(str(name), names) or names[-_NAMES_SHOWN:]
        raise InputError(f"layer: found {name!r}; this model has, among others: {', '.join(near) or 'none'}")
    return model.get_submodule(name)


def _cloned(output: Any) -> Any:
    """Return a copy of a layer's output; of several the first."""
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    return first.clone() if isinstance(first, Tensor) else first


def _logits(output: Any) -> Tensor:
    """Return the logits in what a model gives."""
    if isinstance(output, Mapping):
        output = output.get("logits", output)
    elif not isinstance(output, Tensor):
        output = getattr(output, "logits", output)
    if not isinstance(output, Tensor):
        parts = f" of {len(output)}" if isinstance(output, (tuple, list, Mapping)) else ""
        raise InputError(
            f"model: gives a {type(output).__name__}{parts}; expected a tensor of logits, or something whose "
            "`logits` they are: wrap it in a function that returns these"
        )
    return output
