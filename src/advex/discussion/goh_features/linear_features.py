"""Linear features whose usefulness and robustness can be read off exactly (Goh, comments 2 and 3).

A linear feature is f(x) = a^T x / ||a||_Sigma for inputs of mean zero, with ||a||_Sigma^2 = a^T Sigma a and
Sigma = E[x x^T], so that it has variance one. For labels y = -1 or +1 and an l2 adversary of radius epsilon,

    min over ||delta|| <= epsilon of E[y f(x + delta)] = E[y f(x)] - epsilon ||a||_2 / ||a||_Sigma.

The first term is the feature's *usefulness*, ||a||_Sigma / ||a||_2 its *robustness* (in units of x), and the
whole its *robust usefulness*. Features are columns: weights have the shape (d,) or (d, features).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import eigh

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.randomness import numpy_generator

_RANK_TOLERANCE = 1e-10  # relative to the largest eigenvalue: what is smaller is rounding, not data


@dataclass(frozen=True)
class TwoClasses:
    """Images of two classes as rows, equally many of each.

    Attributes:
        inputs: (n, d) float64, of which the mean of the training inputs is subtracted.
        labels: (n,) float64, +1 for the first class and -1 for the second.
    """

    inputs: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)


def two_classes(train: ImageSet, test: ImageSet, pair: Sequence[str]) -> tuple[TwoClasses, TwoClasses]:
    """Take the images of two classes, equally many of each, the first ones.

    Args:
        train: training images; their mean is subtracted from both sets.
        test: held-out images.
        pair: the names of the classes, the positive one first.

    Raises:
        UserError: there is no such class, or no image of it.
    """
    for name in pair:
        if name not in train.classes:
            raise UserError(f"pairs: found class {name!r}; allowed: {', '.join(train.classes)}")
    parts = [_of_pair(images, pair) for images in (train, test)]
    mean = parts[0][0].mean(axis=0)
    first, second = (TwoClasses(inputs - mean, labels) for inputs, labels in parts)
    return first, second


def _of_pair(images: ImageSet, pair: Sequence[str]) -> tuple[Array, Array]:
    members = [np.flatnonzero(images.labels == images.classes.index(name)) for name in pair]
    count = min(map(len, members))
    if not count:
        raise UserError(f"pairs: no images of {' and '.join(pair)} in one of the sets; choose other classes")
    chosen = np.concatenate([each[:count] for each in members])
    floats = images.as_float()[chosen].reshape(2 * count, -1).astype(np.float64)
    return floats, np.repeat([1.0, -1.0], count)


def split_again(train: ImageSet, test: ImageSet, repetition: int, name: str) -> tuple[ImageSet, ImageSet]:
    """Deal training and test images anew, class by class, into sets of the same sizes.

    Repetition 0 is the split as it is. Other repetitions show how much a result depends on which images
    happen to be in which set; their training sets overlap, so their spread is smaller than that of new data.
    Experiments of another ``name`` split otherwise.
    """
    if repetition == 0:
        return train, test
    generator = numpy_generator("split", name, repetition)
    images = np.concatenate([train.images, test.images])
    labels = np.concatenate([train.labels, test.labels])
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        held_out[generator.permutation(members)[: int((test.labels == label).sum())]] = True
    first, second = (ImageSet(images[mask], labels[mask], train.classes) for mask in (~held_out, held_out))
    return first, second


def robustness(weights: Array, inputs: Array) -> Array:
    """Return ||a||_Sigma / ||a||_2 of each feature, with Sigma from the inputs (n, d)."""
    spread: Array = np.sqrt(np.mean((inputs @ weights) ** 2, axis=0))
    return np.asarray(spread / np.linalg.norm(weights, axis=0))


def usefulness(weights: Array, inputs: Array, labels: Array) -> Array:
    """Return E[y f(x)] of each feature, its correlation with the labels -1 and +1."""
    scores = inputs @ weights
    return np.asarray((labels @ scores) / len(labels) / np.sqrt(np.mean(scores**2, axis=0)))


def robust_usefulness(useful: Array | float, robust: Array | float, epsilon: float) -> Array:
    """Return usefulness minus epsilon over robustness: the worst case over an l2 ball, exactly."""
    return np.asarray(useful - epsilon / np.asarray(robust))


@dataclass(frozen=True)
class SingularVectors:
    """The eigenvectors of Sigma as features, the most robust first.

    Attributes:
        vectors: (d, k) unit eigenvectors a_i; signs are such that every usefulness is 0 or more.
        robustness: (k,) sigma_i = ||a_i||_Sigma, square roots of the eigenvalues, in units of x.
        usefulness: (k,) c_i = E[y a_i^T x] / sigma_i.
    """

    vectors: Array
    robustness: Array
    usefulness: Array

    def combine(self, coefficients: Array) -> tuple[Array, Array]:
        """Return usefulness and robustness of a = sum of q_i a_i, for q of shape (k,) or (k, features).

        The a_i are uncorrelated, so ||a||_Sigma^2 is the sum of (q_i sigma_i)^2.
        """
        weighted = (coefficients.T * self.robustness).T
        spread = np.sqrt((weighted**2).sum(axis=0))
        return (
            np.asarray(self.usefulness @ weighted / spread),
            np.asarray(spread / np.sqrt((coefficients**2).sum(axis=0))),
        )


def singular_vectors(data: TwoClasses) -> SingularVectors:
    """Compute all eigenvectors of Sigma = X^T X / n along which the inputs vary."""
    values, vectors = eigh(data.inputs.T @ data.inputs / len(data), overwrite_a=True)
    kept = values[::-1] > _RANK_TOLERANCE * values[-1]
    values, vectors = values[::-1][kept], vectors[:, ::-1][:, kept]
    sigma = np.sqrt(values)
    useful = data.labels @ data.inputs @ vectors / len(data) / sigma
    signs = np.where(useful < 0, -1.0, 1.0)
    return SingularVectors(vectors * signs, sigma, useful * signs)


def ridge(features: SingularVectors, penalties: Array) -> Array:
    """Return q_i = c_i sigma_i / (sigma_i^2 + t), (k, penalties): ridge regression on the labels.

    The direction of (Sigma + t I)^-1 E[y x]; t = 0 is least squares, an infinite t the difference of means.
    """
    numerator = (features.usefulness * features.robustness)[:, np.newaxis]
    penalties = np.asarray(penalties, dtype=float)
    denominator = features.robustness[:, np.newaxis] ** 2 + np.where(np.isinf(penalties), 0, penalties)
    return np.asarray(numerator / np.where(np.isinf(penalties), 1.0, denominator))


def frontier(features: SingularVectors, points: int) -> Array:
    """Return coefficients (k, points) of the features that none beats in both usefulness and robustness.

    Usefulness is linear in a for fixed ||a||_Sigma, robustness then fixes ||a||_2: the optimum is
    proportional to c_i sigma_i / (lambda sigma_i^2 + 1 - lambda). For lambda in [0, 1] that is the ridge
    path, from least squares (1) to the difference of means (0); for negative lambda it goes on to ever more
    robust features, towards the first eigenvector.
    """
    largest = float(features.robustness[0] ** 2)
    smallest = float(features.robustness[-1] ** 2)
    ridge_part = np.concatenate([[0.0], np.geomspace(smallest / 100, 100 * largest, points // 2 - 1)])
    towards_first = -largest * np.geomspace(100, 1 + 1e-4, points - points // 2)
    numerator = (features.usefulness * features.robustness)[:, np.newaxis]
    squares = features.robustness[:, np.newaxis] ** 2
    penalties = np.concatenate([ridge_part, towards_first])
    return np.asarray(numerator / np.abs(squares + penalties))


def frontier_usefulness(features: SingularVectors, at: float) -> float:
    """Return the largest usefulness at a given robustness, NaN beyond the ends of the frontier."""
    useful, reached = features.combine(frontier(features, 2000))
    order = np.argsort(reached)
    return float(np.interp(np.log(at), np.log(reached[order]), useful[order], left=np.nan, right=np.nan))


def ensemble(features: SingularVectors, threshold: float, signs: Array | None = None) -> Array:
    """Return coefficients (k,) of the sum of all features less robust than a threshold, with equal weights.

    Args:
        features: the singular vectors.
        threshold: robustness below which a feature belongs to the ensemble, in units of x.
        signs: (k,) sign of each member; by default those of the features' own usefulness, all +1.

    Raises:
        UserError: no feature is below the threshold.
    """
    members = (features.robustness < threshold).astype(float)
    if not members.any():
        raise UserError(
            f"ensemble_below: {threshold:g}, but the least robust feature has {features.robustness[-1]:g}; "
            "raise it in the study's file"
        )
    return np.asarray(members if signs is None else members * signs)


def containment(
    features: SingularVectors, robust: int, nonrobust: int, shares: Array, scale: Literal["variance", "norm"]
) -> Array:
    """Return coefficients (k, shares) of (1 - alpha) a_nonrobust + alpha a_robust.

    Args:
        features: the singular vectors.
        robust: index of the robust, useful one.
        nonrobust: index of the non-robust, useless one.
        shares: alpha, each in [0, 1].
        scale: whether the two are first scaled to unit variance or to unit norm.
    """
    shares = np.asarray(shares, dtype=float)
    coefficients = np.zeros((len(features.robustness), len(shares)))
    for index, share in ((nonrobust, 1 - shares), (robust, shares)):
        coefficients[index] += share / (features.robustness[index] if scale == "variance" else 1.0)
    return coefficients


def permuted_correlations(
    data: TwoClasses, scores: Array, count: int, generator: np.random.Generator
) -> Array:
    """Return E[y' f(x)] of each feature for shuffled labels y', (count, features).

    Args:
        data: its labels, (n,), are shuffled.
        scores: (n, features) a^T x of the same inputs.
        count: number of shuffles.
        generator: of the shuffles.
    """
    shuffled = np.stack([generator.permutation(data.labels) for _ in range(count)])
    return np.asarray(shuffled @ scores / len(data) / np.sqrt(np.mean(scores**2, axis=0)))


def as_image(weights: Array) -> Array:
    """Map weights to [0, 1] with zero at one half, by their largest absolute value, float32."""
    return np.asarray(0.5 + 0.5 * weights / np.abs(weights).max(), dtype=np.float32)
