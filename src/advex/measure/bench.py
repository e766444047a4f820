"""What the instruments of one job share."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from advex.attack.targets import next_class, previous_class
from advex.common.images import ImageSet
from advex.common.machine.devices import Device, as_float
from advex.common.numbers.outcomes import pack
from advex.measure.entries import Row
from advex.networks.classifier import Classifier
from advex.networks.ensembles import Ensemble
from advex.networks.folding import folded
from advex.networks.stored_models import read_ensemble, read_model


@dataclass
class Bench:
    """What instruments share within a job: models and images on the device, and attacked images."""

    device: Device
    seed: int
    _models: dict[str, Classifier] = field(default_factory=dict)
    _ensembles: dict[str, Ensemble] = field(default_factory=dict)
    _images: dict[str, "LoadedImages"] = field(default_factory=dict)
    attacked: dict[Any, Tensor] = field(default_factory=dict)

    def model(self, path: str) -> Classifier:
        """Load a model once, its batch normalisation folded."""
        if path not in self._models:
            self._models[path] = folded(read_model(path, self.device))
        return self._models[path]

    def ensemble(self, path: str) -> Ensemble:
        """Load an ensemble once, the batch normalisation of its networks folded."""
        if path not in self._ensembles:
            self._ensembles[path] = folded(read_ensemble(path, self.device))
        return self._ensembles[path]

    def images(self, path: str) -> "LoadedImages":
        """Load a data set once."""
        if path not in self._images:
            self._images[path] = LoadedImages(ImageSet.read(path), self.device)
        return self._images[path]


@dataclass
class LoadedImages:
    """A data set on the device."""

    images: ImageSet
    device: Device

    @cached_property
    def floats(self) -> Tensor:
        """The images, float32 in [0, 1]."""
        return as_float(self.device.images(self.images.images))

    def labels(self, which: str) -> Tensor:
        """The labels: ``true`` ones, or the ``next_class`` or ``previous_class`` of each."""
        labels = self.images.labels
        if which != "true":
            shifted = {"next_class": next_class, "previous_class": previous_class}[which]
            labels = shifted(labels, len(self.images.classes))
        return self.device.labels(labels)


def share(matches: Tensor) -> Row:
    """Return what a row says of all images of a data set, (N,) bool in its order: their share and outcomes.

    Of a part of the images, which another row need not have, there is only a share: see :func:`percent`.
    """
    return {"value": percent(matches), "outcomes": pack(matches.cpu().numpy())}


def percent(matches: Tensor) -> float:
    """Return the share of true values, (N,) bool, in percent."""
    return 100 * float(matches.double().mean().item())
