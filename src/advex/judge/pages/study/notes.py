"""Notes on what is inconsistent in the published material: ``docs/discrepancies.md``, piece by piece."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_ROW = re.compile(r"^\| (.*) \| (.*) \|$")
_HEAD = ("what |", "--")
_PIECE = re.compile(
    r"\*\*(?P<strong>.+?)\*\*|`(?P<code>[^`]+)`|\[(?P<link>[^\]]+)\]\((?P<to>[^)\s]+)\)|\*(?P<em>[^*]+)\*"
)


class Piece(NamedTuple):
    """A piece of text in a style: ``plain``, ``strong``, ``em``, ``code``, or ``link`` and where it leads."""

    style: str
    text: str
    to: str = ""


@dataclass(frozen=True)
class Note:
    """One inconsistency.

    Attributes:
        heading: the heading of its part of the document.
        what: what is inconsistent or not stated.
        ours: what is done about it.
        figures: figures of ours that it names, ``<source>/<figure>``.
    """

    heading: str
    what: tuple[Piece, ...]
    ours: tuple[Piece, ...]
    figures: tuple[str, ...]


def notes(text: str) -> list[Note]:
    """Read the rows of all tables of two columns, each with the heading (of the second level) above it."""
    found, heading = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        row = _ROW.match(line)
        if row and not line.removeprefix("| ").startswith(_HEAD) and not set(line) <= set("|-: "):
            what, ours = row.groups()
            figures = re.findall(r"figures/([a-z0-9_]+/[a-z0-9_]+)\.svg", line)
            found.append(Note(heading, pieces(what), pieces(ours), tuple(dict.fromkeys(figures))))
    return found


def about(heading: str, all_notes: Sequence[Note]) -> list[Note]:
    """Return the notes below headings that begin so; none of none."""
    return [note for note in all_notes if heading and note.heading.startswith(heading)]


def pieces(text: str) -> tuple[Piece, ...]:
    """Split a line of Markdown where its style changes; links lead where they do from the folder ``docs``."""
    found: list[Piece] = []
    end = 0
    for match in _PIECE.finditer(text):
        if match.start() > end:
            found.append(Piece("plain", text[end : match.start()]))
        style = match.lastgroup or ""
        if style == "to":
            found.append(Piece("link", match["link"].strip("`"), match["to"]))
        else:
            found.append(Piece(style, match[style]))
        end = match.end()
    return (*found, *([Piece("plain", text[end:])] if end < len(text) else []))
