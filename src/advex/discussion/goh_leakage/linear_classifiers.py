"""Robust linear classifiers of many classes, certified exactly (Goh, "Robust Feature Leakage").

Their class weights are the comment's robust features: feature i is f_i(x) = w_i^T (x - mu) / ||w_i||_Sigma.
Two
ways of making them robust: ridge regression, which has a closed form, and softmax regression trained on the
worst case of its loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import logsumexp

from advex.common.artifacts import Array
from advex.common.images import ImageSet
from advex.common.pictures import Picture
from advex.discussion.goh_features.linear_features import as_image, robust_usefulness, robustness, split_again

CERTIFIED_SHARE = 0.8  # specification 2 of the comment
_SMOOTHING = 1e-12  # added to squared norms, so that their root has a gradient everywhere
_ITERATIONS = 200


@dataclass(frozen=True)
class LinearClassifier:
    """Class scores z = W^T (x - mu) + b.

    Attributes:
        mean: (d,) mu, the mean of the training inputs.
        weights: (d, classes).
        biases: (classes,).
    """

    mean: Array
    weights: Array
    biases: Array

    def scores(self, inputs: Array) -> Array:
        """Return z for inputs (n, d), shape (n, classes)."""
        return np.asarray((inputs - self.mean) @ self.weights + self.biases)

    def features(self, inputs: Array) -> Array:
        """Return w_i^T (x - mu) for inputs (n, d), shape (n, classes), not yet of unit variance."""
        return np.asarray((inputs - self.mean) @ self.weights)


def rows_of(images: ImageSet) -> Array:
    """Return images as rows, (n, d) float64 in [0, 1]."""
    return images.as_float().reshape(len(images), -1).astype(np.float64)


def fit_ridge(
    inputs: Array, labels: Array, classes: int, penalties: Sequence[float]
) -> list[LinearClassifier]:
    """Fit (Sigma + t I)^-1 E[(x - mu) 1_y^T] for each penalty t, with the class frequencies as biases."""
    mean = inputs.mean(axis=0)
    centred = inputs - mean
    covariance = centred.T @ centred / len(centred)
    indicators = np.eye(classes)[labels]
    targets = centred.T @ indicators / len(centred)
    return [
        LinearClassifier(
            mean,
            cho_solve(cho_factor(covariance + penalty * np.eye(len(covariance))), targets),
            indicators.mean(axis=0),
        )
        for penalty in penalties
    ]


def worst_case_softmax_loss(
    parameters: Array, centred: Array, labels: Array, classes: int, epsilon: float
) -> tuple[float, Array]:
    """Compute the mean worst-case cross-entropy of softmax regression over l2 balls, and its gradient.

    Each difference z_j - z_y is at most z_j - z_y + epsilon ||w_j - w_y||_2. All of these maxima at once
    bound the worst case from above; with two classes the bound is the worst case. It is below log 2 only
    where the prediction is certified.

    Args:
        parameters: weights (d, classes) and then biases (classes,), flattened.
        centred: (n, d) inputs minus their mean.
        labels: (n,) int64.
        classes: number of classes.
        epsilon: radius of the ball, in units of x.
    """
    count, size = centred.shape
    weights, biases = parameters[: size * classes].reshape(size, classes), parameters[size * classes :]
    gram = weights.T @ weights
    squares = np.diag(gram)[:, np.newaxis] + np.diag(gram) - 2 * gram
    distances = np.sqrt(np.maximum(squares, 0) + _SMOOTHING)
    scores = centred @ weights + biases
    everyone = np.arange(count)
    worst = scores - scores[everyone, labels][:, np.newaxis] + epsilon * distances[labels]
    worst[everyone, labels] = 0
    losses = logsumexp(worst, axis=1)
    shares = np.exp(worst - losses[:, np.newaxis])
    shares[everyone, labels] = 0
    towards = shares.copy()
    towards[everyone, labels] = -shares.sum(axis=1)
    pulls = np.zeros((classes, classes))  # how much weight each pair (label, other class) has
    np.add.at(pulls, labels, shares)
    pulls = epsilon * (pulls + pulls.T) / distances / count
    in_weights = centred.T @ towards / count + weights * pulls.sum(axis=0) - weights @ pulls
    return float(losses.mean()), np.concatenate([in_weights.ravel(), towards.mean(axis=0)])


def fit_worst_case_softmax(inputs: Array, labels: Array, classes: int, epsilon: float) -> LinearClassifier:
    """Minimise :func:`worst_case_softmax_loss`, a convex problem, from the ridge of a large penalty."""
    start = fit_ridge(inputs, labels, classes, [1.0])[0]
    first = np.concatenate([start.weights.ravel(), np.zeros(classes)])
    found = minimize(
        worst_case_softmax_loss,
        first,
        args=(inputs - start.mean, labels, classes, epsilon),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS},
    ).x
    size = inputs.shape[1] * classes
    return LinearClassifier(start.mean, found[:size].reshape(-1, classes), found[size:])


def certified_radii(classifier: LinearClassifier, inputs: Array) -> Array:
    """Return the distance of each input (n, d) to the nearest other prediction, exactly, (n,).

    With t the top class: the minimum over j of (z_t - z_j) / ||w_t - w_j||_2.
    """
    scores = classifier.scores(inputs)
    top = scores.argmax(axis=1)
    weights = classifier.weights.T
    distances = np.linalg.norm(weights[:, np.newaxis] - weights[np.newaxis], axis=2)[top]
    gaps = scores.max(axis=1)[:, np.newaxis] - scores
    with np.errstate(divide="ignore", invalid="ignore"):
        radii = np.where(distances > 0, gaps / distances, np.inf)
    radii[np.arange(len(radii)), top] = np.inf
    return np.asarray(radii.min(axis=1))


def gammas(classifier: LinearClassifier, inputs: Array, labels: Array, epsilon: float) -> Array:
    """Return the robust usefulness of each feature for its class against the rest, (classes,)."""
    centred = inputs - classifier.mean
    signs = 2.0 * np.eye(len(classifier.biases))[labels] - 1
    scores = centred @ classifier.weights
    useful = (signs * scores).mean(axis=0) / np.sqrt((scores**2).mean(axis=0))
    return robust_usefulness(useful, robustness(classifier.weights, centred), epsilon)


def meets_specifications(classifier: LinearClassifier, inputs: Array, labels: Array, epsilon: float) -> bool:
    """Tell whether, on these images, all features are robustly useful and 80 % of predictions certified."""
    certified = (certified_radii(classifier, inputs) > epsilon).mean() >= CERTIFIED_SHARE
    return bool(certified and (gammas(classifier, inputs, labels, epsilon) >= 0).all())


def choose_ridge(candidates: Sequence[LinearClassifier], inputs: Array, labels: Array, epsilon: float) -> int:
    """Choose by training images alone: the first (least penalised) that meets both specifications.

    If none does, the one whose predictions are certified at the largest radius for 80 % of the images.
    """
    for index, candidate in enumerate(candidates):
        if meets_specifications(candidate, inputs, labels, epsilon):
            return index
    return int(np.argmax([radius_kept(candidate, inputs) for candidate in candidates]))


def radius_kept(classifier: LinearClassifier, inputs: Array) -> float:
    """Return the largest radius within which 80 % of the predictions stay."""
    return float(np.quantile(certified_radii(classifier, inputs), 1 - CERTIFIED_SHARE))


@dataclass(frozen=True)
class RobustLinearFeatures:
    """The classifiers whose weights are the robust features, and the penalty of the chosen ridge."""

    ridges: dict[float, LinearClassifier]
    chosen: float
    worst_case: LinearClassifier


def fit_robust_linear_features(
    train: ImageSet, penalties: Sequence[float], epsilon: float
) -> RobustLinearFeatures:
    """Fit ridge regression with every penalty and softmax regression on its worst case.

    Args:
        train: natural images; nothing else is looked at.
        penalties: of the ridges, ascending.
        epsilon: radius of the specifications and of the worst case.
    """
    inputs, classes = rows_of(train), len(train.classes)
    ridges = fit_ridge(inputs, train.labels, classes, penalties)
    chosen = choose_ridge(ridges, inputs, train.labels, epsilon)
    worst_case = fit_worst_case_softmax(inputs, train.labels, classes, epsilon)
    return RobustLinearFeatures(dict(zip(penalties, ridges, strict=True)), penalties[chosen], worst_case)


def weight_images(features: RobustLinearFeatures, train: ImageSet) -> Picture:
    """Show the weights of each class as images: the chosen ridge above, the worst-case softmax below."""
    classifiers = {"chosen": features.ridges[features.chosen], "worst_case_softmax": features.worst_case}
    shape = (len(train.classes), *train.images.shape[1:])
    images = np.stack([[as_image(w) for w in each.weights.T] for each in classifiers.values()])
    return Picture(images.reshape(len(classifiers), *shape), list(classifiers), list(train.classes))


def robust_linear_features_table(
    train: ImageSet, test: ImageSet, penalties: Sequence[float], epsilon: float, repetition: int
) -> tuple[pd.DataFrame, RobustLinearFeatures]:
    """Measure how useful and how robust the features are.

    Args:
        train: natural training images.
        test: natural test images.
        penalties: of the ridges, ascending.
        epsilon: radius of the specifications, in units of x.
        repetition: 0 for the split as it is; see
            :func:`advex.discussion.goh_features.linear_features.split_again`.

    Returns:
        The features, and a table with the columns seed, method (ridge, worst_case_softmax, and chosen for the
        chosen ridge once more), penalty (of the ridges), split (train, test), feature (class number, empty
        where it means nothing), epsilon, quantity, value, unit and images. Quantities: accuracy and
        certified_share in percent, certified_accuracy (correct and certified), radius_kept (within which 80 %
        of the predictions stay), gamma of each feature at 0 and at epsilon with smallest_gamma and
        largest_gamma, and radius_useful (the largest at which some gamma is 0 or more).
    """
    train, test = split_again(train, test, repetition, "robust_linear_features")
    fitted = fit_robust_linear_features(train, penalties, epsilon)
    classifiers = [("ridge", penalty, classifier) for penalty, classifier in fitted.ridges.items()]
    classifiers.append(("chosen", fitted.chosen, fitted.ridges[fitted.chosen]))
    classifiers.append(("worst_case_softmax", np.nan, fitted.worst_case))
    rows = []
    deviations = "standard deviations"
    for split, images in (("train", train), ("test", test)):
        inputs = rows_of(images)
        for method, penalty, classifier in classifiers:
            correct = classifier.scores(inputs).argmax(axis=1) == images.labels
            radii = certified_radii(classifier, inputs)
            found: list[tuple[str, float | None, float | None, float, str]] = [
                ("accuracy", None, None, 100 * correct.mean(), "percent"),
                ("certified_share", None, epsilon, 100 * (radii > epsilon).mean(), "percent"),
                ("certified_accuracy", None, epsilon, 100 * (correct & (radii > epsilon)).mean(), "percent"),
                ("radius_kept", None, None, float(np.quantile(radii, 1 - CERTIFIED_SHARE)), "pixel values"),
            ]
            for radius in (0.0, epsilon):
                robust = gammas(classifier, inputs, images.labels, radius)
                found += [("gamma", i, radius, value, deviations) for i, value in enumerate(robust)]
                found.append(("smallest_gamma", None, radius, robust.min(), deviations))
                found.append(("largest_gamma", None, radius, robust.max(), deviations))
            zero, some = (gammas(classifier, inputs, images.labels, radius) for radius in (0.0, 1.0))
            # gamma falls linearly from its value at 0: it reaches zero at value / slope.
            found.append(("radius_useful", None, None, float((zero / (zero - some)).max()), "pixel values"))
            rows += [
                (
                    repetition,
                    method,
                    penalty,
                    split,
                    feature,
                    radius,
                    quantity,
                    float(value),
                    unit,
                    len(images),
                )
                for quantity, feature, radius, value, unit in found
            ]
    columns = [
        "seed",
        "method",
        "penalty",
        "split",
        "feature",
        "epsilon",
        "quantity",
        "value",
        "unit",
        "images",
    ]
    return pd.DataFrame(rows, columns=columns), fitted
