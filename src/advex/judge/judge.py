"""The verdict on each published claim, and the words for it, from claims and measured tables.

Comparisons are paired by seed, and by image where the images' outcomes are known: "A > B" holds when the
95 % interval of A - B lies above 0 (:mod:`advex.judge.verdicts` has all rules). A size is held against the
published number only where it is comparable.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from advex.common.errors import UserError
from advex.common.names.verdicts import (
    EFFECT,
    NOT_MEASURABLE,
    NOT_TESTED,
    REPRODUCED,
    SIZE_DIFFERS,
    THERE,
    UNDECIDED,
)
from advex.judge.claims import MARKS, Claim, all_rows
from advex.judge.effects.measured import ROUNDING, NotTestedError
from advex.judge.effects.parts import Effect, Part, effect
from advex.judge.effects.words import UNITS, number
from advex.judge.selectors import Combination
from advex.judge.statistics.intervals import Estimate
from advex.judge.statistics.multiplicity import adjusted
from advex.judge.verdicts import HOLDS, OUTCOMES, Chances, joined, repeated, verdict, with_premises, worst

COLUMNS = (
    "claim", "kind", "primary", "source", "figure", "quantity", "published", "published_from", "ours",
    "ours_sd", "seeds", "ours_low", "ours_high", "varies", "criterion", "verdict", "p", "p_adjusted", "flips",
)  # fmt: skip
"""Columns of the scorecard; ``flips`` is how probably a repetition with other seeds has another verdict."""

_NAN = float("nan")


@dataclass(frozen=True)
class _Size:
    """How our size compares with the published one: inside the tolerance, how probably again, in words."""

    comparable: bool
    inside: bool
    again: Chances
    words: str


def judge(
    claims: Sequence[Claim],
    tables: Mapping[str, pd.DataFrame],
    published: pd.DataFrame,
    sizes_are_published: bool | Collection[str],
    classes: int,
    resplit: Collection[str] = (),
) -> pd.DataFrame:
    """Judge every claim; one row each, in the order given.

    Args:
        claims: from :func:`advex.judge.claims.load_claims`.
        tables: measured tables by name; claims whose tables are missing are not tested.
        published: from :func:`advex.judge.claims.load_published`.
        sizes_are_published: whether the study's data and sizes are those of the publication, or the names of
            the tables of which that is so.
        classes: the number of classes, which fixes chance.
        resplit: names of the tables whose seeds re-split one data set.

    Raises:
        UserError: a claim names an unknown published number or column, matches several rows of a seed, or
            is a premise of its own premise.
    """
    numbers = {str(row["key"]): row for row in published.to_dict("records")}
    rows = {claim.claim: _row(claim, numbers) for claim in claims}
    effects: dict[str, Effect | str] = {}
    for claim in claims:
        try:
            effects[claim.claim] = effect(claim, tables, classes, frozenset(resplit))
        except NotTestedError as reason:
            effects[claim.claim] = str(reason)
    chances: dict[str, Chances] = {}
    for claim in _premises_first(claims):
        row, found = rows[claim.claim], effects[claim.claim]
        if isinstance(found, Effect):
            row |= _numbers(found.ours)
        untested = found.untested if isinstance(found, Effect) else found
        if untested or isinstance(found, str):
            row |= {"criterion": f"not tested: {untested}", "verdict": NOT_TESTED}
            chances[claim.claim] = {NOT_TESTED: 1.0}
            continue
        unit = str(numbers[claim.published]["unit"]) if claim.published is not None else ""
        size = _size(claim, found.ours, float(str(row["published"])), unit, sizes_are_published)
        premises = {
            name: str(rows[name]["verdict"]) if name in rows else NOT_TESTED for name in claim.premise
        }
        outcome = with_premises(worst(part.outcome for part in found.parts), list(premises.values()))
        row["verdict"] = verdict(outcome, size.comparable, size.inside)
        row["criterion"] = "; ".join(_words(claim, found, size, premises))
        row["varies"] = _deciding(found.parts).found.varies
        if outcome != NOT_MEASURABLE:
            row["p"] = max(part.p for part in found.parts)
        chances[claim.claim] = _again(
            found.parts, size, [chances.get(name, {NOT_TESTED: 1.0}) for name in premises]
        )
        row["flips"] = max(0.0, 1 - chances[claim.claim].get(str(row["verdict"]), 0.0))
    table = pd.DataFrame([rows[claim.claim] for claim in claims], columns=list(COLUMNS))
    table["p_adjusted"] = adjusted(table["kind"], table["p"].astype(float))
    return table


def sizes_comparable(claim: Claim, sizes_are_published: bool | Collection[str]) -> bool:
    """Return whether a claim's number may be held against the published one, as :func:`judge` is told."""
    if claim.comparable != "study":
        return claim.comparable == "always"
    if isinstance(sizes_are_published, bool):
        return sizes_are_published
    return {rows.table or claim.table for rows in all_rows(claim)} <= set(sizes_are_published)


