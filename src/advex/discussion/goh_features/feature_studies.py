"""The tables and thumbnails behind Goh's "Two Examples of Useful, Non-Robust Features".

Everything is computed from one eigendecomposition for each pair of classes: the singular vectors themselves,
the frontier that no feature passes, and the two constructions of useful, non-robust features. What the
comment measures on training images is measured on held-out images and with permuted labels too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from advex.common.artifacts import Array
from advex.common.images import ImageSet
from advex.common.pictures import Picture
from advex.common.randomness import numpy_generator
from advex.discussion.goh_features.linear_features import (
    SingularVectors,
    TwoClasses,
    as_image,
    containment,
    ensemble,
    frontier,
    frontier_usefulness,
    permuted_correlations,
    robust_usefulness,
    singular_vectors,
    split_again,
    two_classes,
)
from advex.discussion.goh_features.linear_transfer import transfer_rows

COLUMNS = (
    "seed", "pair", "classes", "feature", "name", "sees", "learner", "epsilon", "at", "point", "quantity",
    "value", "images", "training_images",
)  # fmt: skip

LETTERS = "ABCDEF"
CONSTRUCTIONS = ("ensemble", "robust", "contained", "nonrobust", "least squares")
_FRONTIER_POINTS = 120
_PATH_POINTS = 100
_SWEEP_POINTS = 20
_NEAREST = 10
_PERMUTATIONS = 20
_CONFIDENCE = 0.95
_SHOWN = 320


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
class _Measured:
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
        generator = _shuffles(self.pair, what, self.repetition)
        return permuted_correlations(data, scores, _PERMUTATIONS, generator)

    def held_out(self, coefficients: Array) -> Array:
        """Return the usefulness of features (k,) or (k, features) on held-out inputs."""
        scores = self.test_scores @ coefficients
        spread = np.sqrt(np.mean(scores**2, axis=0))
        return np.asarray(self.test.labels @ scores / len(self.test) / spread)


class _Observations(list[dict[str, Any]]):
    """Rows of one pair."""

    def note(self, quantity: str, value: Any, **columns: Any) -> None:
        self.append({"quantity": quantity, "value": float(value), **columns})


def sizes_from(settings: Mapping[str, Any]) -> FeatureSizes:
    """Make sizes from the plain values of a study's section ``goh_features``."""
    pairs = tuple(
        ClassPair(name, tuple(row["classes"]), row.get("robust_feature"))
        for name, row in settings["pairs"].items()
    )
    others: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if name != "pairs"
    }
    return FeatureSizes(pairs=pairs, **others)


def study(
    train: ImageSet, test: ImageSet, sizes: FeatureSizes, repetition: int
) -> tuple[dict[str, pd.DataFrame], Picture]:
    """Compute all tables and thumbnails of one repetition.

    Args:
        train: natural images, of all classes.
        test: held-out natural images.
        sizes: what is tried.
        repetition: 0 for the split as it is; see
            :func:`advex.discussion.goh_features.linear_features.split_again`.

    Returns:
        The tables ``singular_vectors``, ``ensembles`` and ``containments`` with the columns COLUMNS, and
        thumbnails: rows are pairs, columns some singular vectors (by index), the lettered ones and the
        constructions; zero is grey, and each is scaled to its largest weight.
    """
    train, test = split_again(train, test, repetition, "goh_features")
    tables: dict[str, list[dict[str, Any]]] = {"singular_vectors": [], "ensembles": [], "containments": []}
    thumbnails: dict[str, dict[str, Array]] = {}
    for pair in sizes.pairs:
        measured = _measure(*two_classes(train, test, pair.classes), pair.name, repetition)
        robust, nonrobust = contained_pair(measured.features, sizes, pair)
        found = {
            "singular_vectors": _singular_vectors(measured, sizes),
            "ensembles": _ensembles(measured, sizes),
            "containments": _containments(measured, sizes, robust, nonrobust),
        }
        for name, rows in found.items():
            where = {
                "seed": repetition,
                "pair": pair.name,
                "classes": " and ".join(pair.classes),
                "images": len(measured.test),
                "training_images": len(measured.train),
            }
            tables[name] += [where | row for row in rows]
        shape = train.images.shape[1:]
        thumbnails[pair.name] = _thumbnails(measured.features, sizes, robust, nonrobust, shape)
    frames = {name: pd.DataFrame(rows, columns=list(COLUMNS)) for name, rows in tables.items()}
    return frames, _picture(thumbnails)


