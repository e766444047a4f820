"""All studies side by side: which primary claims hold in each, and what each figure cost.

``python -m advex.judge.pages.studies`` writes ``results/index.html`` from the scorecards that lie here; so
does every run when it ends. It tells of this machine, so it is no artifact. Where a study did not run here,
costs are those of the run that is published.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.config import Plan, load
from advex.draw.pages import render
from advex.judge.pages.counts import primary_rows
from advex.judge.pages.sources import SourceWords, in_order, load_sources
from advex.judge.pages.study.page import scale_in_words, sentence
from advex.judge.pages.study.rows import shown, verdict_words

PAGE = "results/index.html"
TEMPLATE = "report/page/studies.html.j2"
_COLUMNS = {"primary", "kind", "verdict", "ours", "ours_low", "ours_high", "p_adjusted", "varies"}


def studies_page(
    template: str,
    scorecards: Mapping[str, pd.DataFrame],
    costs: Mapping[str, pd.DataFrame],
    scales: Mapping[str, Mapping[str, Any]],
    figures: Sequence[str],
    sources: Mapping[str, SourceWords],
) -> str:
    """Render the page of all studies.

    Args:
        template: path of the page's template.
        scorecards: of each study that has one, the table of the judge.
        costs: of studies, the tables of :func:`advex.records.costs.cost_table`.
        scales: of each of these studies, what :meth:`advex.config.Plan.scale` says of its size.
        figures: names of all figures, in the order of pages.
        sources: what is said of each source.

    Raises:
        UserError: the template is missing.
    """
    order = in_order([name.split("/")[0] for name in figures], sources)
    rows = {
        study: {row["primary"]: shown(row, {}) for row in primary_rows(table).to_dict("records")}
        for study, table in scorecards.items()
    }
    groups = [
        {
            "name": words.name,
            "claims": [
                {"primary": primary, "words": said, "of": [rows[study].get(primary) for study in scorecards]}
                for primary, said in words.primary.items()
                if any(primary in its for its in rows.values())
            ],
        }
        for words in order.values()
    ]
    spent = {study: _seconds(table) for study, table in costs.items()}
    return render(
        template,
        studies=[
            {
                "name": study,
                **scales[study],
                "words": scale_in_words(scales[study]),
                "sentence": sentence([row["verdict"] for row in rows[study].values()]),
                "time": duration_in_words(spent.get(study, {}).get("all jobs")),
            }
            for study in scorecards
        ],
        groups=[group for group in groups if group["claims"]],
        verdicts=verdict_words(),
        costs=[
            {
                "name": figure,
                "title": order[figure.split("/")[0]].figure(figure.split("/")[1]),
                "source": order[figure.split("/")[0]].name,
                "of": [duration_in_words(spent.get(study, {}).get(figure)) for study in scorecards],
            }
            for figure in figures
        ],
    )


def _seconds(costs: pd.DataFrame) -> dict[str, float]:
    of_figures = costs[costs["of"].isin(["figure", "study"])]
    return dict(zip(of_figures["name"], of_figures["seconds"], strict=True))


def duration_in_words(seconds: float | None) -> str:
    """Say how long something took, in the unit that fits; nothing if that is unknown."""
    if seconds is None:
        return ""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def write_page(plan: Plan) -> bool:
    """Write the page from what lies here, if any study has a scorecard; tell whether it was written."""
    scorecards: dict[str, pd.DataFrame] = {}
    costs: dict[str, pd.DataFrame] = {}
    for study in plan.studies:
        table = _table(f"results/{study}/scorecard.csv")
        if table is not None and set(table.columns) >= _COLUMNS:
            scorecards[study] = table
            spent = _table(f"results/{study}/costs.csv", f"docs/results/{study}/costs.csv")
            costs |= {} if spent is None else {study: spent}
    if not scorecards:
        return False
    text = studies_page(
        TEMPLATE,
        scorecards,
        costs,
        {study: plan.scale(study) for study in scorecards},
        list(plan.experiments.figures),
        load_sources(sorted(Path("config/sources").glob("*.yaml"))),
    )
    write_text(PAGE, text)
    return True


def _table(*paths: str) -> pd.DataFrame | None:
    """Return the first of several tables that is there."""
    return next((read_table(path) for path in paths if Path(path).exists()), None)


if __name__ == "__main__":
    print(
        f"All studies side by side: {PAGE}"
        if write_page(load(Path("config")))
        else "No study has a scorecard yet."
    )