def _premises_first(claims: Sequence[Claim]) -> Iterator[Claim]:
    """Yield all claims, each after its premises."""
    by_name, done, open_ = {claim.claim: claim for claim in claims}, set[str](), set[str]()

    def visit(claim: Claim) -> Iterator[Claim]:
        if claim.claim in open_:
            raise UserError(f"claim {claim.claim}: rests on itself, through its premises")
        if claim.claim in done:
            return
        open_.add(claim.claim)
        for name in claim.premise:
            if name in by_name:
                yield from visit(by_name[name])
        open_.remove(claim.claim)
        done.add(claim.claim)
        yield claim

    for claim in claims:
        yield from visit(claim)


def _row(claim: Claim, numbers: Mapping[str, Mapping[Any, Any]]) -> dict[str, object]:
    """Begin a claim's row, with what was published."""
    row: dict[str, object] = {
        "claim": claim.claim, "kind": claim.kind, "primary": claim.primary or "", "source": claim.source,
        "figure": claim.figure, "quantity": claim.quantity, "published": _NAN, "published_from": "",
        "ours": _NAN, "ours_sd": _NAN, "seeds": 0, "ours_low": _NAN, "ours_high": _NAN, "varies": "",
        "criterion": "", "verdict": NOT_TESTED, "p": _NAN, "p_adjusted": _NAN, "flips": _NAN,
    }  # fmt: skip
    if claim.published is None:
        return row
    if claim.published not in numbers:
        raise UserError(
            f"claim {claim.claim}.published: found {claim.published!r}; allowed: a key of published/*.csv"
        )
    found = numbers[claim.published]
    where = f"{found['where']} ({MARKS[str(found['mark'])]})"
    return row | {"published": float(found["value"]), "published_from": where}


def _numbers(ours: Estimate) -> dict[str, object]:
    return {
        "ours": ours.mean,
        "ours_sd": ours.sd,
        "seeds": ours.n,
        "ours_low": ours.low,
        "ours_high": ours.high,
    }


def _deciding(parts: Sequence[Part]) -> Part:
    """Return the part that comes to the worst outcome, and of those the least sure."""
    return min(parts, key=lambda part: (OUTCOMES.index(part.outcome), -part.p))


def _words(claim: Claim, found: Effect, size: _Size, premises: Mapping[str, str]) -> Iterator[str]:
    """Yield the criterion, with its numbers, part by part."""
    for name, its in premises.items():
        holds = "holds" if its in THERE else "is undecided" if its == UNDECIDED else "fails"
        yield f"premise {name} {holds} ({its})"
    if len(found.parts) > 1:
        holding = sum(part.outcome == HOLDS for part in found.parts)
        yield f"{holding} of {len(found.parts)} parts hold"
    yield from (part.words for part in found.parts)
    yield size.words
    if isinstance(claim.ours, Combination) and claim.ours.along is not None:
        name = claim.ours.combine.replace("_", " ")
        yield f"{name} over {claim.ours.along} for each seed, then the mean over seeds"


def _size(
    claim: Claim, ours: Estimate, published: float, unit: str, sizes_are_published: bool | Collection[str]
) -> _Size:
    """Compare sizes, where they are comparable."""
    if claim.comparable == "never":
        what = "claim" if claim.published is None else f"{published:.10g}"
        words = f"the published {what} is of other data or networks; only the effect is judged"
        return _Size(False, False, {"": 1.0}, words)
    comparable = sizes_comparable(claim, sizes_are_published)
    if claim.tolerance is None:
        words = (
            "no published number to hold the size against"
            if comparable
            else "no published number; the effect is shown at this study's sizes only"
        )
        return _Size(comparable, True, {REPRODUCED: 1.0}, words)
    tolerance = claim.tolerance + ROUNDING
    near_by = f"{number(claim.tolerance)}{UNITS.get(unit, '')} of the published {published:.10g}"
    rule = f"95 % interval within {near_by}"
    if not comparable:
        return _Size(False, False, {"": 1.0}, f"{rule} (size comparable only at the published sizes)")

    def near(low: float, high: float) -> str:
        inside = published - tolerance <= low and high <= published + tolerance
        return REPRODUCED if inside else SIZE_DIFFERS

    inside = near(ours.low, ours.high) == REPRODUCED
    words = f"{rule}: {'holds' if inside else 'fails'} [{number(ours.low)} to {number(ours.high)}]"
    limits = [published - tolerance, published + tolerance]
    return _Size(True, inside, repeated(ours, near, limits), words)


def _again(parts: Sequence[Part], size: _Size, premises: Sequence[Chances]) -> Chances:
    """Return how probable each verdict is in a repetition; parts and premises are taken as independent."""
    own = joined([part.chances for part in parts], lambda one, other: worst([one, other]))
    for premise in premises:
        own = joined([own, premise], lambda outcome, its: with_premises(outcome, [its]))
    found: dict[str, float] = {}
    for outcome, share in own.items():
        if outcome != HOLDS:
            found[outcome] = found.get(outcome, 0.0) + share
        elif not size.comparable:
            found[EFFECT] = share
        else:
            found |= {name: share * part for name, part in size.again.items()}
    return found
