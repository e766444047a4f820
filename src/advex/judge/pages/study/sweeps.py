"""Numbers behind a slider: of a figure that sweeps something, a table for each value of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from advex.common.errors import UserError
from advex.common.plain_yaml import parse_yaml
from advex.judge.pages.study.rows import number

_KEYS = {"table", "rows", "over", "columns", "lines", "says"}


def load_sweeps(file: str) -> dict[str, dict[str, Any]]:
    """Read which figures have a slider, and of what; the form is at the top of ``report/sweeps.yaml``.

    Raises:
        UserError: a key is missing or unknown.
    """
    found: dict[str, dict[str, Any]] = parse_yaml(Path(file).read_text(encoding="utf-8"))
    for figure, sweep in found.items():
        if set(sweep) != _KEYS:
            raise UserError(
                f"{file}: {figure}: found {', '.join(sweep)}; allowed: {', '.join(sorted(_KEYS))}"
            )
    return found


def swept(sweep: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any] | None:
    """Return what a slider shows of a measured table; none if it swept nothing.

    Returns:
        ``says``; ``of``, what is swept, and its values ``stops``; ``by``, what columns are, and their
        ``columns``; and ``lines``, each with a ``name`` and, by column, a mean over seeds for every stop.
    """
    rows = table
    for column, wanted in sweep["rows"].items():
        rows = rows[rows[column] == wanted]
    (over, of), (column, by) = (next(iter(sweep[key].items())) for key in ("over", "columns"))
    rows = rows.dropna(subset=[over, column])
    means = rows.groupby([*sweep["lines"], column, over])["value"].mean()
    stops, columns = sorted(rows[over].unique()), sorted(rows[column].unique())
    if len(stops) < 2:
        return None
    lines = []
    for values in rows[list(sweep["lines"])].drop_duplicates().itertuples(index=False):
        named = zip(sweep["lines"].values(), values, strict=True)
        cells = [[_mean(means, (*values, place, stop)) for stop in stops] for place in columns]
        lines.append(
            {"name": ", ".join(f"{words} {number(value)}" for words, value in named), "cells": cells}
        )
    return {
        "says": sweep["says"],
        "of": of,
        "stops": [number(stop) for stop in stops],
        "by": by,
        "columns": [number(place) for place in columns],
        "lines": lines,
    }


def _mean(means: "pd.Series[float]", place: tuple[Any, ...]) -> str:
    return f"{means[place]:.1f}" if place in means.index else "\u2013"
