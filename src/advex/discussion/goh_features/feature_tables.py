"""The rows of the three tables of comment 3, for one pair of classes in one repetition.

Of the singular vectors and the frontier that no feature passes, of ensembles of non-robust features, and of a
robust feature inside a non-robust one; with what held-out images and permuted labels say of each.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from advex.common.artifacts import Array
from advex.common.randomness import numpy_generator
from advex.discussion.goh_features.linear_features import (
    SingularVectors,
    TwoClasses,
    containment,
    ensemble,
    frontier,
    frontier_usefulness,
    permuted_correlations,
    robust_usefulness,
)
from advex.discussion.goh_features.linear_transfer import transfer_rows

LETTERS = "ABCDEF"
PERMUTATIONS = 20
_FRONTIER_POINTS = 120
_PATH_POINTS = 100
_SWEEP_POINTS = 20
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class ClassPair:
    """Two classes to tell apart.

    Attributes:
        name: what tables call the pair.
        classes: names of the positive and the negative class.
        robust_feature: index of the singular vector that is contained; None for the most useful.
    """

    name: str
    classes: tuple[str, str]
    robust_feature: int | None = None


@dataclass(frozen=True)
class FeatureSizes:
    """What is tried, robustness and radii in units of images in [0, 1].

    Attributes:
        pairs: the pairs of classes.
        epsilons: radii of the l2 adversary.
        ensemble_below: robustness below which features belong to the ensemble.
        contained_robustness: robustness of the useless feature of the containment: among the ten nearest, the
            least useful on training images.
        contained_share: alpha, the share of the robust feature, both scaled to unit variance.
        frontier_at: where the height of the frontier is noted.
        successes: shares of inputs whose label the attack on a linear feature flips.
    """

    pairs: tuple[ClassPair, ...]
    epsilons: tuple[float, ...]
    ensemble_below: float
    contained_robustness: float
    contained_share: float
    frontier_at: tuple[float, ...]
    successes: tuple[float, ...]


@dataclass(frozen=True)
class Measured:
    """One pair in one repetition, with all that is computed once."""

    pair: str
    repetition: int
    train: TwoClasses
    test: TwoClasses
    features: SingularVectors
    train_scores: Array
    test_scores: Array
    permuted: Array

    def permuted_again(self, what: str, data: TwoClasses, scores: Array) -> Array:
        """Return correlations with shuffled labels, (shuffles, features); the same whenever ``what`` is."""
        generator = shuffles(self.pair, what, self.repetition)
        return permuted_correlations(data, scores, PERMUTATIONS, generator)

    def held_out(self, coefficients: Array) -> Array:
        """Return the usefulness of features (k,) or (k, features) on held-out inputs."""
        scores = self.test_scores @ coefficients
        spread = np.sqrt(np.mean(scores**2, axis=0))
        return np.asarray(self.test.labels @ scores / len(self.test) / spread)


class Observations(list[dict[str, Any]]):
    """Rows of one pair."""

    def note(self, quantity: str, value: Any, **columns: Any) -> None:
        """Add a row: a number and what it is of, by column."""
        self.append({"quantity": quantity, "value": float(value), **columns})


def shuffles(pair: str, what: str, repetition: int) -> np.random.Generator:
    """Return the generator that shuffles the labels of a pair, by what is shuffled, in a repetition."""
    return numpy_generator("goh_features", pair, f"shuffled labels, {what}", repetition)


def lettered(features: SingularVectors) -> dict[str, int]:
    """Choose A to F: in each third of the range of log robustness the most and the least useful."""
    logs = np.log(features.robustness)
    edges = np.linspace(logs[0], logs[-1], 4)
    chosen: dict[str, int] = {}
    for third in range(3):
        members = np.flatnonzero((logs <= edges[third]) & (logs >= edges[third + 1]))
        useful = features.usefulness[members]
        chosen[LETTERS[2 * third]] = int(members[np.argmax(useful)])
        chosen[LETTERS[2 * third + 1]] = int(members[np.argmin(useful)])
    return chosen


def singular_vector_rows(measured: Measured, sizes: FeatureSizes) -> Observations:
    """Return robustness and usefulness of every singular vector, the lettered ones, and the frontier."""
    features, rows = measured.features, Observations()
    everything = np.eye(len(features.robustness))
    per_feature = {
        "robustness": features.robustness,
        "usefulness": features.usefulness,
        "usefulness_held_out": measured.held_out(everything),
    }
    for quantity, values in per_feature.items():
        for index, value in enumerate(values):
            rows.note(quantity, value, feature=index)
    for letter, index in lettered(features).items():
        rows.note("lettered", index, name=letter, feature=index)
    best = frontier(features, _FRONTIER_POINTS)
    useful, robustness = features.combine(best)
    best_held_out = measured.held_out(best)
    for point in range(_FRONTIER_POINTS):
        rows.note("frontier_robustness", robustness[point], point=point)
        rows.note("frontier_usefulness", useful[point], point=point)
        rows.note("frontier_usefulness_held_out", best_held_out[point], point=point)
    for height in sizes.frontier_at:
        rows.note("frontier_usefulness_at", frontier_usefulness(features, height), at=height)
    rows.note("least_squares_usefulness", useful[0])
    rows.note("least_squares_usefulness_held_out", best_held_out[0])
    for epsilon in sizes.epsilons:
        single = robust_usefulness(features.usefulness, features.robustness, epsilon)
        rows.note("robustly_useful", (single > 0).sum(), epsilon=epsilon)
        combined = robust_usefulness(useful, robustness, epsilon)
        rows.note("best_robust_usefulness", combined.max(), epsilon=epsilon)
        rows.note(
            "best_robust_usefulness_held_out",
            robust_usefulness(best_held_out, robustness, epsilon)[combined.argmax()],
            epsilon=epsilon,
        )
    absolute = np.abs(measured.permuted)
    rows.note("permuted_usefulness", np.quantile(absolute, _CONFIDENCE))
    held_out = measured.permuted_again("held out", measured.test, measured.test_scores)
    rows.note("permuted_usefulness_held_out", np.quantile(np.abs(held_out), _CONFIDENCE))
    rows.note("rank_correlation", spearmanr(features.robustness, features.usefulness).statistic)
    weak = features.robustness < sizes.ensemble_below
    largest = int(np.argmax(np.where(weak, features.usefulness, -1)))
    rows.note("largest_nonrobust_usefulness", features.usefulness[largest])
    rows.note("largest_nonrobust_usefulness_held_out", per_feature["usefulness_held_out"][largest])
    rows.note("largest_nonrobust_usefulness_permuted", absolute[:, weak].max(axis=1).mean())
    return rows


def ensemble_rows(measured: Measured, sizes: FeatureSizes) -> Observations:
    """Return what ensembles of non-robust features reach, at the size's threshold and along a sweep."""
    features, rows = measured.features, Observations()
    sweep = np.geomspace(2 * features.robustness[-1], features.robustness[0], _SWEEP_POINTS)
    for name, thresholds in (("ensemble", [sizes.ensemble_below]), ("sweep", sweep)):
        for threshold in thresholds:
            for quantity, value in _ensemble(measured, float(threshold)).items():
                rows.note(quantity, value, name=name, at=float(threshold))
    useful, robustness = features.combine(ensemble(features, sizes.ensemble_below))
    for epsilon in sizes.epsilons:
        rows.note(
            "robust_usefulness",
            robust_usefulness(useful, robustness, epsilon),
            name="ensemble",
            epsilon=epsilon,
        )
    return rows


