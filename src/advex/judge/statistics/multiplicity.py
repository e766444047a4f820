"""Many rows, one scorecard: p values adjusted for their number."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

FAMILIES: dict[tuple[str, ...], str] = {("primary",): "Holm", ("claim", "premise"): "Benjamini-Hochberg"}
"""Which kinds are adjusted together, and how: no false primary finding, and few false ones of the others."""


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p values so that a threshold holds the chance of any false finding (Holm, 1979).

    The smallest of n is multiplied by n, the next by n - 1, and so on; none is adjusted below a smaller one.
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.minimum(1.0, np.maximum.accumulate(values[order] * factors))
    result = np.empty_like(values)
    result[order] = adjusted
    return [float(value) for value in result]


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjust p values so that a threshold holds the share of false findings (Benjamini, Hochberg, 1995)."""
    return [float(value) for value in false_discovery_control(list(p), method="bh")] if len(p) else []


def adjusted(kinds: pd.Series, p: pd.Series) -> pd.Series:
    """Adjust a scorecard's p values within families of kinds; NaN where there is none or no family."""
    result = np.full(len(p), np.nan)
    for family, method in FAMILIES.items():
        rows = (kinds.isin(family) & p.notna()).to_numpy()
        if rows.any():
            adjust = holm if method == "Holm" else benjamini_hochberg
            result[rows] = adjust(p[rows].tolist())
    return pd.Series(result, index=p.index)
