"""Learning from a model's own mistakes (Wallace's comment, Fig. 1).

A teacher is stopped early. The training images it gets wrong, with its predictions as labels, train a
student, which is tested on natural images. Controls keep the images and draw the labels without looking at
them. The same is repeated for teachers stopped at other points of the same training.
"""

import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.numbers.outcomes import pack
from advex.common.pictures import Picture
from advex.common.randomness import numpy_generator
from advex.common.settings import ArchitectureSettings, StepDrops, TrainingRun
from advex.networks.classifier import Classifier, build
from advex.networks.own_network import NetworkSettings
from advex.networks.predictions import predictions
from advex.train.training import Training, train

_log = logging.getLogger(__name__)

_SHOWN_MISTAKES, _SHOWN_TESTS = 4, 2  # as in the comment's figure


def run_of(network: NetworkSettings, images: ImageSet, name: str, seed: int) -> TrainingRun:
    """Return a training of a network that normalises with the statistics of these images, (N, C, H, W)."""
    values = images.as_float()
    mean, deviation = (
        tuple(moment((0, 2, 3), dtype=np.float64).tolist()) for moment in (values.mean, values.std)
    )
    sizes = values.shape[1], len(images.classes), mean, deviation
    architecture = ArchitectureSettings(network.name, network.options, *sizes)
    return TrainingRun(name, seed, architecture, network.recipe)


def stopped_teachers(
    run: TrainingRun,
    images: ImageSet,
    kind: str,
    at: list[float],
    evaluate_every: int,
    device: Device,
    *,
    covered: float = 0,
) -> Iterator[tuple[float, Classifier]]:
    """Train one teacher at a constant learning rate and yield it at each stop, ascending.

    Args:
        run: of its recipe, the schedule is not used and ``epochs`` is the most it may take.
        images: natural training images.
        kind: ``epochs``, or ``train_accuracy``: the first of the evaluations, every ``evaluate_every``
            batches, at which the accuracy on the training images (as they are, in percent) is reached and
            the mistakes on them cover enough classes.
        at: the stops.
        evaluate_every: batches between two evaluations.
        device: where to compute.
        covered: the least of :func:`classes_covered` at a stop, where accuracies stop it.

    Raises:
        UserError: the training ends before the last stop.
    """
    model = build(run.architecture, run.name, run.seed)
    device.model(model)
    inputs, labels = device.images(images.images), device.labels(images.labels)
    covering = f", with mistakes over {covered:g} % of the classes" if covered else ""
    generator = device.generator("training", run.name, run.seed)
    recipe, waiting = replace(run.recipe, schedule=StepDrops()), list(at)
    training = Training(model, inputs, labels, recipe, generator, device)
    for done, step in enumerate(training.steps(), start=1):
        if kind == "epochs":
            reached = step.epochs
        elif done % evaluate_every == 0:
            predicted = predictions(model, inputs, device).cpu().numpy()
            right = predicted == images.labels
            wrong = predicted[~right]
            if covered and not (len(wrong) and classes_covered(wrong, len(images.classes)) >= covered):
                continue
            reached = 100 * float(right.mean())
        else:
            continue
        while waiting and reached >= waiting[0] - 1e-9:
            yield waiting.pop(0), deepcopy(model).eval().requires_grad_(False)
        if not waiting:
            return
    raise UserError(
        f"own_mistakes: seed {run.seed}: the teacher did not get to stop {waiting[0]:g} "
        f"({kind}{covering}) within {recipe.epochs} epochs; lower it, or allow more epochs"
    )


def mistakes(images: ImageSet, predicted: Array) -> ImageSet:
    """Return the wrongly predicted images with the predictions as labels: D_err.

    The true labels go with them as ``original_labels``.

    Raises:
        UserError: there is no mistake.
    """
    wrong = predicted != images.labels
    if not wrong.any():
        raise UserError("own_mistakes: the teacher makes no mistake; stop it earlier")
    extras = {"original_labels": images.labels[wrong]}
    return ImageSet(images.images[wrong], predicted[wrong].astype(np.int64), images.classes, extras)


def classes_covered(labels: Array, classes: int) -> float:
    """Return how many of the classes labels (N,) are spread over, in percent of all.

    They are counted as equally frequent ones would be: two to the power of the labels' entropy in bits, so a
    class that has nearly all is nearly the only one.
    """
    shares = np.bincount(labels, minlength=classes) / len(labels)
    used = shares[shares > 0]
    return float(100 * 2 ** -(used * np.log2(used)).sum() / classes)


def same_confusion(wrong: ImageSet, generator: np.random.Generator) -> ImageSet:
    """Permute the labels of D_err within each true class: the same confusion matrix, blind to the image."""
    labels, true = wrong.labels.copy(), wrong.extras["original_labels"]
    for value in np.unique(true):
        of_class = np.flatnonzero(true == value)
        labels[of_class] = labels[generator.permutation(of_class)]
    return replace(wrong, labels=labels)


def uniform_mistakes(wrong: ImageSet, generator: np.random.Generator) -> ImageSet:
    """Give each image of D_err one of the wrong labels, all equally likely."""
    shift = generator.integers(1, len(wrong.classes), size=len(wrong))
    return replace(wrong, labels=(wrong.extras["original_labels"] + shift) % len(wrong.classes))


