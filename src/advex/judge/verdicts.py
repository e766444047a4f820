"""Verdicts: what each says, and which a difference, its parts and its premises amount to."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce

from scipy.special import ndtr

from advex.common.names.verdicts import (
    ABSENT,
    CONTRADICTED,
    EFFECT,
    NOT_MEASURABLE,
    REPRODUCED,
    SIZE_DIFFERS,
    THERE,
    UNDECIDED,
)
from advex.judge.statistics.intervals import Estimate

HOLDS = "holds"
OUTCOMES = (CONTRADICTED, ABSENT, NOT_MEASURABLE, UNDECIDED, HOLDS)
"""What a comparison can come to; of several, the first that occurs is the effect's."""

_ROUNDING = 1e-9


def outcome(
    side: str, low: float, high: float, margin: float | None = None, within: float | None = None
) -> str:
    """Return what a comparison comes to.

    Args:
        side: one of :data:`advex.judge.selectors.SIDES`.
        low: lower end of the interval of the left side minus the reference.
        high: its upper end.
        margin: how far from no difference is of no importance; none, and no difference is ever ``absent``.
        within: for ``equals``, how far it may lie away.
    """
    if side in ("below", "not_below"):
        low, high = -high, -low
    if side == "equals":
        width = (within or 0) + _ROUNDING
        holds, excluded = -width <= low and high <= width, low > width or high < -width
    elif side in ("not_above", "not_below"):
        limit = margin or 0
        holds, excluded = high < limit - _ROUNDING, low > limit + _ROUNDING
    else:
        holds, excluded = low > _ROUNDING, high < -_ROUNDING
        if margin is not None and not holds and -margin - _ROUNDING <= low and high <= margin + _ROUNDING:
            return ABSENT
    return HOLDS if holds else CONTRADICTED if excluded else UNDECIDED


def boundary(side: str, margin: float | None, within: float | None, difference: float = 0.0) -> float:
    """Return the difference that a comparison must pass to hold; for ``equals`` the nearer one."""
    if side == "equals":
        return math.copysign(within or 0, difference)
    return {"not_above": margin or 0, "not_below": -(margin or 0)}.get(side, 0.0)


def p_value(side: str, found: Estimate, margin: float | None = None, within: float | None = None) -> float:
    """Return the p value of a comparison: a one-sided t test of its hypothesis, two of ``equals`` (TOST)."""
    if side == "equals":
        width = within or 0
        return max(found.p_above(-width - _ROUNDING), found.p_below(width + _ROUNDING))
    limit = boundary(side, margin, within)
    return found.p_above(limit) if side in ("above", "not_below") else found.p_below(limit)


def worst(outcomes: Iterable[str]) -> str:
    """Return what several comparisons, all of which must hold, come to."""
    return min(outcomes, key=OUTCOMES.index)


def with_premises(own: str, premises: Sequence[str]) -> str:
    """Return what an effect's outcome comes to with the verdicts of its premises."""
    if any(verdict not in (*THERE, UNDECIDED) for verdict in premises):
        return NOT_MEASURABLE
    return UNDECIDED if UNDECIDED in premises else own


def verdict(own: str, comparable: bool, inside: bool) -> str:
    """Return the verdict of an outcome; ``inside``: our size is the published one, or none is published."""
    if own != HOLDS:
        return own
    if not comparable:
        return EFFECT
    return REPRODUCED if inside else SIZE_DIFFERS


Chances = Mapping[str, float]
"""How probable each outcome or verdict is in a repetition."""


def repeated(found: Estimate, judged: Callable[[float, float], str], limits: Sequence[float]) -> Chances:
    """Return how a repetition with other seeds would be judged, by the normal approximation.

    Its mean differs from ours by what seeds vary, twice; the width of its interval is taken to be ours.

    Args:
        found: our interval.
        judged: the outcome of an interval, by its ends.
        limits: the points where an end of the interval changes the outcome.
    """
    half, spread = found.half_width, math.sqrt(2) * found.seeds_error
    if spread == 0 or math.isnan(spread):
        return {judged(found.low, found.high): 1.0}
    steps = sorted({limit + sign * half for limit in limits for sign in (-1, 1)})
    chances: dict[str, float] = {}
    for low, high in zip([-math.inf, *steps], [*steps, math.inf], strict=True):
        inside = (low + high) / 2
        if math.isinf(inside) or math.isnan(inside):
            inside = high - half - 1 if math.isinf(low) else low + half + 1
        share = float(ndtr((high - found.mean) / spread) - ndtr((low - found.mean) / spread))
        name = judged(inside - half, inside + half)
        chances[name] = chances.get(name, 0.0) + share
    return chances


def joined(several: Sequence[Chances], join: Callable[[str, str], str]) -> Chances:
    """Return the chances of what independent outcomes come to, two at a time."""

    def pair(first: Chances, second: Chances) -> Chances:
        chances: dict[str, float] = {}
        for one, its in first.items():
            for other, others in second.items():
                name = join(one, other)
                chances[name] = chances.get(name, 0.0) + its * others
        return chances

    return reduce(pair, several)
