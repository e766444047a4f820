"""Warnings: what makes all that is built on it mean little, whatever the claims about it come to.

A source model at chance, an attack that reaches few of its targets, test images that stand in the training
set too. Claims have premises of their own; these are for people who look at a study's pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf, isnan, sqrt
from typing import NamedTuple

import pandas as pd

REACHED = 50.0
"""Percent of its targets that an attack must reach, or the labels of its set are mostly not what it shows."""

_DEVIATIONS = 3  # of a share of so many images that a network without any knowledge gets right
_NATURAL = "natural_test"


def warnings(
    tables: Mapping[str, pd.DataFrame],
    classes: int,
    sources: Mapping[str, Sequence[str]],
    origin: pd.DataFrame | None = None,
) -> list[str]:
    """Return one sentence for each thing that a study's figures should not rest on.

    Args:
        tables: measured tables by name.
        classes: the number of classes, which fixes chance.
        sources: what is made with a model, by the model's name.
        origin: what is known of where the natural images come from, one row.
    """
    found = [*_at_chance(tables, classes, sources), *_few_targets(tables), *_shared(origin)]
    return list(dict.fromkeys(found))


class _Row(NamedTuple):
    """One accuracy of one model on one data set."""

    seed: int
    model: str
    dataset: str
    value: float
    images: int

    def order(self) -> float:
        """Return what orders rows from the worst on."""
        return -inf if isnan(self.value) else self.value


def _rows(tables: Mapping[str, pd.DataFrame], quantity: str) -> Iterator[_Row]:
    for table in tables.values():
        if {*_Row._fields, "quantity"} <= set(table.columns):
            rows = table.loc[table["quantity"] == quantity, list(_Row._fields)]
            for seed, model, dataset, value, images in rows.itertuples(index=False):
                yield _Row(int(seed), str(model), str(dataset), float(value), int(images))


def _at_chance(
    tables: Mapping[str, pd.DataFrame], classes: int, sources: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    chance, worst = 100 / classes, dict[str, _Row]()
    for row in _rows(tables, "accuracy"):
        limit = chance + _DEVIATIONS * sqrt(chance * (100 - chance) / max(row.images, 1))
        # A value that is none is no knowledge either.
        if row.model in sources and row.dataset == _NATURAL and not row.value > limit:
            worst[row.model] = min(worst.get(row.model, row), row, key=_Row.order)
    for model, row in worst.items():
        yield (
            f"{model}, seed {row.seed}, is right on {row.value:.3g} % of {row.images} test images, where "
            f"chance is {chance:.3g} %: what is made with it means nothing ({', '.join(sources[model])})"
        )


def _few_targets(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    worst: dict[str, _Row] = {}
    for row in _rows(tables, "targets_reached"):
        if not row.value >= REACHED:
            worst[row.dataset] = min(worst.get(row.dataset, row), row, key=_Row.order)
    for name, row in worst.items():
        yield (
            f"{name}, seed {row.seed}: attacks on {row.model} reach {row.value:.3g} % of their targets: "
            "its labels are mostly not what its source sees in it"
        )


def _shared(origin: pd.DataFrame | None) -> Iterator[str]:
    row = {} if origin is None or origin.empty else origin.iloc[0].to_dict()
    exact, near = (row.get(f"test_images_{how}in_train", 0) for how in ("", "nearly_"))
    if exact > 0 or near > 0:  # not so of a number that is none
        yield (
            f"{exact:g} test images stand in the training set too, and {near:g} more nearly so: accuracies "
            "on test images are too high"
        )
