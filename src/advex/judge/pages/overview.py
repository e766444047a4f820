"""What the README and docs/ say in tables: sources with their claims and verdicts, figures, artifacts."""

from collections.abc import Iterable, Mapping

import pandas as pd

from advex.judge.pages.counts import NAMES, counts, in_words, primary_rows
from advex.judge.pages.markdown import cell
from advex.judge.pages.sources import SourceWords


def overview_markdown(
    study: str, folder: str, sources: Mapping[str, SourceWords], scorecard: pd.DataFrame, seconds: float
) -> str:
    """Return one row for each source that has figures, and the totals above.

    Args:
        study: the study's name.
        folder: where its pictures and scorecard lie, relative to the page.
        sources: what is said of each source, by name.
        scorecard: the table of the judge.
        seconds: what all jobs took, of one core.
    """
    primary = primary_rows(scorecard)
    lines = [
        f"Study `{study}`, {len(primary)} {NAMES['primary']}: {in_words(counts(primary))}. All jobs took "
        f"{seconds / 60:.0f} minutes of one core.",
        "",
        "| | what it claimed | what comes out here | |",
        "|---|---|---|---|",
    ]
    for name, rows in primary.groupby("source", sort=False):
        words = sources[str(name)]
        picture = f"{folder}/figures/{name}/{rows['figure'].iloc[0]}.png"
        told = "; ".join(
            f"{len(found)} {verdict} ({', '.join(found)})" for verdict, found in _by_verdict(rows)
        )
        who = f"**[{cell(words.name)}]({words.url})**" if words.url else f"**{cell(words.name)}**"
        alt = cell(words.figure(str(rows["figure"].iloc[0])))
        image = f'<a href="{picture}"><img src="{picture}" width="240" alt="{alt}"></a>'
        lines.append(f"| {who} | {cell(words.claim)} | {told} | {image} |")
    return "\n".join(lines)


def gallery_markdown(figures: Iterable[str], sources: Mapping[str, SourceWords]) -> str:
    """Return all figures under their sources' names.

    Args:
        figures: ``<source>/<figure>`` each; ``figures/<source>/<figure>.png`` lies beside the page.
        sources: as above; other sources are called by their names.
    """
    lines: list[str] = []
    current = ""
    for figure in figures:
        source, name = figure.split("/")
        words = sources.get(source) or SourceWords(name=source)
        if source != current:
            lines += ["", f"## {words.name}", ""]
            current = source
        lines += [f"![{words.figure(name)}](figures/{figure}.png)", ""]
    return "\n".join(lines).strip()


def _by_verdict(rows: pd.DataFrame) -> list[tuple[str, list[str]]]:
    names = {verdict: list(part["primary"]) for verdict, part in rows.groupby("verdict")}
    return [(verdict, names[verdict]) for verdict in counts(rows)]


def artifacts_markdown(
    study: str, sources: Mapping[str, SourceWords], scorecard: pd.DataFrame, costs: pd.DataFrame
) -> str:
    """Return one row for each primary claim: the artifacts it rests on, the command for them, what they cost.

    Args:
        study: the study's name.
        sources: what is said of each source, by name; each primary claim has its words in one of them.
        scorecard: the table of the judge.
        costs: the table of :func:`advex.records.costs.cost_table`.
    """
    said = {name: words for source in sources.values() for name, words in source.primary.items()}
    seconds = costs[costs["of"] == "figure"].set_index("name")["seconds"]
    lines = [
        "| | claim | verdict | what shows it | seconds of one core, all jobs behind it |",
        "|---|---|---|---|---:|",
    ]
    for row in primary_rows(scorecard).to_dict("records"):
        figure = f"{row['source']}/{row['figure']}"
        lines.append(
            f"| {row['primary']} | {cell(said.get(row['primary'], row['quantity']))} | {row['verdict']} | "
            f"`results/{study}/figures/{figure}.svg` | {seconds[figure]:.0f} |"
        )
    return "\n".join(lines)
