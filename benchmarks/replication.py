"""How far a study's verdicts hold when it is repeated: with other seeds, on another processor.

    .venv/bin/python benchmarks/replication.py results/digits "other seeds=results/digits-replication" ...

The first argument is the study's results, each further one what differs in a repetition and its results: the
study ``digits-replication``, or the same study run elsewhere, for example under ``ONEDNN_MAX_CPU_ISA=AVX2``.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from measured import publish

from advex.common.artifacts import read_table
from advex.common.names.verdicts import NOT_TESTED
from advex.judge.comparison import joined, reversed_rows

COLUMNS = (
    "differs_in", "kind", "rows", "changed", "changed_percent", "expected_to_change", "turned_round",
    "largest_standardised_difference",
)  # fmt: skip


def compared(differs_in: str, here: pd.DataFrame, published: pd.DataFrame) -> Iterable[dict[str, object]]:
    """Yield a row of :data:`COLUMNS` for primary claims, for all other kinds, and for all rows.

    Rows count that are tested in one of the scorecards. One is turned round if its effect is there in one and
    excluded in the other.
    """
    both = joined(here, published)
    tested = (both[["verdict_published", "verdict_here"]] != NOT_TESTED).any(axis=1)
    for kind, chosen in (("primary", both["kind"] == "primary"), ("all", both["kind"].notna())):
        rows = both[chosen & tested]
        changed = int((rows["verdict_published"] != rows["verdict_here"]).sum())
        yield {
            "differs_in": differs_in,
            "kind": kind,
            "rows": len(rows),
            "changed": changed,
            "changed_percent": 100 * changed / len(rows),
            "expected_to_change": float(rows["flips"].sum()),
            "turned_round": len(reversed_rows(rows)),
            "largest_standardised_difference": float(np.nanmax(rows["standardised"].abs())),
        }


def main(study: str, repetitions: list[str]) -> None:
    """Compare and publish."""
    published = read_table(Path(study) / "scorecard.csv")
    rows = [
        row
        for name, _, folder in (repetition.partition("=") for repetition in repetitions)
        for row in compared(name, read_table(Path(folder) / "scorecard.csv"), published)
    ]
    publish("replication", pd.DataFrame(rows, columns=list(COLUMNS)))


if __name__ == "__main__":
    if len(sys.argv) < 3 or not all("=" in argument for argument in sys.argv[2:]):
        sys.exit("usage: replication.py RESULTS WHAT=RESULTS ...")
    main(sys.argv[1], sys.argv[2:])
