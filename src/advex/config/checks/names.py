"""Names: those that a configuration may give, and those that it knows."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.dataclasses import is_pydantic_dataclass

from advex.config.schema import Experiments
from advex.measure.kinds import Instrument

STUDY_NAME = re.compile(r"[a-z][a-z0-9-]*")
"""As the workflow's wildcard for it."""
LONGEST_NAME = 80
"""Characters: several names make one path, and names of files are limited."""

_KEPT_DATA = {"natural", "whole", "corrupted", "other_data"}
_KEPT_BEGINNINGS = ("natural_", "whole_", "corrupted_", "other_")


def misnamed_study(file: Path) -> Iterator[str]:
    """Find a name of a study that cannot be part of a path."""
    if not STUDY_NAME.fullmatch(file.stem) or len(file.stem) > LONGEST_NAME:
        yield (
            f"its name: found {file.stem!r}; allowed: small letters, digits and -, a letter first, at most "
            f"{LONGEST_NAME}"
        )


def hiding_names(experiments: Experiments) -> Iterator[str]:
    """Find rows whose names are those of something else, or too long for a path."""
    for name in experiments.datasets:
        if name in _KEPT_DATA or name.startswith(_KEPT_BEGINNINGS):
            yield f"datasets.{name}: the name of images that are not constructed; rename it"
    behind = re.compile(rf"({'|'.join(experiments.filtered_models) or '(?!)'})_\d+")
    for name in experiments.models:
        if behind.fullmatch(name) or name in experiments.filtered_models:
            yield f"models.{name}: the name of a model behind a filter; rename it"
    for name in experiments.filtered_models:
        if behind.fullmatch(name):
            yield f"filtered_models.{name}: the name of a model of another row; rename it"
    for kind in type(experiments).model_fields:
        for name in getattr(experiments, kind):
            if max(map(len, name.split("/"))) > LONGEST_NAME:
                yield f"{kind}.{name[:20]}...: found {len(name)} letters; allowed: at most {LONGEST_NAME}"


def keys_of(model: type[Any]) -> frozenset[str]:
    """Return all keys that a form knows, however deep."""
    found: set[str] = set()
    pending, seen = [model, Instrument], set[Any]()
    while pending:
        form = pending.pop()
        if form in seen:
            continue
        seen.add(form)
        fields: Mapping[str, Any] = {}
        if isinstance(form, type) and issubclass(form, BaseModel):
            fields = form.model_fields
        elif isinstance(form, type) and is_pydantic_dataclass(form):
            fields = form.__pydantic_fields__
        found |= set(fields)
        pending += [part for field in fields.values() for part in _parts(field.annotation)]
    return frozenset(found)


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the classes that an annotation speaks of."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for each in get_args(annotation):
        yield from _parts(each)
