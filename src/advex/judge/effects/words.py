"""Claims in words: what is selected, what is asked of it, and numbers."""

from collections.abc import Mapping

from advex.judge.claims import Claim, all_rows
from advex.judge.selectors import Combination, Comparison, RowSelector

UNITS: Mapping[str, str] = {
    "percent": " percentage points",
    "degrees": " degrees",
    "images": " images",
}
"""Units of differences."""


def describe(selector: RowSelector | Combination, claim: Claim) -> str:
    """Say what a selector selects."""
    if isinstance(selector, Combination):
        first, second = (describe(part, claim) for part in selector.of)
        joint = {"difference": "minus", "ratio": "over", "slope": "to"}.get(selector.combine, "with")
        name = f"{selector.combine.replace('_', ' ')} of " if selector.along else ""
        return f"{name}({first}) {joint} ({second})"
    rows = dict(selector.rows)
    words = _listed(rows.pop("quantity", "value")).replace("_", " ")
    if selector.pick != "only":
        words = f"{selector.pick} {words} by {selector.along}"
    model = rows.pop("model", rows.pop("method", None))
    if model is not None:
        words += f" of {_listed(model)}"
    others = [f"{column} {_listed(wanted)}" for column, wanted in rows.items()]
    others += [f"{column} at least {number(smallest)}" for column, smallest in selector.at_least.items()]
    others += [
        f"{column} {number(near.value / near.over)} to within {number(near.within)}"
        for column, near in selector.near.items()
    ]
    if selector.table not in (None, claim.table) or len({part.table for part in all_rows(claim)}) > 1:
        others.append(f"from {selector.table or claim.table}")
    return f"{words} ({', '.join(others)})" if others else words


def requirement(comparison: Comparison, claim: Claim, chance: float | None, margin: float | None) -> str:
    """Say what a comparison asks for: left side, relation, reference; chance as a number if known."""
    left = comparison.of or claim.ours
    assert left is not None, f"{claim.claim}: a comparison without a left side"
    reference = comparison.reference
    if isinstance(reference, RowSelector | Combination):
        words = describe(reference, claim)
    elif isinstance(reference, str):
        words = "chance" if chance is None else f"chance ({number(chance)})"
    else:
        words = number(reference)
    relation = {
        "above": f"> {words}",
        "below": f"< {words}",
        "equals": f"= {words} to within {number(float(comparison.within or 0))}",
        "not_above": f"not more than {number(float(margin or 0))} above {words}",
        "not_below": f"not more than {number(float(margin or 0))} below {words}",
    }
    return f"{describe(left, claim)} {relation[comparison.side]}"


def counted(count: int, name: str) -> str:
    """Say how many there are of something."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def number(value: float) -> str:
    """Write a number with four digits."""
    return f"{value:.4g}"


def _listed(value: object) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join("none" if item is None else str(item) for item in values)
