"""Numbers out of measurement tables: one a seed, and differences paired by seed."""

import pandas as pd

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.statistics import MeanInterval, mean_interval


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


def difference(a: Array, b: Array) -> MeanInterval:
    """Estimate the mean of a - b, paired by seed.

    Raises:
        ValueError: the numbers of seeds differ.
    """
    return mean_interval([x - y for x, y in zip(a.tolist(), b.tolist(), strict=True)])
