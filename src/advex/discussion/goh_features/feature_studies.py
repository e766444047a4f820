"""The tables and thumbnails behind Goh's "Two Examples of Useful, Non-Robust Features".

Everything is computed from one eigendecomposition for each pair of classes: the singular vectors themselves,
the frontier that no feature passes, and the two constructions of useful, non-robust features. What the
comment measures on training images is measured on held-out images and with permuted labels too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from advex.common.artifacts import Array
from advex.common.images import ImageSet
from advex.common.pictures import Picture
from advex.discussion.goh_features.feature_tables import (
    PERMUTATIONS,
    ClassPair,
    FeatureSizes,
    Measured,
    containment_rows,
    ensemble_rows,
    lettered,
    shuffles,
    singular_vector_rows,
)
from advex.discussion.goh_features.linear_features import (
    SingularVectors,
    TwoClasses,
    as_image,
    containment,
    ensemble,
    frontier,
    permuted_correlations,
    singular_vectors,
    split_again,
    two_classes,
)

COLUMNS = (
    "seed", "pair", "classes", "feature", "name", "sees", "learner", "epsilon", "at", "point", "quantity",
    "value", "images", "training_images",
)  # fmt: skip

CONSTRUCTIONS = ("ensemble", "robust", "contained", "nonrobust", "least squares")
_NEAREST = 10
_SHOWN = 320


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
            "singular_vectors": singular_vector_rows(measured, sizes),
            "ensembles": ensemble_rows(measured, sizes),
            "containments": containment_rows(measured, sizes, robust, nonrobust),
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


def _measure(train: TwoClasses, test: TwoClasses, pair: str, repetition: int) -> Measured:
    features = singular_vectors(train)
    scores = train.inputs @ features.vectors
    permuted = permuted_correlations(train, scores, PERMUTATIONS, shuffles(pair, "training", repetition))
    test_scores = test.inputs @ features.vectors
    return Measured(pair, repetition, train, test, features, scores, test_scores, permuted)


def contained_pair(features: SingularVectors, sizes: FeatureSizes, pair: ClassPair) -> tuple[int, int]:
    """Return the indices of the robust, useful and of the non-robust, useless feature of the containment."""
    robust = pair.robust_feature
    if robust is None:
        robust = int(np.argmax(features.usefulness))
    distance = np.abs(np.log(features.robustness / sizes.contained_robustness))
    distance[robust] = np.inf
    nearest = np.argsort(distance)[:_NEAREST]
    return robust, int(nearest[np.argmin(features.usefulness[nearest])])


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
