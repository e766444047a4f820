"""What rests on what among the rows: nothing on itself, and nothing on what a study leaves out."""

from collections.abc import Iterable, Iterator, Mapping

from advex.config.paths import made_by
from advex.config.schema import Experiments, Study

_MODEL, _DATASET, _EXPERIMENT = "models", "datasets", "experiments"
_Node = tuple[str, str]


def circles(experiments: Experiments) -> Iterator[str]:
    """Find rows that depend on themselves: models and data sets by sources and ensembles, and experiments."""
    needs = _needs(experiments)
    told: set[_Node] = set()
    for first in needs:
        chain = _way_back(first, needs)
        if chain and first not in told:
            told |= set(chain)
            kind, name = first
            yield f"{kind}.{name}: depends on itself: {' <- '.join(name for _, name in [*chain, first])}"


def _needs(experiments: Experiments) -> dict[_Node, list[_Node]]:
    """Return what every row needs, of those that can need others."""
    needs: dict[_Node, list[_Node]] = {
        (_MODEL, name): [(_DATASET, row.trained_on)] for name, row in experiments.models.items()
    }
    for name, dataset in experiments.datasets.items():
        named = (dataset.source, dataset.ensemble)
        needs[_DATASET, name] = [(_MODEL, model) for model in named if model is not None]
    makers = {made: name for name, row in experiments.experiments.items() for made in made_by(name, row)}
    for name, row in experiments.experiments.items():
        read = [makers[measurement] for measurement in row.measurements if measurement in makers]
        needs[_EXPERIMENT, name] = [(_EXPERIMENT, maker) for maker in read]
    return {node: [other for other in others if other in needs] for node, others in needs.items()}


def _way_back(first: _Node, needs: Mapping[_Node, Iterable[_Node]]) -> list[_Node]:
    """Return a chain of rows that leads from one back to it; empty if there is none."""
    ways, seen = [[first]], set[_Node]()
    while ways:
        way = ways.pop()
        for node in needs[way[-1]]:
            if node == first:
                return way
            if node not in seen:
                seen.add(node)
                ways.append([*way, node])
    return []


def needing_what_is_left_out(study: Study, experiments: Experiments) -> Iterator[str]:
    """Find rows that need a data set which a study leaves out, or a model that learns from it."""
    gone = {(_DATASET, name) for name in study.left_out if name in experiments.datasets}
    gone |= {(_MODEL, name) for name, row in experiments.models.items() if (_DATASET, row.trained_on) in gone}
    for user, node in _uses(experiments):
        if node in gone:
            kind, name = node
            missing = name if kind == _DATASET else experiments.models[name].trained_on
            yield f"left_out: found {missing!r}; allowed: others, {user} needs {name}"


def _uses(experiments: Experiments) -> Iterator[tuple[str, _Node]]:
    """Yield what rows use and cannot leave out, with the row that does; a measurement leaves models out."""
    for name, dataset in experiments.datasets.items():
        for model in filter(None, (dataset.source, dataset.ensemble)):
            yield f"datasets.{name}", (_MODEL, model)
    for name, instrument in experiments.instruments.items():
        for model in filter(None, (instrument.source, instrument.ensemble)):
            yield f"instruments.{name}", (_MODEL, model)
    for name, sections in experiments.measurements.items():
        for section in sections:
            yield from ((f"measurements.{name}", (_DATASET, measured)) for measured in section.measured_on)
    for name, picture in experiments.pictures.items():
        yield from ((f"pictures.{name}", (_DATASET, dataset)) for dataset in picture.rows.values())
    for name, row in experiments.experiments.items():
        yield from ((f"experiments.{name}", (_DATASET, dataset)) for dataset in row.datasets)
        yield from ((f"experiments.{name}", (_MODEL, model)) for model in row.models.values())
