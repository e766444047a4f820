"""Numbers out of tables: measured ones, one a seed, with differences paired by seed; and published ones."""

import re

import pandas as pd

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.numbers.statistics import MeanInterval, mean_interval


def values(table: pd.DataFrame, **columns: object) -> Array:
    """Return one number a seed, (seeds,), in the order of the seeds.

    Args:
        table: a measurement with the columns seed and value.
        **columns: what the rows must have, ``model="on_det", quantity="accuracy"``.

    Raises:
        UserError: no row matches, or several of one seed do.
    """
    chosen = table
    for name, value in columns.items():
        chosen = chosen[chosen[name] == value]
    wanted = ", ".join(f"{name} {value!r}" for name, value in columns.items())
    if chosen.empty:
        raise UserError(f"the measurement has no row with {wanted}; measure it, or leave the figure out")
    if chosen["seed"].duplicated().any():
        raise UserError(f"the measurement has several rows of one seed with {wanted}; name more columns")
    return chosen.sort_values("seed")["value"].to_numpy(dtype=float)


def first_repetition(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a measurement's first seed, for what can only be shown of one."""
    rows: pd.DataFrame = table[table["seed"] == table["seed"].min()]
    return rows


def difference(a: Array, b: Array) -> MeanInterval:
    """Estimate the mean of a - b, paired by seed.

    Raises:
        ValueError: the numbers of seeds differ.
    """
    return mean_interval([x - y for x, y in zip(a.tolist(), b.tolist(), strict=True)])


def published_value(published: pd.DataFrame, key: str) -> float:
    """Look up one published number by its key.

    Raises:
        UserError: no row or more than one has this key.
    """
    found = published.loc[published["key"] == key, "value"]
    if len(found) != 1:
        raise UserError(f"published numbers: {len(found)} rows have the key {key!r}, one is expected")
    return float(found.iloc[0])


def published_points(published: pd.DataFrame, prefix: str) -> tuple[Array, Array]:
    """Look up the published points whose keys are ``prefix`` and a number: their x and their values.

    Raises:
        UserError: there is none.
    """
    found = published[published["key"].str.fullmatch(rf"{re.escape(prefix)}\d+")].sort_values("x")
    if found.empty:
        raise UserError(f"published numbers: no key is {prefix!r} and a number")
    return found["x"].to_numpy(dtype=float), found["value"].to_numpy(dtype=float)
