"""Rows that are only for figures of other studies, of which a study need not say at what size."""

from collections.abc import Iterable, Iterator

from advex.config.paths import made_by
from advex.config.schema import Experiments

_Node = tuple[str, str]
"""A kind of row (a field of :class:`Experiments`), and a row's name."""


def without_what_others_need(experiments: Experiments, study: str) -> Experiments:
    """Return the rows without those that only figures of other studies lead to.

    Rows that no figure leads to stay: whoever has them made asks for them by name, in any study.
    """
    others = {name: row for name, row in experiments.figures.items() if not row.is_for(study)}
    if not others:
        return experiments
    ours = (("figures", name) for name in experiments.figures if name not in others)
    gone = _behind(experiments, (("figures", name) for name in others)) - _behind(experiments, ours)
    kinds = ("models", "filtered_models", "datasets", "instruments", "measurements", "experiments", "figures")
    kept = {
        kind: {name: row for name, row in getattr(experiments, kind).items() if (kind, name) not in gone}
        for kind in kinds
    }
    return experiments.model_copy(update=kept)


def _behind(experiments: Experiments, first: Iterable[_Node]) -> set[_Node]:
    """Return rows and all that they lead to."""
    makers = {made: name for name, row in experiments.experiments.items() for made in made_by(name, row)}
    waiting, found = list(first), set[_Node]()
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += _named_by(experiments, makers, *node)
    return found


def _named_by(experiments: Experiments, makers: dict[str, str], kind: str, name: str) -> Iterator[_Node]:
    """Yield the rows that a row names."""
    row = getattr(experiments, kind).get(name)
    if row is None:  # natural images, say
        return
    if kind == "figures":
        for measurement in (*row.measurements, *row.premises):
            yield _made(makers, measurement)
            yield "pictures", measurement
    elif kind == "pictures":
        yield from (("datasets", dataset) for dataset in row.rows.values())
    elif kind == "measurements":
        for section in row:
            yield from _models(section.models)
            yield from (("datasets", dataset) for dataset in section.measured_on)
            yield from (("instruments", instrument) for instrument in section.instruments)
    elif kind == "experiments":
        yield from _models(row.models.values())
        yield from (("datasets", dataset) for dataset in row.datasets)
        yield from (_made(makers, read) for read in row.measurements)
    elif kind in ("models", "filtered_models"):
        yield "datasets", row.trained_on
    else:  # data sets and instruments
        yield from _models(filter(None, (row.source, row.ensemble)))


def _made(makers: dict[str, str], measurement: str) -> _Node:
    maker = makers.get(measurement)
    return ("measurements", measurement) if maker is None else ("experiments", maker)


def _models(names: Iterable[str]) -> Iterator[_Node]:
    for name in names:
        yield from (("models", name), ("filtered_models", name))
