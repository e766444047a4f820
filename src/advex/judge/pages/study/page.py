"""The page of a study: what each source claimed, every figure with its finding, and the scorecard."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from advex.common.errors import UserError
from advex.common.names.verdicts import (
    ABSENT,
    CONTRADICTED,
    NOT_MEASURABLE,
    NOT_TESTED,
    REPRODUCED,
    THERE,
    UNDECIDED,
)
from advex.draw.pages import render
from advex.judge.claims import FINDINGS
from advex.judge.pages.counts import by_chance, by_kind, counts, primary_rows
from advex.judge.pages.sources import SourceWords, in_order
from advex.judge.pages.study.findings import finding
from advex.judge.pages.study.notes import Note, Piece, about, notes
from advex.judge.pages.study.places import repository
from advex.judge.pages.study.power import power_rows, power_sentence
from advex.judge.pages.study.rows import KIND_WORDS, in_words, shown, verdict_words
from advex.judge.pages.study.sentences import sentences

_OTHERWISE = {
    UNDECIDED: "undecided (more seeds would tell)",
    CONTRADICTED: "contradicted",
    ABSENT: "without an effect that matters",
    NOT_MEASURABLE: "not measurable at this size",
    NOT_TESTED: "not tested",
}
"""How a sentence says that so many claims do not hold."""


def results_page(
    template: str,
    study: str,
    scale: Mapping[str, Any],
    origin: pd.DataFrame,
    figures: Sequence[str],
    behind: Mapping[str, Sequence[str]],
    pages: Sequence[str],
    captions: Sequence[str],
    scorecard: pd.DataFrame,
    power: pd.DataFrame,
    sweeps: Mapping[str, Mapping[str, Any]],
    warnings: Iterable[str],
    sources: Mapping[str, SourceWords],
    names: Mapping[str, str],
    discrepancies: str,
    citation: str,
) -> str:
    """Render what a study found as one page that needs no other file but the drawings beside it.

    Args:
        template: path of the page's template.
        study: the study's name.
        scale: what :meth:`advex.config.Plan.scale` says of its size.
        origin: one row with what is known of where the natural images come from.
        figures: paths of the drawings, ``.../<source>/<figure>.svg``, shown in this order.
        behind: of each figure, ``<source>/<figure>``, the paths of the measurements that it draws.
        pages: paths of the study's interactive pages, ``.../<source>/<page>.html``.
        captions: paths of ``<source>/<figure>.md``, plain text in paragraphs.
        scorecard: the table of the judge.
        power: how many seeds primary claims need, the table of :func:`advex.judge.pages.power.power_table`.
        sweeps: by figure what :func:`advex.judge.pages.study.sweeps.swept` has for a slider.
        warnings: what the study's figures should not rest on, a sentence each.
        sources: what is said of each source.
        names: words for identifiers in criteria.
        discrepancies: the text of ``docs/discrepancies.md``.
        citation: the text of ``CITATION.cff``.

    Raises:
        UserError: a figure has no caption or no title, or the template is missing.
    """
    texts = {_name(path): Path(path).read_text(encoding="utf-8").strip() for path in captions}
    order = in_order([_name(path).split("/")[0] for path in figures], sources)
    quantities = {str(row["claim"]): in_words(str(row["quantity"]), names) for row in _ordered(scorecard)}
    rows = [
        shown(row, names) | {"sentences": sentences(str(row["criterion"]), names, quantities)}
        for row in _ordered(scorecard)
    ]
    all_notes, root = notes(discrepancies), repository(citation)
    shown_figures = []
    for path in figures:
        name = _name(path)
        if name not in texts:
            raise UserError(f"report/captions/{name}.md: missing; every figure needs a caption")
        drawing = Path(path).read_text(encoding="utf-8")
        shown_figures.append(
            _figure(name, drawing, path, in_words(texts[name], names), rows, behind[name], root)
            | {"sweep": sweeps.get(name)}
            | {"title": order[name.split("/")[0]].figure(name.split("/")[1]), "study": study}
        )
    titles = {figure["name"]: figure["title"] for figure in shown_figures}
    links = _Links(titles, {str(row["claim"]) for row in rows}, root)
    primary = _primary(primary_rows(scorecard), order)
    sections = [
        _section(name, words, primary[name], shown_figures, titles)
        | {"notes": links.notes(words.notes, all_notes), "pages": _pages(name, words, pages)}
        for name, words in order.items()
    ]
    sections = [
        section for section in sections if section["figures"] or section["primary"] or section["shown"]
    ]
    listed = [claim for section in sections for claim in section["primary"]]
    needing = power_rows(power, listed, names)
    found = by_kind(scorecard)
    page = render(
        template,
        study=study,
        scale={**scale, "words": scale_in_words(scale)},
        origin=origin.iloc[0].to_dict(),
        sections=sections,
        source_names={name: words.name for name, words in order.items()},
        titles=titles,
        sentence=sentence([claim["verdict"] for claim in listed]),
        occurring=[
            verdict for verdict in verdict_words() if any(verdict["name"] in its for its in found.values())
        ],
        kinds={
            kind: {"one": one, "what": what, "counts": found.get(kind, {})}
            for kind, (one, what) in KIND_WORDS.items()
        },
        chance=by_chance(scorecard).words,
        power={"rows": needing, "sentence": power_sentence(needing)},
        rows=rows,
        warnings=[in_words(warning, names) for warning in warnings],
        root=root,
    )
    return page.replace(_HELD, _BESIDE, 1)


_HELD, _BESIDE = "img-src data:;", "img-src data: 'self' file:;"
"""What :func:`advex.draw.pages.render` lets a page show, and what a page with drawings beside it must."""


def _name(path: str) -> str:
    return f"{Path(path).parent.name}/{Path(path).stem}"


def _ordered(scorecard: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return primary claims in the order in which these are listed, then all other rows."""
    others = scorecard[scorecard["kind"] != "primary"]
    return [*primary_rows(scorecard).to_dict("records"), *others.to_dict("records")]


