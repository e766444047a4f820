"""The report of a study: every figure with its caption and verdicts, and the scorecard."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from advex.common.errors import UserError
from advex.draw.pages import render
from advex.judge.claims import FINDINGS
from advex.judge.pages.counts import NAMES, by_chance, by_kind, counts, in_words, primary_rows
from advex.judge.pages.markdown import cell
from advex.judge.verdicts import VERDICTS


def report_html(
    template: str,
    study: str,
    title: str,
    origin: pd.DataFrame,
    figures: Sequence[str],
    captions: Sequence[str],
    scorecard: pd.DataFrame,
) -> str:
    """Render a study's report as one page that needs no other file.

    Args:
        template: path of the page's template.
        study: the study's name.
        title: what it is called.
        origin: one row with what is known of where the natural images come from.
        figures: paths of the figures, ``.../<source>/<figure>.png``, embedded in this order.
        captions: paths of ``<source>/<figure>.md``, plain text in paragraphs.
        scorecard: the table of the judge.

    Raises:
        UserError: a figure has no caption, or the template is missing.
    """
    texts = {_name(path): Path(path).read_text(encoding="utf-8").strip() for path in captions}
    shown = []
    for path in figures:
        name = _name(path)
        if name not in texts:
            raise UserError(f"report/captions/{name}.md: missing; every figure needs a caption")
        source, figure = name.split("/")
        claims = scorecard[(scorecard["source"] == source) & (scorecard["figure"] == figure)]
        claims = claims[claims["kind"].isin(FINDINGS)]
        image = base64.b64encode(Path(path).read_bytes()).decode()
        shown.append(
            {
                "name": name,
                "paragraphs": [" ".join(text.split()) for text in texts[name].split("\n\n")],
                "image": f"data:image/png;base64,{image}",
                "verdicts": in_words(counts(claims)),
            }
        )
    return render(
        template,
        study=study,
        title=title,
        origin=origin.iloc[0].to_dict(),
        figures=shown,
        verdicts={NAMES[kind]: in_words(found) for kind, found in by_kind(scorecard).items()},
        chance=by_chance(scorecard).words,
        primary=primary_rows(scorecard).to_dict("records"),
        claims=scorecard.to_dict("records"),
    )


def _name(path: str) -> str:
    return f"{Path(path).parent.name}/{Path(path).stem}"


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
