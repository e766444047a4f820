"""Published claims and numbers: what was said, where, and what of ours it is held against.

A claims file (``config/claims/<source>/<part>.yaml``) is data, not code. It says which rows of which
measured table answer a claim, which effect must be there, and how near the size must come.
:mod:`advex.judge.judge` computes the verdict from it, and the verdict's words, so that words and verdict
cannot drift apart.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator
from pydantic import model_validator as check

from advex.common.errors import UserError
from advex.common.plain_yaml import not_finite, parse_yaml
from advex.judge.selectors import Combination, Comparison, Number, RowSelector, Selector, Strict

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED_COLUMNS = (
    "key", "source", "figure", "quantity", "x", "value", "unit", "where", "mark", "note",
)  # fmt: skip

MARKS = {
    "seen": "printed there",
    "measured": "measured from the drawing",
    "derived": "computed from published values",
    "memory": "from memory",
}
"""How a published number was read."""


LOG = "log.yaml"
"""Beside the folders of claims: what changed in criteria, when and why."""

KINDS = ("primary", "claim", "premise", "derived", "side")
"""What a row is: what its source set out to show; any other claim of the discussion; what must hold for
claims to mean anything; what follows by computation; what is not the discussion's. The last three are no
findings."""

FINDINGS = ("primary", "claim")
"""Kinds whose rows are counted as findings."""

_SOURCES_OF_PRIMARY = {"I": 13, "G": 5, "L": 3, "F": 2, "N": 4, "K": 5, "W": 3, "R": 2}

PRIMARY = tuple(
    f"{letter}{number + 1}" for letter, most in _SOURCES_OF_PRIMARY.items() for number in range(most)
)
"""Names of the primary claims: Ilyas et al.; Gilmer and Hendrycks; Goh on leakage; Goh on two features;
Nakano; Nakkiran; Wallace; the authors' response."""


class Claim(Strict):
    """One published claim and how it is judged; see ``config/claims/ilyas/claims.yaml`` for the form in use.

    Attributes:
        claim: unique name.
        kind: one of :data:`KINDS`.
        primary: of a primary claim, which of :data:`PRIMARY` it is.
        source: who said it: the folder of its file.
        figure: the figure of ours that shows it.
        quantity: what the number is, in words.
        published: key of the published number; empty for a claim without a number.
        also: keys of further published numbers that this comparison answers.
        table: the measurement that selectors without a table of their own read.
        ours: selects our number.
        effect: all of these must hold.
        margin: how far from no effect is of no importance, in the unit of ours; empty for 2 percentage
            points where ours is in percent, and else for none: then no effect is ever ``absent``.
        premise: names of claims that must hold for this one to mean anything.
        tolerance: how far the mean may lie from the published number, in that number's unit.
        comparable: ``study``: the size may be compared only where the sizes are the published ones;
            ``always``: mathematics, the same at every size; ``never``: other data or networks, so there is no
            tolerance, and never more than the effect.
        not_tested: why the claim is out of scope.
    """

    claim: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["primary", "claim", "premise", "derived", "side"] = "claim"
    primary: str | None = None
    source: str = ""
    figure: str
    quantity: str = Field(min_length=1)
    published: str | None = None
    also: tuple[str, ...] = ()
    table: str | None = None
    ours: Selector | None = None
    effect: tuple[Comparison, ...] = ()
    margin: Number | None = Field(None, gt=0)
    premise: tuple[str, ...] = ()
    tolerance: Number | None = Field(None, gt=0)
    comparable: Literal["study", "always", "never"] = "study"
    not_tested: str | None = Field(None, min_length=1)

    @field_validator("primary")
    @classmethod
    def _known_primary(cls, name: str | None) -> str | None:
        if name is not None and name not in PRIMARY:
            raise ValueError(f"found {name!r}; allowed: {', '.join(PRIMARY)}")
        return name

    @check(mode="after")
    def _primary_has_a_name(self) -> "Claim":
        if (self.kind == "primary") != (self.primary is not None):
            raise ValueError(
                f"found kind: {self.kind}, primary: {self.primary}; allowed: both primary, or neither"
            )
        return self

    @check(mode="after")
    def _complete(self) -> "Claim":
        if self.not_tested is not None:
            if self.ours is not None or self.effect or self.tolerance is not None or self.margin is not None:
                raise ValueError(
                    "found not_tested with ours, effect, tolerance or margin; allowed: one or the other"
                )
            return self
        if self.ours is None or not self.effect:
            raise ValueError("found no ours or no effect; allowed: both, or not_tested with the reason")
        if self.comparable == "never":
            if self.tolerance is not None:
                raise ValueError("found comparable: never; allowed: without tolerance")
        elif (self.published is None) != (self.tolerance is None):
            raise ValueError("found published and tolerance apart; allowed: both, or neither")
        if self.table is None and any(rows.table is None for rows in all_rows(self)):
            raise ValueError("found no table; allowed: a table for the claim, or one in every selector")
        return self


