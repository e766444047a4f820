"""Rows of the scorecard as pages show them: numbers with their intervals, verdicts with a sign, words."""

import re
from collections.abc import Mapping
from math import isnan
from typing import Any

import pandas as pd

from advex.common.names.verdicts import (
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
from advex.judge.claims import KINDS, PRIMARY

SIGNS = {
    REPRODUCED: "●",
    SIZE_DIFFERS: "◑",
    EFFECT: "◐",
    UNDECIDED: "?",
    ABSENT: "∅",
    CONTRADICTED: "✕",
    NOT_MEASURABLE: "▢",
    NOT_TESTED: "○",
}
"""Each verdict's own sign, so that none is told by its colour alone; it always stands beside the word."""

KIND_WORDS = {
    "primary": ("primary claim", "what a source set out to show"),
    "claim": ("other claim", "any other claim of the discussion"),
    "premise": (
        "premise",
        "what must hold for claims to mean anything: attacks succeed, teachers are accurate",
    ),
    "derived": ("derived number", "theorems, and values read off drawings or computed from published ones"),
    "side": ("side row", "what is measured beside the discussion"),
}
"""What each kind of row is called, and what it is; the last three are no findings."""

_IDENTIFIER = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")


def slug(verdict: str) -> str:
    """Return a verdict as a name without spaces."""
    return verdict.replace(" ", "-")


def verdict_words() -> list[dict[str, str]]:
    """Return every verdict with its sign and meaning."""
    return [
        {"name": name, "slug": slug(name), "sign": SIGNS[name], "meaning": MEANINGS[name]}
        for name in VERDICTS
    ]


def in_words(text: str, names: Mapping[str, str]) -> str:
    """Write identifiers in a text as words: those that have a name by it, all others without underscores."""
    return _IDENTIFIER.sub(lambda found: names.get(found[0], found[0].replace("_", " ")), text)


def shown(row: Mapping[Any, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return what a page shows of a row of :func:`advex.judge.judge.judge`; texts, and numbers to sort by."""
    verdict, kind = str(row["verdict"]), str(row["kind"])
    ours = number(row["ours"])
    interval = (
        ""
        if not ours or isnan(row["ours_low"])
        else f"{number(row['ours_low'])} to {number(row['ours_high'])}"
    )
    flips = row.get("flips", float("nan"))
    return {
        "claim": row["claim"],
        "source": row["source"],
        "figure": f"{row['source']}/{row['figure']}",
        "kind": kind,
        "kind_words": KIND_WORDS[kind][0],
        "primary": "" if pd.isna(row["primary"]) else row["primary"],
        "quantity": in_words(str(row["quantity"]), names),
        "published": number(row["published"]),
        "published_from": "" if pd.isna(row["published_from"]) else row["published_from"],
        "ours": ours,
        "interval": interval,
        "seeds": int(row["seeds"]),
        "varies": "" if pd.isna(row["varies"]) else row["varies"],
        "p": p_value(row["p"]),
        "adjusted": p_value(row["p_adjusted"]),
        "again": "" if isnan(flips) else f"{100 * flips:.0f} %",
        "criterion": in_words(str(row["criterion"]), names),
        "verdict": verdict,
        "slug": slug(verdict),
        "sign": SIGNS[verdict],
        "order": {
            "kind": KINDS.index(kind) * len(PRIMARY)
            + (PRIMARY.index(row["primary"]) if kind == "primary" else 0),
            "verdict": VERDICTS.index(verdict),
            "published": _sortable(row["published"]),
            "ours": _sortable(row["ours"]),
            "p": _sortable(row["p_adjusted"]),
        },
    }


def number(value: float) -> str:
    """Write a number with four digits; nothing for none."""
    return "" if isnan(value) else f"{value:.4g}"


def p_value(value: float) -> str:
    """Write a p value with two digits; nothing for none."""
    return "" if isnan(value) else "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def _sortable(value: float) -> str:
    return "" if isnan(value) else repr(float(value))
