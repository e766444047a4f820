"""Which statements differ between two versions of a definition, and which of their differences say enough."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher

from advex.records.vouching.pieces import Piece, pieces, variables

_Statements = list[ast.stmt]


def differing(old: _Statements, new: _Statements, called: bool = False) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of two versions that differ, those that are gone with today's names of variables.

    Where nothing differs but such names, a condition need not have gone both ways.

    Args:
        old: the statements then.
        new: the statements today.
        called: as of :func:`advex.records.vouching.pieces.pieces`.
    """
    before, after = pieces(old, called), pieces(new, called)
    renamed = pieces(old, called, _renamed(old, new, called))
    matcher = SequenceMatcher(
        None, [each.text for each in renamed], [each.text for each in after], autojunk=False
    )
    gone, added = [], []
    for kind, first, last, other_first, other_last in matcher.get_opcodes():
        if kind != "equal":
            gone += renamed[first:last]
            added += after[other_first:other_last]
            continue
        for was, old_piece, new_piece in zip(
            before[first:last], renamed[first:last], after[other_first:other_last], strict=True
        ):
            if was.text != new_piece.text:
                gone.append(replace(old_piece, ways=()))
                added.append(replace(new_piece, ways=()))
    return gone, added


def _renamed(old: _Statements, new: _Statements, called: bool) -> Mapping[str, str]:
    """Return what variables are called today that had other names; nothing if that is not plain."""
    before, after = variables(old, called), variables(new, called)
    gone = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    known = {node.id for each in old for node in ast.walk(each) if isinstance(node, ast.Name)}
    if len(gone) != len(added) or known & set(added):
        return {}
    return dict(zip(gone, added, strict=True))


def other_values(old: Iterable[Piece], new: Iterable[Piece]) -> list[str]:
    """Return the names of what is given ahead of use, and is another value today."""
    before, after = (dict(pair for each in some for pair in each.values) for some in (old, new))
    return [name for name in before if after.get(name, before[name]) != before[name]]


def beyond_evidence(gone: Iterable[Piece], added: Iterable[Piece]) -> Iterator[tuple[Piece, str]]:
    """Yield the pieces that differ in what no run of another study vouches for, and in what.

    Args:
        gone: all pieces that differ of the code then.
        added: all of today's.
    """
    gone, added = list(gone), list(added)
    for mine, others in ((gone, added), (added, gone)):
        constants = _constants(others)
        own = _constants(mine)
        choices = Counter(text for each in others for text in each.choices)
        for piece in mine:
            if piece.is_field:
                yield piece, "a value in a class differs, which settings may leave at its default"
            here, there = own[piece.outline], constants[piece.outline]
            if here - there and there - here:
                yield piece, "a constant differs"
            if Counter(piece.choices) - choices:
                yield piece, "differs in a choice within a line, of which no line tells which way it went"


def _constants(some: Iterable[Piece]) -> dict[str, Counter[tuple[str, ...]]]:
    """Return how often statements that say the same otherwise say which constants."""
    found: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for piece in some:
        found[piece.outline][piece.constants] += 1
    return found
