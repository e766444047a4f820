"""The summary of a study for the README."""

import pandas as pd

from advex.common.names.verdicts import VERDICTS
from advex.judge.claims import FINDINGS
from advex.judge.pages.counts import NAMES, by_chance, by_kind, counts, in_words, primary_rows
from advex.judge.pages.markdown import cell


def markdown_summary(study: str, folder: str, scorecard: pd.DataFrame, costs: pd.DataFrame) -> str:
    """Summarise a study for the README: primary claims by source, then the others, and the cost.

    Args:
        study: the study's name.
        folder: where the pictures lie, relative to the README.
        scorecard: the table of the judge.
        costs: the table of :func:`advex.records.costs.cost_table`.
    """
    found, total = by_kind(scorecard), costs[costs["of"] == "study"].iloc[0]
    said = [f"of {sum(its.values())} {NAMES[kind]}, {in_words(its)}" for kind, its in found.items()]
    lines = [
        f"Study `{study}`: {'; '.join(said)}.",
        by_chance(scorecard).words,
        f"{int(total['jobs'])} jobs took {total['seconds']:.0f} seconds of one core, "
        f"{total['share_not_computing_percent']:.0f} % of them not computing.",
        "",
    ]
    primary = primary_rows(scorecard)
    if len(primary):
        lines += ["| source | | primary claim | verdict |", "|---|---|---|---|"]
        for row in primary.to_dict("records"):
            picture = f"{folder}/figures/{row['source']}/{row['figure']}.png"
            linked = f"[{cell(row['quantity'])}]({picture})"
            lines.append(f"| {row['source']} | {row['primary']} | {linked} | {row['verdict']} |")
        lines.append("")
    lines += [f"| all claims of | {' | '.join(VERDICTS)} |", f"|---|{'---:|' * len(VERDICTS)}"]
    for source, claims in scorecard[scorecard["kind"].isin(FINDINGS)].groupby("source", sort=False):
        cells = " | ".join(str(counts(claims).get(verdict, "")) for verdict in VERDICTS)
        lines.append(f"| {source} | {cells} |")
    return "\n".join(lines)
