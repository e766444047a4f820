"""Comparison: how the verdicts of a run on this machine differ from those that are published.

``python -m advex.judge.comparison digits`` holds ``results/digits/scorecard.csv`` against the published one.
Processors add in different orders, trainings amplify that, and an effect near the edge of its criterion then
falls on its other side; so a difference is no failure of a run. The exit status is that of ``diff``: 0 if
no verdict differs, 1 if one does, 2 if they cannot be compared.
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd

from advex.common.artifacts import read_table
from advex.common.errors import UserError
from advex.records.manifests import dvc

SAME, DIFFERENT, TROUBLE = 0, 1, 2
"""Exit statuses."""

ABSENT = "absent"
"""In place of the verdict on a claim that only the other scorecard has."""


def differences(here: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return the claims whose verdicts differ between two tables of :func:`advex.judge.judge.judge`.

    Returns:
        Columns ``claim``, ``figure`` (``source/name``), ``verdict_published``, ``verdict_here``,
        ``ours_published`` and ``ours_here`` (the measured numbers, NaN where there is none); the claims in
        the order in which they are published, then those that are judged only here. A claim that only one
        table has is ``absent`` from the other.
    """
    parts = {}
    for name, table in (("published", published), ("here", here)):
        parts[name] = pd.DataFrame(
            {
                "claim": table["claim"],
                f"figure_{name}": table["source"] + "/" + table["figure"],
                f"verdict_{name}": table["verdict"],
                f"ours_{name}": table["ours"],
            }
        )
    both = parts["published"].merge(parts["here"], on="claim", how="outer", sort=False)
    order = [*published["claim"], *(claim for claim in here["claim"] if claim not in set(published["claim"]))]
    both = both.set_index("claim").loc[order].reset_index()
    both["figure"] = both["figure_published"].fillna(both["figure_here"])
    verdicts = ["verdict_published", "verdict_here"]
    both[verdicts] = both[verdicts].fillna(ABSENT)
    columns = ["claim", "figure", *verdicts, "ours_published", "ours_here"]
    return both.loc[both["verdict_published"] != both["verdict_here"], columns].reset_index(drop=True)


def report(study: str, here: pd.DataFrame, published: pd.DataFrame) -> str:
    """Say how many verdicts differ, and list them with the numbers they are about."""
    different = differences(here, published)
    claims = len(set(here["claim"]) | set(published["claim"]))
    lines = [f"Study {study}: {len(different)} of {claims} verdicts here differ from the published ones."]
    for row in different.to_dict("records"):
        before, now = (_told(row[f"verdict_{name}"], row[f"ours_{name}"]) for name in ("published", "here"))
        lines += [f"{row['figure']}: {row['claim']}", f"    published {before}, here {now}"]
    return "\n".join(lines)


def _told(verdict: str, ours: float) -> str:
    return verdict if pd.isna(ours) else f"{verdict} ({ours:.4g})"


def published_scorecard(study: str) -> pd.DataFrame:
    """Return the scorecard that is published for a study, whatever lies in its results.

    Raises:
        UserError: none is published, or it cannot be had.
    """
    if not Path(f"results/{study}.dvc").exists():
        raise UserError(f"{study}: nothing of this study is published, so there is nothing to compare with")
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/scorecard.csv"
        # Of a commit: without one, what lies in the results would be taken.
        dvc("get", "--quiet", ".", f"results/{study}/scorecard.csv", "--rev", "HEAD", "--out", file)
        return read_table(file)


def main(study: str) -> int:
    """Print how a run's verdicts differ from the published ones; return the exit status."""
    try:
        here, published = read_table(f"results/{study}/scorecard.csv"), published_scorecard(study)
    except UserError as error:
        print(error, file=sys.stderr)
        return TROUBLE
    print(report(study, here, published))
    return SAME if differences(here, published).empty else DIFFERENT


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m advex.judge.comparison STUDY")
    sys.exit(main(sys.argv[1]))
