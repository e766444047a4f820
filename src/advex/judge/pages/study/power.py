"""How sure primary claims are: which have the seeds that they need, and how many would settle others."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from advex.common.names.verdicts import UNDECIDED
from advex.judge.pages.study.rows import in_words, number
from advex.judge.statistics.power import MOST


def power_rows(
    power: pd.DataFrame, primary: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return what a page shows of a table of power, first undecided claims that few seeds would settle.

    Args:
        power: the table of :func:`advex.judge.pages.power.power_table`; its claims that were not tested are
            left out.
        primary: primary claims as :func:`advex.judge.pages.study.rows.shown` has them, with ``words``.
        names: words for identifiers in comparisons.
    """
    of = {str(claim["primary"]): claim for claim in primary}
    found = []
    for row in power[power["comparison"] != ""].to_dict("records"):
        claim, needed = of.get(str(row["primary"])), float(row["needed"])
        if claim is not None:
            found.append(
                {
                    "claim": claim,
                    "comparison": in_words(str(row["comparison"]), names),
                    "spread": number(row["spread"]),
                    "effect": number(row["effect"]),
                    "of": row["from"],
                    "seeds": int(row["seeds"]),
                    "needed": f"more than {MOST}" if isnan(needed) else f"{needed:.0f}",
                    "enough": needed <= int(row["seeds"]),
                    "order": (claim["verdict"] != UNDECIDED, MOST + 1 if isnan(needed) else needed),
                }
            )
    return sorted(found, key=lambda row: row["order"])


def power_sentence(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how many claims have the seeds they need, and how many undecided ones a few more would settle."""
    enough = sum(bool(row["enough"]) for row in rows)
    undecided = [row for row in rows if row["claim"]["verdict"] == UNDECIDED]
    within = sum(row["needed"].isdigit() for row in undecided)
    has = "has" if enough == 1 else "have"
    return (
        f"{enough} of {len(rows)} primary claims that were tested {has} the seeds they need. Of "
        f"{len(undecided)} that are undecided, {within} would be settled by up to {MOST} seeds"
    )