class _ClaimsFile(Strict):
    claims: tuple[Claim, ...]


def all_rows(claim: Claim) -> list[RowSelector]:
    """All row selectors of a claim, those inside combinations and comparisons too."""
    found: list[RowSelector] = []
    pending: list[Any] = [claim.ours]
    for comparison in claim.effect:
        pending += [comparison.of, comparison.reference]
    while pending:
        selector = pending.pop(0)
        if isinstance(selector, RowSelector):
            found.append(selector)
        elif isinstance(selector, Combination):
            pending.extend(selector.of)
    return found


def needed_tables(claims: Sequence[Claim]) -> set[str]:
    """The names of the measurements that the claims read."""
    tables = {rows.table or claim.table for claim in claims for rows in all_rows(claim)}
    return {table for table in tables if table is not None}


def claims_files(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the files of claims in ``config/claims``, sorted: all there are but the log of criteria."""
    return sorted(path for path in Path(folder).rglob("*.yaml") if path != Path(folder) / LOG)


def load_claims(paths: Sequence[str | os.PathLike[str]]) -> list[Claim]:
    """Read claims files, ``.../<source>/<part>.yaml``.

    Raises:
        UserError: one line for each mistake: file, place, what was found, what is allowed.
    """
    claims: list[Claim] = []
    mistakes: list[str] = []
    first_seen: dict[str, str | os.PathLike[str]] = {}
    primary: dict[str | None, str] = {}
    for path in paths:
        try:
            data = _each_written_out(parse_yaml(Path(path).read_text(encoding="utf-8")))
            infinite = [f"{'.'.join(place)}: found {number}" for place, number in not_finite(data)]
            mistakes += [f"{path}: {mistake}; allowed: a finite number" for mistake in infinite]
            file = _ClaimsFile.model_validate(data)
        except FileNotFoundError as error:
            raise UserError(f"{path}: no such claims file") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mistakes.append(f"{path}: not YAML: {' '.join(str(error).split())}")
            continue
        except ValidationError as error:
            mistakes.extend(f"{path}: {_in_words(dict(mistake), data)}" for mistake in error.errors())
            continue
        if not file.claims:
            mistakes.append(f"{path}: claims: found none; allowed: one at least")
        for claim in file.claims:
            if claim.claim in first_seen:
                mistakes.append(
                    f"{path}: {claim.claim}: found a second time (first in {first_seen[claim.claim]}); "
                    "allowed: unique names"
                )
            first_seen.setdefault(claim.claim, path)
            if claim.primary in primary:
                mistakes.append(
                    f"{path}: {claim.claim}: primary {claim.primary} found a second time "
                    f"(first in {primary[claim.primary]}); allowed: one row for each primary claim"
                )
            primary |= {} if claim.primary is None else {claim.primary: claim.claim}
            claims.append(claim.model_copy(update={"source": Path(path).parent.name}))
    if mistakes:
        raise UserError("\n".join(mistakes))
    return claims


def claimed_figures(paths: Sequence[str | os.PathLike[str]]) -> set[str]:
    """Return the figures that claims name, ``source/figure``.

    Raises:
        UserError: as :func:`load_claims`.
    """
    return {f"{claim.source}/{claim.figure}" for claim in load_claims(paths)}


def _each_written_out(data: Any) -> Any:
    """Write out claims with ``for_each: {name: [values]}``: one for each value, where ``{name}`` stands."""
    if not isinstance(data, dict) or not isinstance(data.get("claims"), list):
        return data
    claims: list[Any] = []
    for claim in data["claims"]:
        each = claim.get("for_each") if isinstance(claim, dict) else None
        if (
            isinstance(each, dict)
            and len(each) == 1
            and all(one and isinstance(one, list) for one in each.values())
        ):
            ((name, values),) = each.items()
            pattern = {key: part for key, part in claim.items() if key != "for_each"}
            claims.extend(_filled_in(pattern, f"{{{name}}}", str(value)) for value in values)
        else:
            claims.append(claim)  # a for_each of another form is named as an unknown key
    return {**data, "claims": claims}


def _filled_in(part: Any, name: str, value: str) -> Any:
    if isinstance(part, dict):
        return {key: _filled_in(inner, name, value) for key, inner in part.items()}
    if isinstance(part, list):
        return [_filled_in(inner, name, value) for inner in part]
    return part.replace(name, value) if isinstance(part, str) else part


def _in_words(mistake: dict[str, Any], data: Any) -> str:
    """One line for one of pydantic's errors; claims are named, not counted."""
    location = [part for part in mistake["loc"] if part not in ("rows", "combination", "number")]
    if location[:1] == ["claims"] and len(location) > 1:
        raw = data["claims"][location[1]]
        name = raw.get("claim") if isinstance(raw, dict) else None
        location = [name or f"claims[{location[1]}]", *location[2:]]
    place = ".".join(str(part) for part in location) or "the file"
    message = str(mistake["msg"]).removeprefix("Value error, ").replace("Input should be", "allowed:")
    if mistake["type"] == "missing":
        return f"{place}: found nothing; allowed: a value"
    if mistake["type"] == "value_error":
        return f"{place}: {message}"
    if mistake["type"] in ("model_type", "model_attributes_type"):
        message = (
            "allowed: a mapping with rows, or with combine and of (in an effect also a number or chance)"
        )
    return f"{place}: found {str(mistake['input'])[:60]!r}; {message}"


def load_published(paths: Sequence[str | os.PathLike[str]]) -> "pd.DataFrame":
    """Read tables of published numbers, one row for each number.

    Raises:
        UserError: one line for each mistake: file, key, what was found, what is allowed.
    """
    # Planning reads claims too, and does without pandas.
    import pandas as pd  # noqa: PLC0415

    from advex.common.artifacts import read_table  # noqa: PLC0415

    tables: list[pd.DataFrame] = []
    mistakes: list[str] = []
    seen: set[str] = set()
    for path in paths:
        table = read_table(path)
        if tuple(table.columns) != PUBLISHED_COLUMNS:
            found, allowed = ", ".join(table.columns), ", ".join(PUBLISHED_COLUMNS)
            mistakes.append(f"{path}: columns: found {found}; allowed: {allowed}")
            continue
        for row in table.to_dict("records"):
            where = f"{path}: {row['key']}"
            if row["key"] in seen:
                mistakes.append(f"{where}: found a second time; allowed: unique keys")
            seen.add(str(row["key"]))
            if row["mark"] not in MARKS:
                mistakes.append(f"{where}.mark: found {row['mark']!r}; allowed: {', '.join(MARKS)}")
            if not isinstance(row["value"], int | float) or row["value"] != row["value"]:
                mistakes.append(f"{where}.value: found {row['value']!r}; allowed: a number")
        tables.append(table)
    if mistakes:
        raise UserError("\n".join(mistakes))
    return pd.concat(tables, ignore_index=True)
