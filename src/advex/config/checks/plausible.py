"""Sizes that have the right form and yet cannot be: more images than there are, steps that lead nowhere.

Every function yields mistakes as ``key: found ...; allowed: ...``, for a study that has the form of
:class:`advex.config.schema.Study`. What concerns one source alone is said by that source, in a module
``advex.discussion.<source>.checks``.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.dataclasses import is_pydantic_dataclass

from advex.common.names.known import (
    LARGEST_SIDE,
    OF_ONE_SIZE,
    arguments,
    known_source,
    mirror_of,
    mistakes_in_architecture,
    side_of,
    source,
)
from advex.common.settings import AttackSettings, Recipe
from advex.config.schema import CONTROL, EVALUATIONS, MOST_REPETITIONS, DataSettings, Experiments, Study
from advex.measure.sections import OtherDataSettings, Section
from advex.registries import LOSSES

_ROUNDING = 1e-9
_MOVING = ("steps", "epsilon", "step_size")
"""Settings of an attack without which it leaves images as they are."""


def mistakes_in_sizes(study: Study, experiments: Experiments) -> Iterator[str]:
    """Find sizes that no run could do anything with."""
    own = [name for name in type(study).model_fields if name not in Study.model_fields]
    sections = {name: study.section(name) for name in own if study.section(name) is not None}
    yield from _data(study, sections)
    side = side_of(study)
    for place, part in placed_parts({"architectures": study.architectures, **sections}):
        if hasattr(part, "options") and not place.startswith("squares."):
            for key, found, allowed in mistakes_in_architecture(
                part.name, part.options, study.data.channels, side
            ):
                yield f"{place}.{key}: found {found}; {allowed}"
    for place, part in placed_parts({"recipes": study.recipes, **sections}):
        if isinstance(part, Recipe):
            yield from _recipe(place, part, side)
    yield from _attacks(study, experiments, side)
    for name, section in sections.items():
        seeds = getattr(section, "seeds", 1) if isinstance(section, Section) else 1
        if seeds > MOST_REPETITIONS:
            yield f"{name}.seeds: found {seeds}; allowed: at most {MOST_REPETITIONS}"


def placed_parts(settings: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings (dataclasses and models of pydantic), however deep, each with the key of its place."""
    if isinstance(settings, BaseModel):
        inner: Mapping[str, Any] = {name: getattr(settings, name) for name in type(settings).model_fields}
    elif is_pydantic_dataclass(type(settings)):
        inner = {name: getattr(settings, name) for name in type(settings).__pydantic_fields__}
    elif isinstance(settings, Mapping):
        inner = settings
    elif isinstance(settings, (list, tuple)):
        inner = {str(number): part for number, part in enumerate(settings)}
    else:
        return
    if place and not isinstance(settings, (Mapping, list, tuple)):
        yield place, settings
    for name, part in inner.items():
        yield from placed_parts(part, f"{place}.{name}" if place else str(name))


def _data(study: Study, sections: Mapping[str, Any]) -> Iterator[str]:
    data, known = study.data, known_source(study)
    rows: dict[str, DataSettings | OtherDataSettings] = {"data": data}
    for name, section in sections.items():
        others = section.other_data() if isinstance(section, Section) else {}
        rows |= {f"{name}.data.{other}": row for other, row in others.items()}
    for place, row in rows.items():
        yield from _images(place, row, mirror_of(study) if row is data else None)
    if known is not None:
        found = {"channels": (data.channels, known.channels), "classes": (data.classes, len(known.classes))}
        for key, (given, right) in found.items():
            if given != right:
                yield f"data.{key}: found {given}; allowed: {right}, as {data.mirror or data.source} has"
    for key in ("train_images", "test_images"):
        count = getattr(data, key)
        if count is not None and count < data.classes:
            yield f"data.{key}: found {count}; allowed: {data.classes} at least, one of each class"
    for key, values, most in (("mean", data.mean, 1.0), ("std", data.std, 0.5)):
        for number, value in enumerate(values):
            if not 0 <= value <= most:
                yield f"data.{key}.{number}: found {value:g}; allowed: 0 to {most:g}, of values from 0 to 1"


