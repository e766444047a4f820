"""The criterion of a claim, which the judge writes in short, in sentences."""

import re
from collections.abc import Mapping

from advex.common.names.verdicts import ABSENT, CONTRADICTED, UNDECIDED
from advex.judge.pages.study.rows import in_words

_PART = re.compile(
    r"(?P<left>.+?) (?P<relation>>|<|=|not more than \S+ (?:above|below)) (?P<right>.+): "
    r"(?P<outcome>[^:\[]+) "
    r"\[difference (?P<difference>\S+), (?P<interval>.+? to \S+) over (?P<over>.+)\]"
)
_PREMISE = re.compile(r"premise (?P<name>\w+) (?P<holds>holds|is undecided|fails) \((?P<verdict>.+)\)")
_CHANCE = re.compile(r"chance \((\S+)\)")
_RELATIONS = {">": "must be above", "<": "must be below", "=": "must equal"}
_OUTCOMES = {
    "holds": "It does",
    UNDECIDED: "That is undecided",
    CONTRADICTED: "It does not",
    ABSENT: "There is no difference that matters",
}


def sentences(criterion: str, names: Mapping[str, str], quantities: Mapping[str, str]) -> list[str]:
    """Say what a claim asks for and what came of it.

    Args:
        criterion: of a row of the scorecard, its parts apart by semicolons.
        names: words for identifiers.
        quantities: what each claim is about, by its name; premises are claims.
    """
    return [_sentence(part, names, quantities) for part in criterion.split("; ") if part]


def _sentence(part: str, names: Mapping[str, str], quantities: Mapping[str, str]) -> str:
    if found := _PREMISE.fullmatch(part):
        what = quantities.get(found["name"], in_words(found["name"], names))
        return f"Its premise, \u201c{what}\u201d, {found['holds']} ({found['verdict']})."
    found = _PART.fullmatch(part)
    if not found:
        return f"{_capital(in_words(part, names))}."
    left, right = (_CHANCE.sub(r"chance (\1 %)", in_words(found[side], names)) for side in ("left", "right"))
    relation = _RELATIONS.get(found["relation"], f"must be {found['relation']}")
    outcome = _OUTCOMES.get(found["outcome"], _capital(found["outcome"]))
    return (
        f"{_capital(left)} {relation} {right}, by a 95 % interval. {outcome}: the difference is "
        f"{found['difference']} ({found['interval']}), over {found['over']}."
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