def _figure(
    name: str,
    drawing: str,
    path: str,
    caption: str,
    rows: Sequence[dict[str, Any]],
    behind: Sequence[str],
    root: str,
) -> dict[str, Any]:
    its = [row for row in rows if row["figure"] == name]
    findings = [row for row in its if row["kind"] in FINDINGS]
    source, figure = name.split("/")
    return {
        "name": name,
        "finding": finding(drawing, path),
        "image": f"figures/{name}.svg",
        "paragraphs": [" ".join(text.split()) for text in caption.split("\n\n")],
        "rows": findings,
        "others": len(its) - len(findings),
        "data": [_below_study(path) for path in behind],
        "code": f"{root}/src/advex/discussion/{source}/figures/{figure}.py",
        "published": f"{root}/published/{source}.csv",
    }


def _below_study(path: str) -> str:
    return posixpath.join(*Path(path).parts[2:])


def _primary(rows: pd.DataFrame, order: Mapping[str, SourceWords]) -> dict[str, list[dict[str, Any]]]:
    """Return primary claims by the source that lists them, or else that of their file."""
    listing = {primary: name for name, words in order.items() for primary in words.primary}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in order}
    for row in rows.to_dict("records"):
        name = listing.get(row["primary"], row["source"])
        words = order[name].primary.get(row["primary"], row["quantity"])
        found[name].append(shown(row, {}) | {"words": words})
    for name, words in order.items():
        listed = list(words.primary)
        found[name].sort(
            key=lambda row: listed.index(row["primary"]) if row["primary"] in listed else len(listed)
        )
    return found


