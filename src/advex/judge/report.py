"""The report of a study: every figure with its caption and verdicts, and the scorecard."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from advex.common.errors import UserError
from advex.draw.pages import render
from advex.judge.judge import VERDICTS


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
        image = base64.b64encode(Path(path).read_bytes()).decode()
        shown.append(
            {
                "name": name,
                "paragraphs": [" ".join(text.split()) for text in texts[name].split("\n\n")],
                "image": f"data:image/png;base64,{image}",
                "verdicts": _counts(claims),
            }
        )
    return render(
        template,
        study=study,
        title=title,
        origin=origin.iloc[0].to_dict(),
        figures=shown,
        verdicts=_counts(scorecard),
        claims=scorecard.to_dict("records"),
    )


def _name(path: str) -> str:
    return f"{Path(path).parent.name}/{Path(path).stem}"


def _counts(claims: pd.DataFrame) -> dict[str, int]:
    counts = claims["verdict"].value_counts()
    return {verdict: int(counts[verdict]) for verdict in VERDICTS if verdict in counts}


def markdown_summary(study: str, folder: str, scorecard: pd.DataFrame, costs: pd.DataFrame) -> str:
    """Summarise a study for the README: verdicts by figure, with a link to each picture, and the cost.

    Args:
        study: the study's name.
        folder: where the pictures lie, relative to the README.
        scorecard: the table of the judge.
        costs: the table of :func:`advex.records.costs.cost_table`.
    """
    counts = ", ".join(f"{count} {verdict}" for verdict, count in _counts(scorecard).items())
    total = costs[costs["of"] == "study"].iloc[0]
    lines = [
        f"Study `{study}`: of {len(scorecard)} published claims, {counts}. "
        f"{int(total['jobs'])} jobs took {total['seconds']:.0f} seconds of one core, "
        f"{total['share_not_computing_percent']:.0f} % of them not computing.",
        "",
        f"| figure | {' | '.join(VERDICTS)} |",
        f"|---|{'---:|' * len(VERDICTS)}",
    ]
    for (source, figure), claims in scorecard.groupby(["source", "figure"], sort=False):
        found = _counts(claims)
        cells = " | ".join(str(found.get(verdict, "")) for verdict in VERDICTS)
        lines.append(f"| [{source}/{figure}]({folder}/figures/{source}/{figure}.png) | {cells} |")
    return "\n".join(lines)
