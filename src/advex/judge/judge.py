"""The verdict on each published claim, and the words for it, from claims and measured tables.

Comparisons are paired by seed: the effect "A > B" is there when the 95 % Student interval of A - B over
seeds lies above 0. A size is held against the published number only where it is comparable.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from advex.common.errors import UserError
from advex.common.statistics import MeanInterval, mean_interval
from advex.judge.claims import MARKS, Claim, all_rows
from advex.judge.selectors import Combination, Comparison, RowSelector

REPRODUCED = "reproduced"
DIRECTION = "direction"
NOT_REPRODUCED = "not reproduced"
NOT_TESTED = "not tested"
VERDICTS = (REPRODUCED, DIRECTION, NOT_REPRODUCED, NOT_TESTED)

COLUMNS = (
    "claim", "source", "figure", "quantity", "published", "published_from", "ours", "ours_sd", "seeds",
    "criterion", "verdict", "ours_low", "ours_high",
)  # fmt: skip

_ROUNDING = 1e-9  # tables are written with ten digits; what is nearer than this is equal
_MINIMUM_SEEDS = 2
_MINIMUM_POINTS = 3
_UNITS = {"percent": " percentage points", "degrees": " degrees", "images": " images"}


class _NotTestedError(Exception):
    """A claim cannot be judged from these tables; the message is the reason."""


@dataclass(frozen=True)
class _Measured:
    """The tables a claim is judged by."""

    claim: Claim
    tables: Mapping[str, pd.DataFrame]
    chance: float

    def values(self, selector: RowSelector | Combination, points: str | None = None) -> pd.Series:
        """One number for each seed (for each seed and point, where ``points`` names a column)."""
        if isinstance(selector, RowSelector):
            return self._rows(selector, points)
        if selector.combine in ("correlation", "slope"):
            return self._over_points(selector)
        first, second = (self.values(part, points) for part in selector.of)
        first, second = first.align(second, join="inner")
        if first.empty:
            raise _NotTestedError(f"no seed has both parts of {describe(selector, self.claim)}")
        if selector.combine == "difference":
            return first - second
        if (second == 0).any():
            raise _NotTestedError(f"division by 0 in {describe(selector, self.claim)}")
        return first / second

    def _rows(self, selector: RowSelector, points: str | None) -> pd.Series:
        words = describe(selector, self.claim)
        name = selector.table or self.claim.table or ""
        if name not in self.tables:
            raise _NotTestedError(f"{name} was not measured")
        table = self.tables[name]
        columns = (*selector.rows, *selector.at_least, *selector.near)
        used = ["seed", "value", *columns, *filter(None, (points, selector.along))]
        if missing := [column for column in used if column not in table.columns]:
            raise UserError(
                f"claim {self.claim.claim}: {name} has no column {', '.join(missing)}; "
                f"it has {', '.join(map(str, table.columns))}"
            )
        for column, wanted in selector.rows.items():
            choices = wanted if isinstance(wanted, list) else [wanted]
            matches = table[column].isin([choice for choice in choices if choice is not None])
            table = table[matches | table[column].isna() if None in choices else matches]
        for column, smallest in selector.at_least.items():
            table = table[pd.to_numeric(table[column], errors="coerce") >= smallest]
        for column, near in selector.near.items():
            distance = (pd.to_numeric(table[column], errors="coerce") - near.value / near.over).abs()
            table = table[distance <= near.within]
        table = table[table["seed"].notna()]
        if table.empty:
            raise _NotTestedError(f"no rows for {words} in {name}")
        if not np.isfinite(pd.to_numeric(table["value"], errors="coerce")).all():
            raise _NotTestedError(f"{words} in {name} holds a value that is no finite number")
        keys = ["seed"] if points is None else ["seed", points]
        if selector.pick in ("first", "last"):
            table = table.sort_values(str(selector.along), kind="stable")
        groups = table.groupby(keys)["value"]
        if selector.pick == "only":
            if int(groups.size().max()) > 1:
                raise UserError(
                    f"claim {self.claim.claim}: {words} matches several rows of a seed in {name}; "
                    "narrow rows, or say which one with pick and along"
                )
            return groups.first()
        result: pd.Series = groups.agg(selector.pick)
        return result

    def _over_points(self, selector: Combination) -> pd.Series:
        x, y = (self.values(part, selector.along) for part in selector.of)
        both = pd.DataFrame({"x": x, "y": y}).dropna()
        results: dict[object, float] = {}
        for seed, group in both.groupby(level="seed"):
            if len(group) < _MINIMUM_POINTS:
                raise _NotTestedError(
                    f"seed {seed} has {len(group)} points; a {selector.combine} needs {_MINIMUM_POINTS}"
                )
            dx, dy = group["x"] - group["x"].mean(), group["y"] - group["y"].mean()
            x_square, y_square = float((dx**2).sum()), float((dy**2).sum())
            below = x_square if selector.combine == "slope" else math.sqrt(x_square * y_square)
            if below <= _ROUNDING:
                raise _NotTestedError(f"seed {seed}: points without spread have no {selector.combine}")
            results[seed] = float((dx * dy).sum()) / below
        if not results:
            raise _NotTestedError(f"no seed has both parts of {describe(selector, self.claim)}")
        return pd.Series(results)

    def holds(self, comparison: Comparison, ours: pd.Series) -> tuple[bool, str]:
        """Whether a part of the effect is there, and that part in words with its numbers."""
        reference = comparison.reference
        if isinstance(reference, RowSelector | Combination):
            difference = (ours - self.values(reference)).dropna()
        else:
            difference = ours - (self.chance if isinstance(reference, str) else float(reference))
        required = requirement(comparison, self.claim, self.chance)
        if len(difference) < _MINIMUM_SEEDS:
            raise _NotTestedError(f"{required}: {_few(len(difference))}")
        found = mean_interval(difference.tolist())
        if comparison.above is not None:
            there, interval = found.low > _ROUNDING, "excludes 0"
        elif comparison.below is not None:
            there, interval = found.high < -_ROUNDING, "excludes 0"
        else:
            width = float(comparison.within or 0) + _ROUNDING
            there, interval = -width <= found.low and found.high <= width, "lies inside"
        numbers = f"difference {_number(found.mean)}, {_number(found.low)} to {_number(found.high)}"
        outcome = "holds" if there else "fails"
        return there, (
            f"{required}, 95 % interval of the difference over {found.n} seeds {interval}: "
            f"{outcome} [{numbers}]"
        )


def judge(
    claims: Sequence[Claim],
    tables: Mapping[str, pd.DataFrame],
    published: pd.DataFrame,
    sizes_are_published: bool,
    classes: int,
) -> pd.DataFrame:
    """Judge every claim; one row each, in the order given.

    Args:
        claims: from :func:`advex.judge.claims.load_claims`.
        tables: measured tables by name; claims whose tables are missing are not tested.
        published: from :func:`advex.judge.claims.load_published`.
        sizes_are_published: whether the study's data and sizes are those of the publication.
        classes: the number of classes, which fixes chance.

    Raises:
        UserError: a claim names an unknown published number or column, or matches several rows of a seed.
    """
    numbers = {str(row["key"]): row for row in published.to_dict("records")}
    rows = [
        _judge_one(_Measured(claim, tables, 100 / classes), numbers, sizes_are_published) for claim in claims
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _judge_one(
    measured: _Measured, numbers: Mapping[str, Mapping[Any, Any]], sizes_are_published: bool
) -> dict[str, object]:
    claim = measured.claim
    nan = float("nan")
    row: dict[str, object] = {
        "claim": claim.claim, "source": claim.source, "figure": claim.figure, "quantity": claim.quantity,
        "published": nan, "published_from": "", "ours": nan, "ours_sd": nan, "seeds": 0,
        "ours_low": nan, "ours_high": nan,
    }  # fmt: skip
    value, unit = nan, ""
    if claim.published is not None:
        if claim.published not in numbers:
            raise UserError(
                f"claim {claim.claim}.published: found {claim.published!r}; allowed: a key of published/*.csv"
            )
        number = numbers[claim.published]
        value, unit = float(number["value"]), str(number["unit"])
        row |= {"published": value, "published_from": f"{number['where']} ({MARKS[str(number['mark'])]})"}
    try:
        if claim.not_tested is not None or claim.ours is None:
            raise _NotTestedError(claim.not_tested or "nothing to test")
        ours = measured.values(claim.ours)
        mean = mean_interval(ours.tolist())
        row |= {"ours": mean.mean, "ours_sd": mean.sd, "seeds": mean.n}
        row |= {"ours_low": mean.low, "ours_high": mean.high}
        if mean.n < _MINIMUM_SEEDS:
            raise _NotTestedError(_few(mean.n))
        parts = [measured.holds(comparison, ours) for comparison in claim.effect]
    except _NotTestedError as reason:
        return row | {"criterion": f"not tested: {reason}", "verdict": NOT_TESTED}
    comparable = sizes_are_published or claim.comparable == "always"
    near, size = _size(claim, mean, value, unit, comparable)
    words = [text for _, text in parts] + [size]
    if isinstance(claim.ours, Combination) and claim.ours.along is not None:
        words.append(f"{claim.ours.combine} over {claim.ours.along} for each seed, then the mean over seeds")
    verdict = NOT_REPRODUCED
    if all(there for there, _ in parts):
        verdict = REPRODUCED if near else DIRECTION
    return row | {"criterion": "; ".join(words), "verdict": verdict}


def _size(
    claim: Claim, ours: MeanInterval, published: float, unit: str, comparable: bool
) -> tuple[bool, str]:
    """Whether the size is reproduced, and the rule in words."""
    if claim.comparable == "never":
        what = "claim" if claim.published is None else f"{published:.10g}"
        return False, f"the published {what} is of other data or networks; only the effect is judged"
    if claim.tolerance is None:
        if comparable:
            return True, "no published number to hold the size against"
        return False, "no published number; the effect is shown at this study's sizes only"
    rule = f"mean within {_number(claim.tolerance)}{_UNITS.get(unit, '')} of the published {published:.10g}"
    if not comparable:
        return False, f"{rule} (size comparable only at the published sizes)"
    distance = abs(ours.mean - published)
    near = distance <= claim.tolerance + _ROUNDING
    return near, f"{rule}: {'holds' if near else 'fails'} [distance {_number(distance)}]"


def describe(selector: RowSelector | Combination, claim: Claim) -> str:
    """A selector in words."""
    if isinstance(selector, Combination):
        first, second = (describe(part, claim) for part in selector.of)
        joint = {"difference": "minus", "ratio": "over", "correlation": "with", "slope": "to"}
        name = f"{selector.combine} of " if selector.along else ""
        return f"{name}({first}) {joint[selector.combine]} ({second})"
    rows = dict(selector.rows)
    words = str(rows.pop("quantity", "value")).replace("_", " ")
    if selector.pick != "only":
        words = f"{selector.pick} {words} by {selector.along}"
    model = rows.pop("model", rows.pop("method", None))
    if model is not None:
        words += f" of {_listed(model)}"
    others = [f"{column} {_listed(wanted)}" for column, wanted in rows.items()]
    others += [f"{column} at least {_number(smallest)}" for column, smallest in selector.at_least.items()]
    others += [
        f"{column} {_number(near.value / near.over)} to within {_number(near.within)}"
        for column, near in selector.near.items()
    ]
    if selector.table not in (None, claim.table) or len({part.table for part in all_rows(claim)}) > 1:
        others.append(f"from {selector.table or claim.table}")
    return f"{words} ({', '.join(others)})" if others else words


def requirement(comparison: Comparison, claim: Claim, chance: float) -> str:
    """What a comparison asks for, in words."""
    reference = comparison.reference
    if isinstance(reference, RowSelector | Combination):
        words = describe(reference, claim)
    elif isinstance(reference, str):
        words = f"chance ({_number(chance)})"
    else:
        words = _number(reference)
    if comparison.equals is not None:
        return f"ours = {words} to within {_number(float(comparison.within or 0))}"
    return f"ours {'>' if comparison.above is not None else '<'} {words}"


def _listed(value: object) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join("none" if item is None else str(item) for item in values)


def _few(seeds: int) -> str:
    return f"{seeds} seed{'' if seeds == 1 else 's'}; an interval needs {_MINIMUM_SEEDS}"


def _number(value: float) -> str:
    return f"{value:.4g}"
