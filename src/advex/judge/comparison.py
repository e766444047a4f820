"""Comparison: how the verdicts of two scorecards differ, row by row; of a run here, from the published ones.

``python -m advex.judge.comparison digits`` holds ``results/digits/scorecard.csv`` against the published one
and writes ``results/digits/comparison.html``; with two scorecards, or folders that hold one each, it compares
those: two studies, clones, or ranges of seeds. Processors add in different orders, trainings amplify that,
and an effect near the edge of its criterion then falls on its other side; so a difference is no failure of a
run. The exit status is that of ``diff``: 0 if no verdict differs, 1 if one does, 2 if they cannot be
compared.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from advex.common.artifacts import read_table
from advex.common.errors import UserError
from advex.common.files import write_text
from advex.common.names.verdicts import ABSENT, CONTRADICTED, THERE
from advex.draw.pages import render
from advex.records.manifests import dvc

SAME, DIFFERENT, TROUBLE = 0, 1, 2
"""Exit statuses."""

NO_ROW = "no such row"
"""In place of the verdict on a claim that only the other scorecard has."""

TEMPLATE = "report/comparison.html.j2"
PAGE = "comparison.html"

_LISTED = 12
_EQUAL = 1e-9  # tables are written with ten digits


def joined(here: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return two tables of :func:`advex.judge.judge.judge`, row beside row.

    Returns:
        Columns ``claim``, ``figure`` (``source/name``), ``kind``, and of each table (``_published``,
        ``_here``) ``verdict`` and ``ours`` (NaN where there is none); ``flips`` (how probably a repetition
        has another verdict, as the published table says) and ``standardised``: here minus published over the
        joint standard error, as if they were independent. The claims in the order in which they are
        published, then those that are judged only here.
    """
    parts = {}
    for name, table in (("published", published), ("here", here)):
        columns = {
            "claim": table["claim"],
            f"figure_{name}": table["source"] + "/" + table["figure"],
            f"kind_{name}": table.get("kind", pd.Series(np.nan, index=table.index, dtype=object)),
            f"verdict_{name}": table["verdict"],
            f"ours_{name}": table["ours"],
            f"variance_{name}": _column(table, "ours_sd") ** 2 / _column(table, "seeds"),
        }
        if name == "published":
            columns["flips"] = _column(table, "flips")
        parts[name] = pd.DataFrame(columns)
    both = parts["published"].merge(parts["here"], on="claim", how="outer", sort=False)
    order = [*published["claim"], *(claim for claim in here["claim"] if claim not in set(published["claim"]))]
    both = both.set_index("claim").loc[order].reset_index()
    for column in ("figure", "kind"):
        both[column] = both[f"{column}_published"].fillna(both[f"{column}_here"])
    both["kind"] = both["kind"].fillna("claim")
    verdicts = ["verdict_published", "verdict_here"]
    both[verdicts] = both[verdicts].fillna(NO_ROW)
    difference = both["ours_here"] - both["ours_published"]
    error = (both["variance_published"] + both["variance_here"]) ** 0.5
    both["standardised"] = (difference / error).where(difference.abs() > _EQUAL, 0 * difference)
    both.loc[error.isna(), "standardised"] = np.nan
    shown = ["claim", "figure", "kind", *verdicts, "ours_published", "ours_here", "standardised", "flips"]
    return both[shown]


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of numbers; NaN where the table has none, as older ones."""
    missing = pd.Series(np.nan, index=table.index, dtype=float)
    numbers: pd.Series = pd.to_numeric(table.get(name, missing), errors="coerce")
    return numbers


def differences(here: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of :func:`joined` whose verdicts differ, primary claims first."""
    both = joined(here, published)
    different = both[both["verdict_published"] != both["verdict_here"]]
    return different.sort_values("kind", key=lambda kinds: kinds != "primary", kind="stable").reset_index(
        drop=True
    )


