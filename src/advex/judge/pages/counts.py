"""Counts of a scorecard: findings apart from what is none, and what chance alone would give."""

from dataclasses import dataclass

import pandas as pd

from advex.common.names.verdicts import THERE, VERDICTS
from advex.common.numbers.statistics import CONFIDENCE
from advex.judge.claims import FINDINGS, KINDS, PRIMARY

NAMES = {
    "primary": "primary claims",
    "claim": "other claims",
    "premise": "premises",
    "derived": "derived",
    "side": "side rows",
}
"""What rows of each kind are called together."""

BY_CHANCE = (1 - CONFIDENCE) / 2
"""How often an interval lies on the claimed side of nothing, where there is nothing: one of its two tails."""


def counts(rows: pd.DataFrame) -> dict[str, int]:
    """Return how many rows have each verdict that occurs, in the order of verdicts."""
    found = rows["verdict"].value_counts()
    return {verdict: int(found[verdict]) for verdict in VERDICTS if verdict in found}


def by_kind(scorecard: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return how many rows of each kind that occurs have each verdict."""
    kinds = {kind: scorecard[scorecard["kind"] == kind] for kind in KINDS}
    return {kind: counts(rows) for kind, rows in kinds.items() if len(rows)}


def in_words(found: dict[str, int]) -> str:
    """Say how many have which verdict."""
    return ", ".join(f"{count} {verdict}" for verdict, count in found.items()) or "none"


def primary_rows(scorecard: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of primary claims, in the order in which these are listed."""
    rows = scorecard[scorecard["kind"] == "primary"]
    return rows.sort_values("primary", key=lambda names: names.map(PRIMARY.index), kind="stable")


@dataclass(frozen=True)
class Chance:
    """Findings among many tests.

    Attributes:
        tested: findings that have a p value.
        there: those of them whose effect is there.
        expected: how many would be there if there were no effect in any, at most.
        adjusted: those that are there and have an adjusted p value of at most 0.05.
    """

    tested: int
    there: int
    expected: float
    adjusted: int

    @property
    def words(self) -> str:
        """What it says."""
        level = round(1 - CONFIDENCE, 10)
        return (
            f"Of {self.tested} claims tested, the effect is there in {self.there}; were there none in any of "
            f"them, chance would show at most {self.expected:.1f} ({100 * BY_CHANCE:.3g} % of them). "
            f"{self.adjusted} are left at an adjusted p of {level:g} (Holm over primary claims, "
            "Benjamini-Hochberg over the others and premises)."
        )


def by_chance(scorecard: pd.DataFrame) -> Chance:
    """Count what many tests give, and what they would give by chance."""
    tested = scorecard[scorecard["kind"].isin(FINDINGS) & scorecard["p"].notna()]
    there = tested[tested["verdict"].isin(THERE)]
    left = int((there["p_adjusted"] <= 1 - CONFIDENCE + 1e-12).sum())
    return Chance(len(tested), len(there), BY_CHANCE * len(tested), left)