def _ensemble(measured: Measured, threshold: float) -> dict[str, float]:
    """Measure one ensemble, with its signs from the training labels and from permuted ones."""
    features = measured.features
    members = ensemble(features, threshold)
    useful, robustness = features.combine(members)
    spread = np.sqrt(((members * features.robustness) ** 2).sum())
    null_held_out = [
        float(measured.held_out(ensemble(features, threshold, np.sign(values))))
        for values in measured.permuted
    ]
    # What more robust features explain of the labels is no noise for the members: permute only the rest.
    weights = np.where(members > 0, 0, features.usefulness / features.robustness)
    rest = TwoClasses(measured.train.inputs, measured.train.labels - measured.train_scores @ weights)
    null_rest = np.abs(measured.permuted_again("rest", rest, measured.train_scores))
    weighted = members * features.robustness / spread
    return {
        "members": float(members.sum()),
        "robustness": float(robustness),
        "usefulness": float(useful),
        "usefulness_held_out": float(measured.held_out(members)),
        "usefulness_permuted": float((np.abs(measured.permuted) @ weighted).mean()),
        "usefulness_permuted_rest": float((null_rest @ weighted).mean()),
        "usefulness_permuted_held_out": float(np.quantile(np.abs(null_held_out), _CONFIDENCE)),
        "largest_member_usefulness": float(features.usefulness[members > 0].max()),
    }


def containment_rows(measured: Measured, sizes: FeatureSizes, robust: int, nonrobust: int) -> Observations:
    """Return what a mixture of two singular vectors reaches, along the path between them, and what transfers.

    Args:
        measured: the pair.
        sizes: what is tried.
        robust: index of the robust, useful feature.
        nonrobust: index of the non-robust, useless feature.
    """
    features, rows = measured.features, Observations()
    contained = containment(features, robust, nonrobust, np.array([sizes.contained_share]), "variance")[:, 0]
    unit = np.eye(len(features.robustness))
    named = {"robust": unit[robust], "nonrobust": unit[nonrobust], "contained": contained}
    for name, coefficients in named.items():
        useful, spread = features.combine(coefficients)
        rows.note("robustness", spread, name=name)
        rows.note("usefulness", useful, name=name)
        rows.note("usefulness_held_out", measured.held_out(coefficients), name=name)
        rows.note("radius_useful", useful * spread, name=name)
        for epsilon in sizes.epsilons:
            rows.note(
                "robust_usefulness", robust_usefulness(useful, spread, epsilon), name=name, epsilon=epsilon
            )
    rows.note("index", robust, name="robust", feature=robust)
    rows.note("index", nonrobust, name="nonrobust", feature=nonrobust)
    # Shares of features of equal norm, dense where the path turns.
    ratio = float(features.robustness[nonrobust] / features.robustness[robust])
    shares = np.concatenate([[0.0], np.geomspace(ratio / 30, 1, _PATH_POINTS - 1)])
    path = containment(features, robust, nonrobust, shares, "norm")
    useful, spread = features.combine(path)
    held_out = measured.held_out(path)
    for point, share in enumerate(shares):
        rows.note("path_robustness", spread[point], name="path", at=share, point=point)
        rows.note("path_usefulness", useful[point], name="path", at=share, point=point)
        rows.note("path_usefulness_held_out", held_out[point], name="path", at=share, point=point)
    sources = {
        "contained": contained,
        "ensemble": ensemble(features, sizes.ensemble_below),
        "robust": unit[robust],
    }
    rows += transfer_rows(
        features,
        sources,
        measured.train_scores,
        measured.train.labels,
        measured.test_scores,
        measured.test.labels,
        sizes.successes,
    )
    return rows