def _section(
    name: str,
    words: SourceWords,
    primary: Sequence[dict[str, Any]],
    figures: Sequence[dict[str, Any]],
    titles: Mapping[str, str],
) -> dict[str, Any]:
    its = [figure for figure in figures if figure["name"].startswith(f"{name}/")]
    return {
        "id": name,
        "words": words,
        "primary": primary,
        "sentence": sentence([claim["verdict"] for claim in primary]),
        "figures": its,
        "shown": [figure for figure in words.shown if figure in titles],
    }


def _pages(source: str, words: SourceWords, pages: Sequence[str]) -> list[dict[str, str]]:
    its = [path for path in pages if Path(path).parent.name == source]
    return [{"path": _below_study(path), "title": words.figure(Path(path).stem)} for path in its]


def scale_in_words(scale: Mapping[str, Any]) -> str:
    """Say on what data, how often, and what of it may be compared with what is published."""
    images = [f"{scale[key]:,} {what}" for key, what in _IMAGES.items() if scale[key] is not None]
    fewest, most = scale["seeds"]
    seeds = f"{fewest} to {most} seeds" if fewest < most else f"{most} {'seed' if most == 1 else 'seeds'}"
    parts = [scale["description"], *images, f"{scale['classes']} classes", seeds]
    if isinstance(scale["sizes_are_published"], bool):
        comparable = _PUBLISHED if scale["sizes_are_published"] else _OTHER
    else:
        comparable = "Data and networks are the published ones in some figures only."
    return f"Scale: {', '.join(parts)}. {comparable}"


_PUBLISHED = "Data and sizes are the published ones."
_OTHER = "Data and networks are not the published ones, so of what is trained only the effect can be shown."
_IMAGES = {"train_images": "training images", "test_images": "test images"}


def sentence(verdicts: Sequence[str], what: str = "primary claims") -> str:
    """Say how many of several claims hold, by their verdicts, and what becomes of the others."""
    if not verdicts:
        return f"none of the {what} is judged here"
    found = counts(pd.DataFrame({"verdict": verdicts}))
    there, of = sum(found.get(name, 0) for name in THERE), len(verdicts)
    at_size = found.get(REPRODUCED, 0)
    kind = what if of > 1 else what.removesuffix("s")
    said = f"{there or 'none'} of {of} {kind} {'holds' if there == 1 else 'hold'}"
    if at_size:
        said += f" ({at_size} of them at the published size too)"
    others = [
        f"{found[name]} {_are(found[name])} {words}" for name, words in _OTHERWISE.items() if name in found
    ]
    return "; ".join([said, ", ".join(others)]) if others else said


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


class _Links:
    """Where what notes name in code is found: figures and claims on the page, files in the repository."""

    def __init__(self, titles: Mapping[str, str], claims: set[str], root: str) -> None:
        self.titles = titles
        self.claims = claims
        self.root = root

    def notes(self, heading: str, all_notes: Sequence[Note]) -> list[dict[str, Any]]:
        """Return the notes below a heading, with links."""
        return [
            {"what": list(map(self._piece, note.what)), "ours": list(map(self._piece, note.ours)),
             "figures": [name for name in note.figures if name in self.titles]}
            for note in about(heading, all_notes)
        ]  # fmt: skip

    def _piece(self, piece: Piece) -> Piece:
        figure = piece.text.removeprefix("figures/").removesuffix(".svg")
        if piece.style == "link":
            local = "://" not in piece.to
            inside = posixpath.normpath(f"docs/{piece.to}")
            return piece._replace(to=f"{self.root}/{inside}" if local else piece.to)
        if piece.style != "code":
            return piece
        if figure in self.titles:
            return Piece("link", f"figure “{self.titles[figure]}”", f"#{figure}")
        if piece.text in self.claims:
            return Piece("link", piece.text.replace("_", " "), f"#claim/{piece.text}")
        if piece.text.startswith("measurements/") and piece.text.endswith(".csv"):
            return Piece("link", posixpath.basename(piece.text), piece.text)
        return piece
