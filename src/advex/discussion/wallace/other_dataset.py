"""Learning a task from images of another data set (Wallace's comment, Fig. 3).

A teacher of the task labels the other images; a student learns these labels, and is tested on the task.
Noise labelled by the teacher is the negative control of the authors' response (Milli et al., 2018).
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.numbers.outcomes import pack
from advex.common.pictures import Picture
from advex.common.randomness import numpy_generator
from advex.common.settings import ArchitectureSettings, TrainingRun
from advex.networks.classifier import Classifier
from advex.networks.own_network import NetworkSettings
from advex.networks.predictions import predictions
from advex.train.training import train

_log = logging.getLogger(__name__)

_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601
_SHOWN_OTHER, _SHOWN_TESTS = 4, 2  # as in the comment's figure

NORMALISATIONS = ("none", "own", "task")
"""With which statistics other images are normalised: none (nor is the task), their own or the task's."""


@dataclass(frozen=True)
class TaskAndImages:
    """A task, and other images to learn it from.

    Attributes:
        train: training images of the task.
        test: its test images.
        other: the other images; their labels are not used.
    """

    train: ImageSet
    test: ImageSet
    other: ImageSet


def grey_pair(train_set: ImageSet, test_set: ImageSet, other: ImageSet) -> TaskAndImages:
    """Make the task's images grey, and the other images grey and of the task's size, cut from their centres.

    Raises:
        UserError: the other images are smaller than the task's.
    """
    side = train_set.images.shape[-1]
    height, width = other.images.shape[2:]
    if min(height, width) < side:
        raise UserError(
            f"other_dataset: images of {height} x {width} are smaller than the task's {side} x {side}"
        )
    top, left = (height - side) // 2, (width - side) // 2
    cut = replace(other, images=other.images[:, :, top : top + side, left : left + side], extras={})
    return TaskAndImages(grey(train_set), grey(test_set), grey(cut))


def grey(images: ImageSet) -> ImageSet:
    """Return a set of one channel, the luma of colour images; float32 in [0, 1]."""
    values = images.as_float()
    if values.shape[1] == 3:
        values = np.tensordot(values, np.array(_GREY, np.float32), ([1], [0]))[:, np.newaxis]
    return replace(images, images=np.ascontiguousarray(values, dtype=np.float32), extras={})


def statistics(images: Array) -> tuple[float, float]:
    """Return mean and standard deviation over all pixels of grey images."""
    return float(images.mean(dtype=np.float64)), float(images.std(dtype=np.float64))


def normalised(images: Array, moments: tuple[float, float]) -> Array:
    """Subtract a mean and divide by a standard deviation."""
    result: Array = ((images - moments[0]) / moments[1]).astype(np.float32)
    return result


def inputs_of(pair: TaskAndImages, normalisation: str) -> TaskAndImages:
    """Return a pair as networks without a normalisation of their own should see it."""
    of_task, of_other = statistics(pair.train.images), statistics(pair.other.images)
    nothing = (0.0, 1.0)
    for_task = nothing if normalisation == "none" else of_task
    for_other = {"none": nothing, "own": of_other, "task": of_task}[normalisation]
    return TaskAndImages(
        replace(pair.train, images=normalised(pair.train.images, for_task)),
        replace(pair.test, images=normalised(pair.test.images, for_task)),
        replace(pair.other, images=normalised(pair.other.images, for_other)),
    )


def noise(kind: str, pair: TaskAndImages, generator: np.random.Generator) -> ImageSet:
    """Draw as many images of noise as there are other images, each pixel independently.

    Args:
        kind: ``uniform`` in [0, 1], or ``gaussian`` with the task's mean and standard deviation.
        pair: whose sizes and statistics to take.
        generator: of the pixels.
    """
    shape = (len(pair.other), *pair.train.images.shape[1:])
    mean, deviation = statistics(pair.train.images)
    drawn = generator.random(shape) if kind == "uniform" else generator.normal(mean, deviation, shape)
    return replace(pair.other, images=drawn.astype(np.float32))


def other_dataset(
    pairs: Mapping[str, TaskAndImages],
    *,
    teacher: NetworkSettings,
    student: NetworkSettings,
    other_students: Mapping[str, NetworkSettings],
    device: Device,
    seed: int,
) -> tuple[pd.DataFrame, Picture]:
    """Run the experiment for every pair and one seed.

    Args:
        pairs: grey images, by name; see :func:`grey_pair`.
        teacher: network and recipe that learn the task.
        student: network and recipe that learn the teacher's labels.
        other_students: students of other architectures, by name.
        device: where to compute.
        seed: which repetition.

    Returns:
        A table with the columns ``seed, pair, learnt_from, normalisation, student, quantity, label, value,
        unit, images, dataset, outcomes``. ``learnt_from`` is ``task`` (the teacher), ``other``, ``shuffled``
        (other images, the teacher's labels permuted), ``uniform`` or ``gaussian`` (noise). Quantities:
        accuracy on the task's test images, agreement with the teacher there, fitted (the share of the learnt
        labels that the student gives), label_share of each label, and labels_used: two to the power of the
        labels' entropy in bits. Of shares of test images, ``outcomes`` says which
        (:mod:`advex.common.numbers.outcomes`) and ``dataset`` the pair whose they are.
        And of the first pair some other images with the teacher's labels, then some test images.
    """
    rows: list[dict[str, object]] = []
    picture: Picture | None = None
    for name, pair in pairs.items():
        found, shown = _one_pair(name, pair, teacher, student, other_students, device, seed)
        rows += found
        picture = picture or shown
    table = pd.DataFrame(rows)
    table.insert(0, "seed", seed)
    assert picture is not None, "there is a pair"
    columns = [
        "pair",
        "learnt_from",
        "normalisation",
        "student",
        "quantity",
        "label",
        "value",
        "unit",
        "images",
        "dataset",
        "outcomes",
    ]
    return table.reindex(columns=["seed", *columns]), picture


