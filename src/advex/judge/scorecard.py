"""The scorecard: every published claim beside our number and its verdict, as one page."""

import os
from collections.abc import Sequence
from math import isnan
from typing import Any

import pandas as pd

from advex.draw.pages import render
from advex.judge.pages.counts import NAMES, by_chance, by_kind, primary_rows
from advex.judge.verdicts import (
    ABSENT,
    CONTRADICTED,
    EFFECT,
    MEANINGS,
    NOT_MEASURABLE,
    NOT_TESTED,
    REPRODUCED,
    SIZE_DIFFERS,
    UNDECIDED,
    VERDICTS,
)

# Okabe-Ito colours, darker where text needs it, each with its own sign and always with the word.
_SIGNS = {
    REPRODUCED: ("●", "#00795A"),
    SIZE_DIFFERS: ("◑", "#0072B2"),
    EFFECT: ("◐", "#0072B2"),
    UNDECIDED: ("?", "#6E6E6E"),
    ABSENT: ("∅", "#8A3D6A"),
    CONTRADICTED: ("✕", "#B84F00"),
    NOT_MEASURABLE: ("▢", "#6E6E6E"),
    NOT_TESTED: ("○", "#6E6E6E"),
}


def scorecard_html(
    table: pd.DataFrame, study: str, template: str | os.PathLike[str], warnings: Sequence[str] = ()
) -> str:
    """Render the table of :func:`advex.judge.judge.judge` as a page that needs no other file.

    Warnings (:mod:`advex.judge.guards`) come first, then primary claims by source, then all other rows by
    figure, with their kind.

    Raises:
        UserError: the template is missing.
    """
    found = by_kind(table)
    verdicts = [
        {"name": name, "sign": _SIGNS[name][0], "colour": _SIGNS[name][1], "meaning": MEANINGS[name],
         "counts": [its.get(name, 0) for its in found.values()], "slug": name.replace(" ", "-")}
        for name in VERDICTS
    ]  # fmt: skip
    primary, others = primary_rows(table), table[table["kind"] != "primary"]
    groups = [
        {"name": f"Primary claims: {source}", "rows": [_shown(row) for row in rows.to_dict("records")]}
        for source, rows in primary.groupby("source", sort=False)
    ]
    groups += [
        {"name": f"{source} / {figure}", "rows": [_shown(row) for row in rows.to_dict("records")]}
        for (source, figure), rows in others.groupby(["source", "figure"], sort=False)
    ]
    return render(
        template,
        study=study,
        warnings=list(warnings),
        kinds=[NAMES[kind] for kind in found],
        verdicts=verdicts,
        groups=groups,
        claims=len(table),
        chance=by_chance(table).words,
    )


def _shown(row: dict[Any, Any]) -> dict[str, Any]:
    verdict = str(row["verdict"])
    ours = _number(row["ours"])
    if ours and not isnan(row["ours_low"]):
        ours = f"{ours} ({_number(row['ours_low'])} to {_number(row['ours_high'])})"
    return {
        "claim": row["claim"],
        "kind": row["primary"] if row["kind"] == "primary" else row["kind"],
        "quantity": row["quantity"],
        "published": _number(row["published"]),
        "published_from": "" if pd.isna(row["published_from"]) else row["published_from"],
        "ours": ours,
        "sample": _sample(row),
        "p": "" if isnan(row["p"]) else _p(row["p"]),
        "p_adjusted": "" if isnan(row["p_adjusted"]) else _p(row["p_adjusted"]),
        "criterion": row["criterion"],
        "verdict": verdict,
        "sign": _SIGNS[verdict][0],
        "slug": verdict.replace(" ", "-"),
    }


def _sample(row: dict[Any, Any]) -> str:
    varies = "" if pd.isna(row["varies"]) or not row["varies"] else f" ({row['varies']})"
    return f"{int(row['seeds'])}{varies}"


def _number(value: float) -> str:
    return "" if isnan(value) else f"{value:.4g}"


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"