def _shuffles(pair: str, what: str, repetition: int) -> np.random.Generator:
    return numpy_generator("goh_features", pair, f"shuffled labels, {what}", repetition)


def _measure(train: TwoClasses, test: TwoClasses, pair: str, repetition: int) -> _Measured:
    features = singular_vectors(train)
    scores = train.inputs @ features.vectors
    permuted = permuted_correlations(train, scores, _PERMUTATIONS, _shuffles(pair, "training", repetition))
    test_scores = test.inputs @ features.vectors
    return _Measured(pair, repetition, train, test, features, scores, test_scores, permuted)


def contained_pair(features: SingularVectors, sizes: FeatureSizes, pair: ClassPair) -> tuple[int, int]:
    """Return the indices of the robust, useful and of the non-robust, useless feature of the containment."""
    robust = pair.robust_feature
    if robust is None:
        robust = int(np.argmax(features.usefulness))
    distance = np.abs(np.log(features.robustness / sizes.contained_robustness))
    distance[robust] = np.inf
    nearest = np.argsort(distance)[:_NEAREST]
    return robust, int(nearest[np.argmin(features.usefulness[nearest])])


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


def _singular_vectors(measured: _Measured, sizes: FeatureSizes) -> _Observations:
    features, rows = measured.features, _Observations()
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


def _ensembles(measured: _Measured, sizes: FeatureSizes) -> _Observations:
    features, rows = measured.features, _Observations()
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


def _ensemble(measured: _Measured, threshold: float) -> dict[str, float]:
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


def _containments(measured: _Measured, sizes: FeatureSizes, robust: int, nonrobust: int) -> _Observations:
    features, rows = measured.features, _Observations()
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


def shown_features(count: int) -> Array:
    """Choose which of ``count`` singular vectors get a thumbnail: of many, ever fewer down the list."""
    if count <= _SHOWN:
        return np.arange(count)
    return np.unique(np.geomspace(1, count, _SHOWN).round().astype(int)) - 1


def _thumbnails(
    features: SingularVectors, sizes: FeatureSizes, robust: int, nonrobust: int, shape: tuple[int, ...]
) -> dict[str, Array]:
    contained = containment(features, robust, nonrobust, np.array([sizes.contained_share]), "variance")[:, 0]
    unit = np.eye(len(features.robustness))
    constructions = (
        ensemble(features, sizes.ensemble_below),
        unit[robust],
        contained,
        unit[nonrobust],
        frontier(features, 4)[:, 0],
    )
    images = {str(index): features.vectors[:, index] for index in shown_features(len(features.robustness))}
    images |= {letter: features.vectors[:, index] for letter, index in lettered(features).items()}
    images |= {
        name: features.vectors @ coefficients
        for name, coefficients in zip(CONSTRUCTIONS, constructions, strict=True)
    }
    return {name: as_image(weights).reshape(shape) for name, weights in images.items()}


def _picture(thumbnails: Mapping[str, Mapping[str, Array]]) -> Picture:
    """Join the thumbnails of all pairs; columns are those that every pair has."""
    first, *others = thumbnails.values()
    columns: Sequence[str] = [name for name in first if all(name in other for other in others)]
    images = np.stack([np.stack([images[name] for name in columns]) for images in thumbnails.values()])
    return Picture(images, list(thumbnails), list(columns))
