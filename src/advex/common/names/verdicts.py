"""The words for what becomes of a claim: on the scorecard, on pages, in the titles of figures."""

REPRODUCED = "reproduced"
SIZE_DIFFERS = "size differs"
EFFECT = "effect"
UNDECIDED = "undecided"
ABSENT = "absent"
CONTRADICTED = "contradicted"
NOT_MEASURABLE = "not measurable here"
NOT_TESTED = "not tested"

MEANINGS = {
    REPRODUCED: "the effect is there, sizes are comparable, and the interval of ours lies within the "
    "tolerance around the published number, if there is one",
    SIZE_DIFFERS: "the effect is there, sizes are comparable, and they are not surely within the tolerance",
    EFFECT: "the effect is there; sizes are not comparable at this scale",
    UNDECIDED: "the interval contains both that it is there and that it is not: more seeds would tell",
    ABSENT: "the interval lies inside a stated zone of no importance around no effect",
    CONTRADICTED: "the interval excludes the claim",
    NOT_MEASURABLE: "a premise fails at this size, or both sides stand at a floor or ceiling",
    NOT_TESTED: "out of scope, not measured, or fewer than two seeds",
}
"""What each verdict says; pure mathematics has the published sizes everywhere."""

VERDICTS = tuple(MEANINGS)
THERE = (REPRODUCED, SIZE_DIFFERS, EFFECT)
"""Verdicts that say that the effect is there."""
