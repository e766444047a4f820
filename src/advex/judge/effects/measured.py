"""What tables say of a claim: one number for each seed and, where it is known, what each image adds to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.numbers.outcomes import COLUMN, unpack
from advex.common.numbers.statistics import rank_correlation
from advex.judge.claims import Claim
from advex.judge.effects.words import describe
from advex.judge.selectors import OVER_POINTS, Combination, RowSelector
from advex.judge.statistics.intervals import Values

PERCENT = "percent"
ROUNDING = 1e-9  # tables are written with ten digits; what is nearer than this is equal

_MINIMUM_POINTS = 3
_DIGITS = 10  # means that differ by less have the same rank


class NotTestedError(Exception):
    """A claim cannot be judged from these tables; the message is the reason."""


@dataclass(frozen=True)
class Measured:
    """The tables a claim is judged by; ``resplit`` names those whose seeds split one data set anew."""

    claim: Claim
    tables: Mapping[str, pd.DataFrame]
    resplit: frozenset[str] = frozenset()

    def values(self, selector: RowSelector | Combination) -> Values:
        """Return one number for each seed.

        Raises:
            NotTestedError: the tables do not hold it.
            UserError: a column is missing, or several rows of a seed match.
        """
        if isinstance(selector, RowSelector):
            return self._rows(selector)
        if selector.combine in OVER_POINTS:
            return self._over_points(selector)
        first, second = (self.values(part) for part in selector.of)
        difference = first.minus(second)
        if difference.numbers.empty:
            raise NotTestedError(f"no seed has both parts of {describe(selector, self.claim)}")
        if selector.combine == "difference":
            return difference
        below = second.numbers.loc[difference.numbers.index]
        if (below == 0).any():
            raise NotTestedError(f"division by 0 in {describe(selector, self.claim)}")
        return Values(first.numbers.loc[below.index] / below, resplit=difference.resplit)

    def _rows(self, selector: RowSelector) -> Values:
        table, name = self._matching(selector, None)
        rows = self._picked(selector, table, ["seed"])
        numbers = (
            table.groupby("seed")["value"].agg("mean") if rows is None else rows.set_index("seed")["value"]
        )
        units = set(table["unit"]) if "unit" in table.columns else set()
        unit = PERCENT if units == {PERCENT} else ""
        resplit = _test_over_training(self.tables[name], name) if name in self.resplit else 0.0
        by_image = None
        if unit == PERCENT and not resplit and COLUMN in table.columns:
            by_image = _by_image(table if rows is None else rows, name)
        return Values(numbers.sort_index(), by_image, unit, resplit)

    def _matching(self, selector: RowSelector, points: str | None) -> tuple[pd.DataFrame, str]:
        """Return the rows that match, of all seeds, and the name of their table."""
        words = describe(selector, self.claim)
        name = selector.table or self.claim.table or ""
        if name not in self.tables:
            raise NotTestedError(f"{name} was not measured")
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
            raise NotTestedError(f"no rows for {words} in {name}")
        if not np.isfinite(pd.to_numeric(table["value"], errors="coerce")).all():
            raise NotTestedError(f"{words} in {name} holds a value that is no finite number")
        return table, name

    def _picked(self, selector: RowSelector, table: pd.DataFrame, keys: list[str]) -> pd.DataFrame | None:
        """Return the one row of each group of keys; None where it is the mean of several."""
        groups = table.groupby(keys)
        if selector.pick == "only":
            if int(groups.size().max()) > 1:
                raise UserError(
                    f"claim {self.claim.claim}: {describe(selector, self.claim)} matches several rows of a "
                    f"seed in {selector.table or self.claim.table}; narrow rows, or say which one with pick "
                    "and along"
                )
            return table
        if selector.pick == "mean":
            return None
        by_place = table.sort_values(str(selector.along), kind="stable").groupby(keys)
        if selector.pick in ("first", "last"):
            return by_place.head(1) if selector.pick == "first" else by_place.tail(1)
        extreme = groups["value"].idxmax() if selector.pick == "max" else groups["value"].idxmin()
        return table.loc[extreme.tolist()]

    def _points(self, selector: RowSelector | Combination, along: str) -> pd.Series:
        """Return one number for each seed and value of a column."""
        if isinstance(selector, Combination):
            if selector.combine in OVER_POINTS:
                raise UserError(f"claim {self.claim.claim}: found {selector.combine} of {selector.combine}")
            first, second = (self._points(part, along) for part in selector.of)
            first, second = first.align(second, join="inner")
            if selector.combine == "difference":
                return first - second
            if (second == 0).any():
                raise NotTestedError(f"division by 0 in {describe(selector, self.claim)}")
            return first / second
        keys = ["seed", along]
        table, _ = self._matching(selector, along)
        rows = self._picked(selector, table, keys)
        if rows is None:
            means: pd.Series = table.groupby(keys)["value"].agg("mean")
            return means
        return rows.groupby(keys)["value"].first()

    def _over_points(self, selector: Combination) -> Values:
        x, y = (self._points(part, str(selector.along)) for part in selector.of)
        both = pd.DataFrame({"x": x, "y": y}).dropna()
        results: dict[object, float] = {}
        for seed, group in both.groupby(level="seed"):
            if len(group) < _MINIMUM_POINTS:
                raise NotTestedError(
                    f"seed {seed} has {len(group)} points; a {selector.combine} needs {_MINIMUM_POINTS}"
                )
            results[seed] = _over(selector.combine, group["x"].to_numpy(), group["y"].to_numpy())
            if math.isnan(results[seed]):
                raise NotTestedError(f"seed {seed}: points without spread have no {selector.combine}")
        if not results:
            raise NotTestedError(f"no seed has both parts of {describe(selector, self.claim)}")
        return Values(pd.Series(results))


def _over(combine: str, x: Array, y: Array) -> float:
    """Return a correlation of (points,) and (points,), or the slope of y; NaN where they do not vary."""
    if combine == "rank_correlation":
        return rank_correlation(
            *(np.round(values / (np.abs(values).max() or 1), _DIGITS) for values in (x, y))
        )
    dx, dy = x - x.mean(), y - y.mean()
    x_square, y_square = float((dx**2).sum()), float((dy**2).sum())
    below = x_square if combine == "slope" else math.sqrt(x_square * y_square)
    return float((dx * dy).sum()) / below if below > ROUNDING else math.nan


def _test_over_training(table: pd.DataFrame, name: str) -> float:
    """Return how many test images a table of re-splits has for each training image."""
    if "training_images" in table.columns:
        return float((table["images"] / table["training_images"]).max())
    if "split" in table.columns:
        counts = table.groupby("split")["images"].max()
        if {"train", "test"} <= set(counts.index):
            return float(counts["test"] / counts["train"])
    raise UserError(
        f"{name}: its seeds re-split one data set, but it does not say into how many images; "
        "allowed: a column training_images, or split with train and test"
    )


def _by_image(rows: pd.DataFrame, name: str) -> dict[object, dict[object, Array]] | None:
    """Return what each image adds to a percentage, (images,) for each seed; None where it is not known."""
    counts = rows["images"].unique()
    sets = rows["dataset"].unique() if "dataset" in rows.columns else [name]
    if rows[COLUMN].isna().any() or (rows[COLUMN] == "").any() or len(counts) != 1 or len(sets) != 1:
        return None
    images = int(counts[0])
    found: dict[object, list[Array]] = {}
    for row in rows.to_dict("records"):
        try:
            outcomes = 100.0 * unpack(row[COLUMN], images)
        except ValueError as error:
            raise UserError(f"{name}: outcomes of seed {row['seed']}: {error}") from None
        if abs(outcomes.mean() - row["value"]) > 1e-6:
            raise UserError(
                f"{name}: seed {row['seed']}: found value {row['value']}, and outcomes of "
                f"{outcomes.mean():.10g} %; allowed: the same"
            )
        found.setdefault(row["seed"], []).append(outcomes)
    return {(sets[0], images): {seed: np.mean(several, axis=0) for seed, several in found.items()}}