def _one_pair(
    name: str,
    pair: TaskAndImages,
    teacher: NetworkSettings,
    student: NetworkSettings,
    other_students: Mapping[str, NetworkSettings],
    device: Device,
    seed: int,
) -> tuple[list[dict[str, object]], Picture]:
    rows: list[dict[str, object]] = []
    picture: Picture | None = None
    generator = numpy_generator("other_dataset", name, seed)
    classes = len(pair.train.classes)
    answers: dict[bool, Array] = {}
    models = {}
    for normalisation in NORMALISATIONS:
        seen = inputs_of(pair, normalisation)
        test = device.images(seen.test.images)
        raw = normalisation == "none"
        if raw not in models:  # one teacher of raw images, one of normalised ones
            named = f"other_dataset_teacher_{name}_{'raw' if raw else 'normalised'}"
            models[raw] = _trained(named, teacher, seen.train, seen.test, device, seed)
            answers[raw] = predictions(models[raw], test, device).cpu().numpy()
            key = (name, "task", "none" if raw else "task", "same")
            rows.append(_row(*key, "accuracy", answers[raw], seen.test))
        sets: list[tuple[str, str, NetworkSettings, ImageSet]] = [("other", "same", student, seen.other)]
        if normalisation == "task":
            of_task = statistics(pair.train.images)
            for kind in ("uniform", "gaussian"):
                drawn = noise(kind, pair, generator)
                drawn = replace(drawn, images=normalised(drawn.images, of_task))
                sets.append((kind, "same", student, drawn))
            sets.append(("shuffled", "same", student, seen.other))
            sets += [("other", who, network, seen.other) for who, network in other_students.items()]
        for learnt_from, which, network, images in sets:
            labels = predictions(models[raw], device.images(images.images), device).cpu().numpy()
            if learnt_from == "shuffled":
                labels = generator.permutation(labels)
            labelled = ImageSet(images.images, labels, pair.train.classes)
            named = f"other_dataset_{name}_{learnt_from}_{normalisation}_{which}"
            model = _trained(named, network, labelled, seen.test, device, seed)
            said = predictions(model, test, device).cpu().numpy()
            key = (name, learnt_from, normalisation, which)
            rows.append(_row(*key, "accuracy", said, seen.test))
            rows.append(_row(*key, "agreement", said, replace(seen.test, labels=answers[raw])))
            fitted = predictions(model, device.images(images.images), device).cpu().numpy()
            rows.append(_row(*key, "fitted", fitted, labelled))
            if which == "same" and learnt_from != "shuffled":
                rows += _histogram(key, labels, classes)
            if learnt_from == "other" and normalisation == "task" and which == "same":
                picture = _picture(pair, labels)
    assert picture is not None, "the task's statistics are among the normalisations"
    return rows, picture


def _trained(
    name: str, network: NetworkSettings, images: ImageSet, test: ImageSet, device: Device, seed: int
) -> Classifier:
    sizes = 1, len(images.classes), (0.0,), (1.0,)
    settings = ArchitectureSettings(network.name, network.options, *sizes)
    return train(TrainingRun(name, seed, settings, network.recipe), images, test, device)[0]


def _row(
    pair: str,
    learnt_from: str,
    normalisation: str,
    student: str,
    quantity: str,
    said: Array,
    wanted: ImageSet,
) -> dict[str, object]:
    right = said == wanted.labels
    tested = {} if quantity == "fitted" else {"dataset": f"{pair}_test", "outcomes": pack(right)}
    return {
        "pair": pair,
        "learnt_from": learnt_from,
        "normalisation": normalisation,
        "student": student,
        "quantity": quantity,
        "value": 100 * float(np.mean(right)),
        "unit": "percent",
        "images": len(wanted),
        **tested,
    }


def _histogram(key: tuple[str, str, str, str], labels: Array, classes: int) -> Iterator[dict[str, object]]:
    pair, learnt_from, normalisation, student = key
    found = np.bincount(labels, minlength=classes) / len(labels)
    common: dict[str, object] = {"pair": pair, "learnt_from": learnt_from, "normalisation": normalisation}
    common |= {"student": student, "images": len(labels)}
    for label, share in enumerate(found):
        yield {**common, "quantity": "label_share", "label": label, "value": 100 * share, "unit": "percent"}
    used = found[found > 0]
    entropy = float(-(used * np.log2(used)).sum())
    yield {**common, "quantity": "labels_used", "value": 2**entropy, "unit": "labels"}


def _picture(pair: TaskAndImages, labels: Array) -> Picture:
    """Show other images of different labels, then test images, named by their labels."""
    shown = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    shown = (shown * _SHOWN_OTHER)[:_SHOWN_OTHER]
    tests = [int(np.flatnonzero(pair.test.labels == label)[0]) for label in range(_SHOWN_TESTS)]
    images = np.concatenate([pair.other.images[shown], pair.test.images[tests]])
    names = [pair.train.classes[label] for label in [*labels[shown], *pair.test.labels[tests]]]
    return Picture(images[np.newaxis], ["labels"], names)
