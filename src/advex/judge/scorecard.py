"""The scorecard: every published claim beside our number and its verdict, as one page."""

import os
from math import isnan
from typing import Any

import pandas as pd

from advex.draw.pages import render
from advex.judge.judge import DIRECTION, NOT_REPRODUCED, NOT_TESTED, REPRODUCED, VERDICTS

MEANINGS = {
    REPRODUCED: "the effect is there at the published sizes, and the number, if any, within its tolerance",
    DIRECTION: "the effect is there; the size is not comparable in this study, or outside its tolerance",
    NOT_REPRODUCED: "the effect is not there, or not surely",
    NOT_TESTED: "out of scope, not measured, or fewer than two seeds",
}
"""What each verdict says; pure mathematics counts as published size everywhere."""

# Okabe-Ito colours, each with its own sign and always with the word: readable without colour.
_SIGNS = {
    REPRODUCED: ("●", "#009E73"),
    DIRECTION: ("◐", "#0072B2"),
    NOT_REPRODUCED: ("✕", "#D55E00"),
    NOT_TESTED: ("○", "#6E6E6E"),
}


def scorecard_html(table: pd.DataFrame, study: str, template: str | os.PathLike[str]) -> str:
    """Render the table of :func:`advex.judge.judge.judge` as a page that needs no other file.

    Raises:
        UserError: the template is missing.
    """
    counts = table["verdict"].value_counts()
    verdicts = [
        {"name": name, "sign": _SIGNS[name][0], "colour": _SIGNS[name][1], "meaning": MEANINGS[name],
         "count": int(counts.get(name, 0)), "slug": name.replace(" ", "-")}
        for name in VERDICTS
    ]  # fmt: skip
    groups = [
        {"source": source, "figure": figure, "rows": [_shown(row) for row in rows.to_dict("records")]}
        for (source, figure), rows in table.groupby(["source", "figure"], sort=False)
    ]
    return render(template, study=study, verdicts=verdicts, groups=groups, claims=len(table))


def _shown(row: dict[Any, Any]) -> dict[str, Any]:
    verdict = str(row["verdict"])
    ours = _number(row["ours"])
    if ours and not isnan(row["ours_sd"]):
        ours = f"{ours} ± {_number(row['ours_sd'])}"
    return {
        "claim": row["claim"],
        "quantity": row["quantity"],
        "published": _number(row["published"]),
        "published_from": "" if pd.isna(row["published_from"]) else row["published_from"],
        "ours": ours,
        "seeds": int(row["seeds"]),
        "criterion": row["criterion"],
        "verdict": verdict,
        "sign": _SIGNS[verdict][0],
        "slug": verdict.replace(" ", "-"),
    }


def _number(value: float) -> str:
    return "" if isnan(value) else f"{value:.4g}"
