"""The verb *measure*: instruments that turn models and data sets into rows of a tidy table.

Every row has the columns ``seed, model, architecture, dataset, quantity, epsilon, steps, objective,
value, unit, images``; accuracies and rates are in percent of ``images``; ``epsilon``, ``steps`` and
``objective`` are empty where they mean nothing.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import pandas as pd
from pydantic.dataclasses import dataclass as settings_dataclass
from torch import Tensor

from advex import instruments_frequency
from advex.architectures import Classifier
from advex.artifacts import read_table
from advex.attacks import attack
from advex.constructions import next_class
from advex.devices import Device, as_float, stable_seed
from advex.evaluation import robust_images
from advex.images import ImageSet
from advex.models import read_model
from advex.objectives import OBJECTIVES, targeted_cross_entropy
from advex.settings import STRICT, AttackSettings, FourierNoise
from advex.training import predictions

_log = logging.getLogger(__name__)

Row = dict[str, Any]


@settings_dataclass(frozen=True, config=STRICT)
class Sweep:
    """Attacks of growing strength: every number of steps with every objective and step size.

    Attributes:
        steps: numbers of steps.
        relative_step_sizes: step sizes times steps, over epsilon (2.5 is the authors' convention).
        objectives: names of :data:`advex.objectives.OBJECTIVES`.
    """

    steps: list[int]
    relative_step_sizes: list[float]
    objectives: list[str]


@settings_dataclass(frozen=True, config=STRICT)
class MeasurementEntry:
    """One model measured on one data set by one instrument; paths say where they lie."""

    quantity: str
    kind: str
    model: str
    architecture: str
    dataset: str
    model_path: str
    history_path: str
    dataset_path: str
    source_path: str | None = None
    labels: Literal["true", "next_class"] = "true"
    attack: AttackSettings | None = None
    sweep: Sweep | None = None
    noise: FourierNoise | None = None


@dataclass
class Bench:
    """What instruments share within a job: models and images on the device, and attacked images."""

    device: Device
    seed: int
    _models: dict[str, Classifier] = field(default_factory=dict)
    _images: dict[str, "LoadedImages"] = field(default_factory=dict)
    _attacked: dict[Any, Tensor] = field(default_factory=dict)

    def model(self, path: str) -> Classifier:
        """Load a model once."""
        if path not in self._models:
            self._models[path] = read_model(path, self.device)
        return self._models[path]

    def images(self, path: str) -> "LoadedImages":
        """Load a data set once."""
        if path not in self._images:
            self._images[path] = LoadedImages(ImageSet.read(path), self.device)
        return self._images[path]

    def attacked(
        self, model_path: str, dataset_path: str, settings: AttackSettings, objective: str, labels: str
    ) -> Tensor:
        """Attack a data set's images once for each model, attack and objective."""
        key = (model_path, dataset_path, settings, objective, labels)
        if key not in self._attacked:
            images = self.images(dataset_path)
            with self.device.computing():
                self._attacked[key] = attack(
                    OBJECTIVES[objective],
                    self.model(model_path),
                    images.floats,
                    images.labels(labels),
                    settings,
                    seed=stable_seed("attack", self.seed),
                    what=f"attack {model_path}, {settings.norm} {settings.epsilon:g}",
                )
        return self._attacked[key]


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
        """The labels: ``true`` ones, or the ``next_class`` for each."""
        labels = self.images.labels
        return self.device.labels(labels if which == "true" else next_class(labels, len(self.images.classes)))


def _percent(matches: Tensor) -> float:
    return 100 * float(matches.double().mean().item())


def _accuracy(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy on the images as they are."""
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    yield {"value": _percent(predictions(model, loaded.floats, bench.device) == labels)}


def _robust_accuracy(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy under the strongest attack: see :func:`advex.evaluation.robust_images`.

    ``steps`` counts the gradient steps an image gets if no attack fools the model on it.
    """
    assert entry.attack is not None, "robust_accuracy needs an attack"
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    what = f"robust accuracy of {entry.model} on {entry.dataset}"
    robust = robust_images(model, loaded.floats, labels, entry.attack, bench.device, what)
    yield {
        "epsilon": entry.attack.epsilon,
        "steps": entry.attack.steps * len(loaded.images.classes),
        "objective": "strongest",
        "value": _percent(robust),
    }


def _attack_strength(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy under attacks of growing strength: per objective and steps, the best of the step sizes.

    An image counts as robust if no step size fools the model, as when an attacker searches for it.
    """
    assert entry.sweep is not None, "attack_strength needs a sweep"
    assert entry.attack is not None, "attack_strength needs an attack"
    sweep, base = entry.sweep, entry.attack
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    natural = predictions(model, loaded.floats, bench.device) == labels
    for objective in sweep.objectives:
        yield {"epsilon": base.epsilon, "steps": 0, "objective": objective, "value": _percent(natural)}
        for steps in sweep.steps:
            robust = natural
            for relative in sweep.relative_step_sizes:
                settings = AttackSettings(
                    base.norm, base.epsilon, steps, relative * base.epsilon / steps, base.random_start
                )
                attacked = bench.attacked(
                    entry.model_path, entry.dataset_path, settings, objective, entry.labels
                )
                robust = robust & (predictions(model, attacked, bench.device) == labels)
            yield {
                "epsilon": base.epsilon,
                "steps": steps,
                "objective": objective,
                "value": _percent(robust),
            }


def _transfer(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Share of the source model's adversarial examples that transfer (Figs. 3 and 13).

    Of ``quantity`` untargeted_transfer: among test images that source and model both classify correctly
    and on which the attack fools the source, the share on which it also fools the model. Of
    targeted_transfer: among those that reach the next class in the source, the share that reach it in
    the model. The counts behind a share are in ``images``.
    """
    assert entry.source_path is not None, "transfer needs a source"
    assert entry.attack is not None, "transfer needs an attack"
    loaded = bench.images(entry.dataset_path)
    source, model = bench.model(entry.source_path), bench.model(entry.model_path)
    labels, targets = loaded.labels("true"), loaded.labels("next_class")
    targeted = OBJECTIVES[_TRANSFER_OBJECTIVES[entry.quantity]] is targeted_cross_entropy
    attacked = bench.attacked(
        entry.source_path,
        entry.dataset_path,
        entry.attack,
        _TRANSFER_OBJECTIVES[entry.quantity],
        "next_class" if targeted else "true",
    )
    of_source = predictions(source, attacked, bench.device)
    of_model = predictions(model, attacked, bench.device)
    right = predictions(source, loaded.floats, bench.device) == labels
    right &= predictions(model, loaded.floats, bench.device) == labels
    fooled = right & (of_source == targets if targeted else of_source != labels)
    also = (of_model == targets) if targeted else (of_model != labels)
    count = int(fooled.sum().item())
    yield {
        "epsilon": entry.attack.epsilon,
        "steps": entry.attack.steps,
        "objective": _TRANSFER_OBJECTIVES[entry.quantity],
        "value": _percent(also[fooled]) if count else float("nan"),
        "images": count,
    }


_TRANSFER_OBJECTIVES = {
    "untargeted_transfer": "cross_entropy",
    "targeted_transfer": "targeted_cross_entropy",
}


def _history(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy on the training set (as augmented) and on the test set, by epoch (Fig. 10)."""
    history = read_table(entry.history_path)
    for quantity in ("train_accuracy", "test_accuracy"):
        for epoch, value in zip(history["epoch"], history[quantity], strict=True):
            yield {"quantity": quantity, "epoch": int(epoch), "value": float(value)}


INSTRUMENTS: Mapping[str, Callable[[MeasurementEntry, Bench], Iterable[Row]]] = {
    "accuracy": _accuracy,
    "robust_accuracy": _robust_accuracy,
    "attack_strength": _attack_strength,
    "transfer": _transfer,
    "history": _history,
    "filtered_accuracy": instruments_frequency.filtered_accuracy,
    "fourier_sensitivity": instruments_frequency.fourier_sensitivity,
    "fourier_norms": instruments_frequency.fourier_norms,
    "corruption_accuracy": instruments_frequency.corruption_accuracy,
    "corruption_spectrum": instruments_frequency.corruption_spectrum,
}


def measure(entries: Iterable[MeasurementEntry], seed: int, device: Device) -> pd.DataFrame:
    """Measure all entries of one seed and return one tidy table (see the module's docstring)."""
    bench = Bench(device, seed)
    rows: list[Row] = []
    for entry in entries:
        images = 0 if entry.kind == "history" else len(bench.images(entry.dataset_path).images)
        for row in INSTRUMENTS[entry.kind](entry, bench):
            rows.append(
                {
                    "seed": seed,
                    "model": entry.model,
                    "architecture": entry.architecture,
                    "dataset": entry.dataset,
                    "quantity": entry.quantity,
                    "epsilon": None,
                    "steps": None,
                    "objective": None,
                    "value": None,
                    "unit": "percent",
                    "images": images or None,
                    **row,
                }
            )
        _log.info("%s of %s on %s: %.1f %%", entry.quantity, entry.model, entry.dataset, rows[-1]["value"])
    return pd.DataFrame(rows)
