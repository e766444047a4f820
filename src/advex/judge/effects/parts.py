"""The parts of a claim's effect: each comparison's difference, what it comes to, and that in words."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from advex.common.errors import UserError
from advex.common.names.verdicts import NOT_MEASURABLE
from advex.judge.claims import Claim
from advex.judge.effects.measured import PERCENT, ROUNDING, Measured, NotTestedError
from advex.judge.effects.words import counted, number, requirement
from advex.judge.selectors import Combination, Comparison, RowSelector
from advex.judge.statistics.intervals import Estimate, Values, estimate
from advex.judge.verdicts import Chances, outcome, p_value, repeated

MARGIN = 2.0
"""Percentage points that are of no importance, where a claim says nothing else."""

_MINIMUM_SEEDS = 2


@dataclass(frozen=True)
class Part:
    """One comparison, judged.

    Attributes:
        comparison: what was asked.
        found: the difference of left side and reference.
        margin: how far from no difference is of no importance; empty for no such zone.
        outcome: one of :data:`advex.judge.verdicts.OUTCOMES`.
        p: of its hypothesis, one-sided.
        chances: of outcomes in a repetition.
        words: all this in words.
    """

    comparison: Comparison
    found: Estimate
    margin: float | None
    outcome: str
    p: float
    chances: Chances
    words: str


@dataclass(frozen=True)
class Effect:
    """Our number, and the parts of the effect, or why they are not tested."""

    ours: Estimate
    parts: tuple[Part, ...] = ()
    untested: str = ""


def effect(
    claim: Claim, tables: Mapping[str, pd.DataFrame], classes: int, resplit: frozenset[str] = frozenset()
) -> Effect:
    """Estimate our number and judge all parts of a claim's effect.

    Args:
        claim: which says what to compare.
        tables: measured tables by name.
        classes: the number of classes, which fixes chance.
        resplit: tables whose seeds re-split one data set.

    Raises:
        NotTestedError: there is nothing to test, or the tables do not hold our number.
        UserError: the claim does not fit the tables.
    """
    if claim.not_tested is not None or claim.ours is None:
        raise NotTestedError(claim.not_tested or "nothing to test")
    measured = Measured(claim, tables, resplit)
    values = measured.values(claim.ours)
    ours = estimate(values)
    try:
        if reason := _few(ours.n):
            raise NotTestedError(reason)
        return Effect(ours, tuple(_part(measured, each, values, 100 / classes) for each in claim.effect))
    except NotTestedError as untested:
        return Effect(ours, untested=str(untested))


def _few(seeds: int) -> str:
    """Say that there are too few seeds, if so."""
    return f"{counted(seeds, 'seed')}; an interval needs {_MINIMUM_SEEDS}" if seeds < _MINIMUM_SEEDS else ""


def _part(measured: Measured, comparison: Comparison, ours: Values, chance: float) -> Part:
    claim, reference = measured.claim, comparison.reference
    left = ours if comparison.of is None else measured.values(comparison.of)
    at_bound = ""
    if isinstance(reference, RowSelector | Combination):
        right = measured.values(reference)
        difference = left.minus(right)
        if comparison.side in ("above", "below"):
            at_bound = _bound(left, right, difference)
    else:
        difference = left.minus_constant(chance if isinstance(reference, str) else float(reference))
    margin = claim.margin
    if margin is None and difference.unit == PERCENT:
        margin = MARGIN
    if margin is None and comparison.needs_margin:
        raise UserError(f"claim {claim.claim}: {comparison.side} of what is not in percent needs a margin")
    asked = requirement(comparison, claim, chance, margin)
    if reason := _few(len(difference.numbers)):
        raise NotTestedError(f"{asked}: {reason}")
    found = estimate(difference)
    within = comparison.within

    def judged(low: float, high: float) -> str:
        return outcome(comparison.side, low, high, margin, within)

    what = NOT_MEASURABLE if at_bound else judged(found.low, found.high)
    limits = [0.0, *(sign * limit for limit in (margin, within) if limit is not None for sign in (-1, 1))]
    return Part(
        comparison,
        found,
        margin,
        what,
        p_value(comparison.side, found, margin, within),
        {NOT_MEASURABLE: 1.0} if at_bound else repeated(found, judged, limits),
        f"{asked}: {f'not measurable, {at_bound}' if at_bound else what} [difference {number(found.mean)}, "
        f"{number(found.low)} to {number(found.high)} over {_sample(found)}]",
    )


def _bound(left: Values, right: Values, difference: Values) -> str:
    """Say that both sides stand at 0 or 100 % in every seed, if so."""
    if difference.unit == PERCENT:
        for bound, name in ((0.0, "floor"), (100.0, "ceiling")):
            sides = pd.concat([left.numbers, right.numbers])
            if ((sides - bound).abs() <= ROUNDING).all():
                return f"both sides stand at {bound:.0f} % in every seed, a {name}"
    return ""


def _sample(found: Estimate) -> str:
    words = counted(found.n, "re-split" if found.varies == "re-splits" else "seed")
    if found.images:
        words += f" and {' and '.join(map(str, found.images))} images"
    return words
