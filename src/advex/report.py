"""The report of a study: every figure with its caption and verdicts, the scorecard and the costs."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from advex.errors import UserError
from advex.judge import VERDICTS


def report_html(
    template: str,
    study: str,
    title: str,
    data: Mapping[str, Any],
    figures: Sequence[str],
    captions: Sequence[str],
    scorecard: pd.DataFrame,
    costs: pd.DataFrame,
) -> str:
    """Render a study's report as one page that needs no other file.

    Args:
        template: path of the page's template.
        study: the study's name.
        title: what it is called.
        data: the description of the natural images, with their origin.
        figures: paths of the figures, ``.../<source>/<figure>.svg``, embedded in this order.
        captions: paths of ``<source>/<figure>.md``, plain text in paragraphs.
        scorecard: the table of the judge.
        costs: the table of :func:`advex.costs.cost_table`.

    Raises:
        UserError: a figure has no caption.
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
                "image": f"data:image/svg+xml;base64,{image}",
                "verdicts": _counts(claims),
            }
        )
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(Path(template).read_text(encoding="utf-8"))
    origin = {key: data[key] for key in ("source", "origin", "note", "sha256") if key in data}
    return page.render(
        study=study,
        title=title,
        origin=origin,
        figures=shown,
        verdicts=_counts(scorecard),
        claims=scorecard.to_dict("records"),
        costs=costs.to_dict("records"),
    )


def _name(path: str) -> str:
    return f"{Path(path).parent.name}/{Path(path).stem}"


def _counts(claims: pd.DataFrame) -> dict[str, int]:
    counts = claims["verdict"].value_counts()
    return {verdict: int(counts[verdict]) for verdict in VERDICTS if verdict in counts}
