"""How much robust features alone learn from relabelled adversarial examples (Goh, "Robust Feature Leakage").

Robust features are fixed on natural images. A multinomial logistic regression on them is then fitted to a
constructed set and tested on natural images: what it learns has leaked through robust features. Beyond the
comment, the features may be those of the last layer of an adversarially trained network.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from advex.attack.targets import next_class
from advex.common.artifacts import Array
from advex.common.images import ImageSet
from advex.common.machine.devices import Device, as_float
from advex.common.numbers.outcomes import pack
from advex.common.randomness import numpy_generator
from advex.discussion.goh_leakage.linear_classifiers import fit_robust_linear_features, radius_kept, rows_of
from advex.networks.classifier import Classifier
from advex.networks.predictions import evaluating, predictions

Features = Callable[[ImageSet], Array]
_TOY_EPSILON = 0.1  # the comment's
_TOY_STEPS = (0.0, 0.02, 0.04, 0.06, 0.08, _TOY_EPSILON)
_MAX_ITERATIONS = 2000


def representation_features(model: Classifier, device: Device, batch_size: int = 2048) -> Features:
    """Return a function that maps images to the last layer of a network, (N, features) float64."""

    def features(images: ImageSet) -> Array:
        tensor = device.images(images.images)
        with evaluating(model), torch.no_grad(), device.computing():
            parts = [
                model.representation(as_float(batch)).float() for batch in torch.split(tensor, batch_size)
            ]
        return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float64)

    return features


def training_sets(natural: ImageSet, constructed: Mapping[str, ImageSet]) -> dict[str, ImageSet]:
    """Return natural and constructed sets, and each relabelled set before it was perturbed (``..._before``).

    A set before perturbation has the labels of the constructed set on the natural images it was made from.
    """
    sets = {"natural": natural}
    for name, images in constructed.items():
        relabelled = (images.labels != natural.labels).any()
        if relabelled:
            sets[f"{name}_before"] = ImageSet(natural.images, images.labels, natural.classes)
        sets[name] = images
    return sets


def leaked(features: Features, natural: ImageSet, training: ImageSet, test: ImageSet) -> Array:
    """Fit a multinomial logistic regression on standardised features and predict the test images.

    Args:
        features: maps N images to (N, k).
        natural: images whose features set the scale: mean 0 and variance 1 there.
        training: images and labels to fit.
        test: images to predict.

    Returns:
        (N,) int64 predictions.
    """
    scale = StandardScaler().fit(features(natural))
    # The usual mild penalty (C = 1) on the weights of features of variance one.
    regression = LogisticRegression(max_iter=_MAX_ITERATIONS)
    regression.fit(scale.transform(features(training)), training.labels)
    return np.asarray(regression.predict(scale.transform(features(test))), dtype=np.int64)


def feature_of_label(features: Features, natural: ImageSet, training: ImageSet) -> float:
    """Return the mean of the feature of each image's label, in standard deviations; one feature a class."""
    values = StandardScaler().fit(features(natural)).transform(features(training))
    return float(values[np.arange(len(training)), training.labels].mean())


def toy_rows(count: int, seed: int) -> Iterator[dict[str, object]]:
    """Compute the comment's toy: a robust feature f = -1 or 1, moved by up to epsilon towards a new label.

    Random labels start uncorrelated with f, so the smallest step leaks; flipped labels (``det``) start at -1.

    Args:
        count: number of examples.
        seed: of the labels.
    """
    generator = numpy_generator("toy of leakage", seed)
    values = np.repeat([-1.0, 1.0], [count // 2, count - count // 2])
    # Exactly half of each class gets each label, so no chance correlation blurs the argument.
    halves = [generator.permutation(np.resize([-1.0, 1.0], int((values == sign).sum()))) for sign in (-1, 1)]
    for name, labels in (("rand", np.concatenate(halves)), ("det", -values)):
        for step in _TOY_STEPS:
            yield {
                "training_set": name,
                "features": "toy",
                "step": step,
                "quantity": "toy_correlation",
                "value": float(np.mean(labels * (values + step * labels))),
                "unit": "",
                "images": count,
            }


def leakage_table(
    natural: ImageSet,
    constructed: Mapping[str, ImageSet],
    test: ImageSet,
    robust: Classifier,
    networks: Mapping[str, Classifier],
    penalties: list[float],
    epsilon: float,
    device: Device,
    seed: int,
) -> pd.DataFrame:
    """Measure what networks and what robust features alone learn from each set.

    Args:
        natural: natural training images, on which the features are fixed.
        constructed: constructed sets by name, made from ``natural`` in its order.
        test: natural test images.
        robust: an adversarially trained network, for features beyond linear ones.
        networks: the network trained on each set, by the set's name or ``natural``.
        penalties: of the ridges, see
            :func:`advex.discussion.goh_leakage.linear_classifiers.fit_robust_linear_features`.
        epsilon: radius of the features' specifications.
        device: where to compute.
        seed: which repetition.

    Returns:
        Columns seed, training_set, features (network, linear, linear_worst_case, deep, toy), step (of the
        toy), quantity (accuracy and accuracy_next_class on the test images in percent, feature_of_label in
        standard deviations, toy_correlation, and radius_kept, within which 80 % of the ridge's predictions
        stay), value, unit, images, outcomes (of accuracies, see :mod:`advex.common.numbers.outcomes`).
    """
    fitted = fit_robust_linear_features(natural, penalties, epsilon)
    kinds: dict[str, Features] = {
        "linear": lambda images: fitted.ridges[fitted.chosen].features(rows_of(images)),
        "linear_worst_case": lambda images: fitted.worst_case.features(rows_of(images)),
        "deep": representation_features(robust, device),
    }
    rows: list[dict[str, object]] = []

    def accuracies(training_set: str, features: str, predicted: Array) -> None:
        wanted = {"accuracy": test.labels, "accuracy_next_class": next_class(test.labels, len(test.classes))}
        for quantity, labels in wanted.items():
            rows.append(
                {
                    "training_set": training_set,
                    "features": features,
                    "quantity": quantity,
                    "value": 100 * float(np.mean(predicted == labels)),
                    "unit": "percent",
                    "images": len(test),
                    "outcomes": pack(predicted == labels),
                }
            )

    for name, network in networks.items():
        predicted = predictions(network, device.images(test.images), device).cpu().numpy()
        accuracies(name, "network", predicted)
    for name, images in training_sets(natural, constructed).items():
        for kind, features in kinds.items():
            accuracies(name, kind, leaked(features, natural, images, test))
        rows.append(
            {
                "training_set": name,
                "features": "linear",
                "quantity": "feature_of_label",
                "value": feature_of_label(kinds["linear"], natural, images),
                "unit": "standard deviations",
                "images": len(images),
            }
        )
    rows.append(
        {
            "training_set": "natural",
            "features": "linear",
            "quantity": "radius_kept",
            "value": radius_kept(fitted.ridges[fitted.chosen], rows_of(test)),
            "unit": "pixel values",
            "images": len(test),
        }
    )
    rows += toy_rows(1000, seed)
    table = pd.DataFrame(rows)
    table.insert(0, "seed", seed)
    columns = ["training_set", "features", "step", "quantity", "value", "unit", "images", "outcomes"]
    return table[["seed", *columns]]
