"""What comment 6 (Wallace) finds wrong in a study: pairs of one data set, late stops, too many points."""

import re
from collections.abc import Iterator
from typing import Any

from advex.common.names.known import side_of, source
from advex.discussion.wallace.settings import (
    NATURAL,
    AfterEpochs,
    OtherDatasetSettings,
    OwnMistakesSettings,
    TwoDimensionalSettings,
)

_NAME = re.compile(r"[a-z][a-z0-9_]*")  # as the workflow's wildcard for it
_MOST_COVERED = (
    0.5  # of the unit square by boxes; drawn one by one, they find no room long before all is covered
)


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    section = plan.study(study).section
    if isinstance(own := section("own_mistakes"), OwnMistakesSettings):
        yield from _stops(own)
    if isinstance(other := section("other_dataset"), OtherDatasetSettings):
        yield from _pairs(other)
        yield from _sizes(other, side_of(plan.study(study)))
    if isinstance(plane := section("two_dimensional"), TwoDimensionalSettings):
        yield from _plane(plane)


def _stops(own: OwnMistakesSettings) -> Iterator[str]:
    epochs = own.teacher.recipe.epochs
    if isinstance(own.stops, AfterEpochs) and own.stops.at[-1] > epochs:
        yield f"own_mistakes.stops.at: found {own.stops.at[-1]:g}; allowed: at most {epochs} epochs"


def _pairs(other: OtherDatasetSettings) -> Iterator[str]:
    for name in other.data:
        if name == NATURAL or not _NAME.fullmatch(name):
            yield f"other_dataset.data: found {name!r}; allowed: small letters, digits and _; not {NATURAL}"
    seen: dict[tuple[str, str], str] = {}
    for name, pair in other.pairs.items():
        place, both = f"other_dataset.pairs.{name}", (pair.task, pair.images)
        if pair.task == pair.images:
            yield f"{place}.images: found {pair.images}, which is the task too; allowed: another data set"
        if both in seen:
            yield f"{place}: found task and images of {seen[both]}; allowed: each pair once"
        seen.setdefault(both, name)


def _sizes(other: OtherDatasetSettings, own_side: int | None) -> Iterator[str]:
    """Find pairs whose images are smaller than the task's, from which no image of its size can be cut."""
    known = {name: source(row.source, row.image_size) for name, row in other.data.items()}
    sides = {name: row.side for name, row in known.items() if row}
    if own_side is not None:
        sides[NATURAL] = own_side
    for name, pair in other.pairs.items():
        images, task = sides.get(pair.images), sides.get(pair.task)
        if images is not None and task is not None and images < task:
            yield (
                f"other_dataset.pairs.{name}.images: found {pair.images}, of side {images}; allowed: images "
                f"not smaller than those of {pair.task}, of side {task}"
            )


def _plane(plane: TwoDimensionalSettings) -> Iterator[str]:
    covered = plane.points * plane.side**2
    if covered > _MOST_COVERED:
        most = int(_MOST_COVERED / plane.side**2)
        yield f"two_dimensional.points: found {plane.points}; boxes of {plane.side:g} leave room for {most}"
    for number, radius in enumerate(plane.radii):
        if radius >= 1:
            yield f"two_dimensional.radii.{number}: found {radius:g}; allowed: below 1, the side of the plane"