def reversed_rows(both: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of :func:`joined` whose effect is there in one table and excluded in the other."""
    verdicts = both[["verdict_published", "verdict_here"]]
    there, gone = (verdicts.isin(names).any(axis=1) for names in (THERE, (CONTRADICTED, ABSENT)))
    return both.loc[there & gone].reset_index(drop=True)


def summary(both: pd.DataFrame) -> list[str]:
    """Say how many verdicts differ, how many would in a repetition, and how far numbers lie apart."""
    different = both[both["verdict_published"] != both["verdict_here"]]
    turned = reversed_rows(both)
    all_, some, back = ((rows["kind"] == "primary").sum() for rows in (both, different, turned))
    lines = [
        f"Of {all_} primary claims {some} differ. From there to excluded, or back: {len(turned)} of all "
        f"rows, {back} of primary claims."
    ]
    if both["flips"].notna().any():
        lines.append(f"A repetition with other seeds would be expected to change {both['flips'].sum():.1f}.")
    far = both["standardised"].abs()
    if far.notna().any():
        largest = both.iloc[int(np.nanargmax(far))]
        lines.append(
            f"Largest difference of ours over its joint standard error: {float(largest['standardised']):.2g} "
            f"({largest['claim']}), of {far.notna().sum()} rows."
        )
    return lines


def report(
    what: str, here: pd.DataFrame, published: pd.DataFrame, names: tuple[str, str] = ("here", "published")
) -> str:
    """Say how many verdicts differ, what a repetition would change, and list rows with their numbers."""
    both, different = joined(here, published), differences(here, published)
    lines = [_headline(what, both, len(different), names), *summary(both)]
    for row in different.to_dict("records"):
        before, now = (_told(row[f"verdict_{name}"], row[f"ours_{name}"]) for name in ("published", "here"))
        kind = "" if row["kind"] == "claim" else f" ({row['kind']})"
        lines += [f"{row['figure']}: {row['claim']}{kind}", f"    {names[1]} {before}, {names[0]} {now}"]
    return "\n".join(lines)


def _headline(what: str, both: pd.DataFrame, different: int, names: tuple[str, str]) -> str:
    of = "the published ones" if names[1] == "published" else f"those of {names[1]}"
    where = "here" if names[0] == "here" else f"of {names[0]}"
    return f"{what}: {different} of {len(both)} verdicts {where} differ from {of}."


def page(
    what: str, here: pd.DataFrame, published: pd.DataFrame, names: tuple[str, str] = ("here", "published")
) -> str:
    """Render the comparison as a page that needs no other file.

    Raises:
        UserError: the template is missing.
    """
    both, different = joined(here, published), differences(here, published)
    far = both[both["standardised"].abs() > 0].sort_values("standardised", key=np.abs, ascending=False)
    return render(
        TEMPLATE,
        headline=_headline(what, both, len(different), names),
        summary=summary(both),
        names={"here": names[0], "published": names[1]},
        different=[_shown(row) for row in different.to_dict("records")],
        far=[_shown(row) for row in far.head(_LISTED).to_dict("records")],
    )


def _shown(row: dict[object, object]) -> dict[str, str]:
    """Return a row of :func:`joined` as texts."""
    return {
        str(key): _number(value) if isinstance(value, float) else str(value) for key, value in row.items()
    }


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.4g}"


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


def scorecard_at(path: str) -> pd.DataFrame:
    """Return a scorecard, given its file or the folder that it lies in.

    Raises:
        UserError: there is none, or it is no scorecard.
    """
    file = Path(path) / "scorecard.csv" if Path(path).is_dir() else Path(path)
    table = read_table(file)
    if missing := {"claim", "source", "figure", "verdict", "ours"} - set(table.columns):
        raise UserError(f"{file}: no scorecard; it has no column {', '.join(sorted(missing))}")
    return table


def main(*arguments: str) -> int:
    """Print how verdicts differ, write the page, and return the exit status.

    Args:
        arguments: a study; or two scorecards or their folders; ``--page`` and a path for the page, which is
            not written of two without one.
    """
    parser = argparse.ArgumentParser(
        prog="python -m advex.judge.comparison", description="Tell how the verdicts of two scorecards differ."
    )
    parser.add_argument(
        "of",
        nargs="+",
        metavar="STUDY | FIRST SECOND",
        help="a study with its published one, or two scorecards",
    )
    parser.add_argument("--page", help="where to write the page")
    given = parser.parse_args(arguments)
    if len(given.of) > 2:
        parser.error("more than two scorecards")
    try:
        return _compared(given.of, given.page)
    except UserError as error:
        print(error, file=sys.stderr)
        return TROUBLE


def _compared(of: Sequence[str], place: str | None) -> int:
    if len(of) == 1:
        what, names = f"Study {of[0]}", ("here", "published")
        here, published = read_table(f"results/{of[0]}/scorecard.csv"), published_scorecard(of[0])
        place = place or f"results/{of[0]}/{PAGE}"
    else:
        what, names = "Two scorecards", (of[1], of[0])
        here, published = scorecard_at(of[1]), scorecard_at(of[0])
    print(report(what, here, published, names))
    if place is not None:
        write_text(place, page(what, here, published, names))
        print(f"As a page: {place}")
    return SAME if differences(here, published).empty else DIFFERENT


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