def own_mistakes(
    train_set: ImageSet,
    test_set: ImageSet,
    *,
    teacher: NetworkSettings,
    student: NetworkSettings,
    other_student: NetworkSettings,
    kind: str,
    at: list[float],
    headline: float,
    evaluate_every: int,
    device: Device,
    seed: int,
    covered: float = 0,
) -> tuple[pd.DataFrame, Picture]:
    """Run the whole experiment for one seed.

    Args:
        train_set: natural training images.
        test_set: natural test images.
        teacher: the network stopped early.
        student: the network trained on its mistakes.
        other_student: a student of another architecture, for the headline.
        kind: what stops the teacher, see :func:`stopped_teachers`.
        at: its stops.
        headline: the stop at which there are controls.
        evaluate_every: batches between two looks at the training accuracy.
        device: where to compute.
        seed: which repetition.
        covered: the share of the classes that mistakes must be spread over, see :func:`stopped_teachers`.

    Returns:
        A table with the columns ``seed, stop, headline (yes, no), labels, student, quantity, value, unit,
        images, outcomes`` (of shares of test images, see :mod:`advex.common.numbers.outcomes`):
        teacher_train_accuracy, teacher_test_accuracy, mistakes, accuracy of each student on the test images,
        its agreement with the teacher there, and fitted, the share of the labels it learnt that it gives;
        classes_covered by the labels of the mistakes (:func:`classes_covered`), and labels_unchanged, the
        share of blind labels that are the teacher's all the same.
        ``labels`` says what these are: the teacher's ``predictions``, or blind ones of the
        ``same_confusion``, or ``uniform``.
        And some mistakes with their labels, then some test images with theirs.
    """
    run = run_of(teacher, train_set, "own_mistakes_teacher", seed)
    train_images, test_images = device.images(train_set.images), device.images(test_set.images)
    rows: list[dict[str, object]] = []
    picture: Picture | None = None
    for stop, model in stopped_teachers(run, train_set, kind, at, evaluate_every, device, covered=covered):
        teacher_on_train = predictions(model, train_images, device).cpu().numpy()
        teacher_on_test = predictions(model, test_images, device).cpu().numpy()
        wrong = mistakes(train_set, teacher_on_train)
        found: list[dict[str, object]] = [
            _percent("teacher_train_accuracy", teacher_on_train == train_set.labels),
            _of_tests("teacher_test_accuracy", teacher_on_test == test_set.labels),
            {"quantity": "mistakes", "value": len(wrong), "unit": "images", "images": len(train_set)},
            {
                "quantity": "classes_covered",
                "value": classes_covered(wrong.labels, len(wrong.classes)),
                "unit": "percent",
                "images": len(wrong),
            },
        ]
        taught = [("predictions", "same", student, wrong)]
        if stop == headline:
            generator = numpy_generator("own_mistakes", seed)
            taught += [
                ("same_confusion", "same", student, same_confusion(wrong, generator)),
                ("uniform", "same", student, uniform_mistakes(wrong, generator)),
                ("predictions", "other", other_student, wrong),
            ]
            picture = _picture(wrong, test_set)
        for labels, which, network, learnt in taught:
            name = f"own_mistakes_{which}_{labels}_{stop:g}"
            trained, _ = train(run_of(network, train_set, name, seed), learnt, test_set, device)
            student_on_test = predictions(trained, test_images, device).cpu().numpy()
            who = {"labels": labels, "student": which}
            found.append(_of_tests("accuracy", student_on_test == test_set.labels) | who)
            found.append(_of_tests("agreement", student_on_test == teacher_on_test) | who)
            student_on_learnt = predictions(trained, device.images(learnt.images), device).cpu().numpy()
            found.append(_percent("fitted", student_on_learnt == learnt.labels) | who)
            if learnt is not wrong:
                found.append(_percent("labels_unchanged", learnt.labels == wrong.labels) | who)
        common = {"seed": seed, "stop": stop, "headline": "yes" if stop == headline else "no"}
        rows += [common | row for row in found]
        _log.info("seed %d, teacher stopped at %g: %d mistakes", seed, stop, len(wrong))
    assert picture is not None, "the headline is one of the stops"
    columns = ["seed", "stop", "headline", "labels", "student", "quantity", "value", "unit", "images"]
    columns += ["outcomes"]
    return pd.DataFrame(rows).reindex(columns=columns), picture


def _percent(quantity: str, matches: Array) -> dict[str, object]:
    value = 100 * float(np.mean(matches))
    return {"quantity": quantity, "value": value, "unit": "percent", "images": len(matches)}


def _of_tests(quantity: str, matches: Array) -> dict[str, object]:
    return _percent(quantity, matches) | {"outcomes": pack(matches)}


def _picture(wrong: ImageSet, test_set: ImageSet) -> Picture:
    """Show mistakes of different labels, then test images, named by their labels."""
    shown = [int(np.flatnonzero(wrong.labels == label)[0]) for label in np.unique(wrong.labels)]
    shown = (shown * _SHOWN_MISTAKES)[:_SHOWN_MISTAKES]
    tests = [int(np.flatnonzero(test_set.labels == label)[0]) for label in range(_SHOWN_TESTS)]
    images = np.concatenate([wrong.as_float()[shown], test_set.as_float()[tests]])
    names = [wrong.classes[label] for label in wrong.labels[shown]]
    names += [test_set.classes[label] for label in test_set.labels[tests]]
    return Picture(images[np.newaxis], ["labels"], names)