def _images(place: str, row: DataSettings | OtherDataSettings, mirror: str | None) -> Iterator[str]:
    """Find more images, or larger ones, than a source has."""
    name, size = row.source, row.image_size
    if size is not None and name in OF_ONE_SIZE:
        yield f"{place}.image_size: found {size}; leave it out: {name} has a size of its own"
    elif size is not None and name in LARGEST_SIDE and size > LARGEST_SIDE[name]:
        yield f"{place}.image_size: found {size}; allowed: at most {LARGEST_SIDE[name]}"
    known = source(name, size, mirror)
    if known is None:
        return
    for key, there in (("train_images", known.train), ("test_images", known.test)):
        count = getattr(row, key)
        if count is not None and count > there:
            yield f"{place}.{key}: found {count}; allowed: at most {there}, which {mirror or name} has"


def _recipe(place: str, recipe: Recipe, side: int | None) -> Iterator[str]:
    known = arguments(LOSSES, recipe.loss)
    for name, value in recipe.loss_options.items():
        if name not in known:
            allowed = ", ".join(known) or f"none, {recipe.loss} takes no options"
            yield f"{place}.loss_options.{name}: found {value:g}; allowed: {allowed}"
    changes = recipe.augmentation
    if changes.gaussian_noise > 1:
        yield (
            f"{place}.augmentation.gaussian_noise: found {changes.gaussian_noise:g}; allowed: at most 1; "
            "images range from 0 to 1"
        )
    if changes.rotation_degrees > 180:
        yield (
            f"{place}.augmentation.rotation_degrees: found {changes.rotation_degrees:g}; allowed: at most 180"
        )
    if side is not None and changes.crop_padding >= side:
        yield (
            f"{place}.augmentation.crop_padding: found {changes.crop_padding}; allowed: less than {side}, "
            "the side of the images"
        )


def _attacks(study: Study, experiments: Experiments, side: int | None) -> Iterator[str]:
    users = _users(experiments)
    for name, attack in study.attacks.items():
        place = f"attacks.{name}"
        by = users.get(name, {})
        yield from _ball(place, attack, study, side)
        if name == CONTROL:
            if attack.steps:
                yield f"{place}.steps: found {attack.steps}; allowed: 0, it is the control of attacks"
            continue
        if by:
            what = next(iter(by))
            nothing = [key for key in _MOVING if not getattr(attack, key)]
            if nothing:
                yield f"{place}.{nothing[0]}: found 0; {what} would attack nothing; allowed: above 0"
            else:
                yield from _reach(place, attack)
        bounded = [what for what, unbounded in by.items() if not unbounded]
        if math.isinf(attack.epsilon) and bounded:
            yield f"{place}.epsilon: found inf; allowed: a radius, which {bounded[0]} is about"
    for name, recipe in study.recipes.items():
        if recipe.adversary is not None:
            place = f"recipes.{name}.adversary"
            yield from _ball(place, recipe.adversary, study, side)
            nothing = [key for key in _MOVING if not getattr(recipe.adversary, key)]
            if nothing:
                yield f"{place}.{nothing[0]}: found 0; leave the adversary out, or let it move images"
            else:
                yield from _reach(place, recipe.adversary)
    norms = {study.attacks[name].norm for name in EVALUATIONS if name in study.attacks}
    if len(norms) > 1:
        yield f"attacks.{EVALUATIONS[1]}.norm: found another than of {EVALUATIONS[0]}; allowed: the same"


def _users(experiments: Experiments) -> dict[str, dict[str, bool]]:
    """Return which rows name an attack, and whether each may search without a bound."""
    users: dict[str, dict[str, bool]] = {}
    for name, row in experiments.instruments.items():
        if row.attack:
            users.setdefault(row.attack, {})[f"instrument {name}"] = False
    for name, dataset in experiments.datasets.items():
        users.setdefault(dataset.attack, {})[f"data set {name}"] = dataset.rule == "invert"
    return users


def _ball(place: str, attack: AttackSettings, study: Study, side: int | None) -> Iterator[str]:
    """Find balls that reach beyond the images."""
    largest = 1.0 if attack.norm == "linf" else None
    if attack.norm == "l2" and side is not None:
        largest = math.sqrt(study.data.channels) * side
    if largest is not None and largest < attack.epsilon < math.inf:
        yield (
            f"{place}.epsilon: found {attack.epsilon:g} in {attack.norm}; allowed: at most {largest:g}, "
            "since images range from 0 to 1"
        )


def _reach(place: str, attack: AttackSettings) -> Iterator[str]:
    """Find attacks whose steps are too short for their radius, so that another one is measured."""
    way = sum(attack.length(step) for step in range(min(attack.steps, 10_000)))
    if way < attack.epsilon * (1 - _ROUNDING) and math.isfinite(attack.epsilon):
        yield (
            f"{place}: found steps of {way:g} together; allowed: at least epsilon, {attack.epsilon:g}, or "
            "the radius is never reached"
        )
