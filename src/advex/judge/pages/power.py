"""Power: how many seeds every primary claim needs, from what ours vary by."""

from collections.abc import Collection, Mapping, Sequence
from math import inf, isnan, sqrt

import pandas as pd

from advex.judge.claims import PRIMARY, Claim
from advex.judge.effects.measured import NotTestedError
from advex.judge.effects.parts import Part, effect
from advex.judge.effects.words import number, requirement
from advex.judge.judge import sizes_comparable
from advex.judge.statistics.intervals import SPLITS
from advex.judge.statistics.power import MOST, seeds_needed
from advex.judge.verdicts import boundary

COLUMNS = ("primary", "claim", "comparison", "spread", "effect", "from", "needed", "seeds")
"""Columns of the table of power."""


def power_table(
    claims: Sequence[Claim],
    tables: Mapping[str, pd.DataFrame],
    published: pd.DataFrame,
    sizes_are_published: bool | Collection[str],
    classes: int,
    resplit: Collection[str] = (),
) -> pd.DataFrame:
    """Return for every primary claim how many seeds settle half its effect, nine times in ten.

    Arguments are those of :func:`advex.judge.judge.judge`. Of several comparisons the one that needs most
    seeds is shown. An effect is the distance of the difference from what it must pass: of the published
    number where sizes are comparable and the reference is a number, else of ours.

    Returns:
        Columns :data:`COLUMNS`: ``spread`` is the standard deviation of the paired difference between seeds;
        ``needed`` is NaN where more than ``MOST`` would be needed. Claims not tested have no numbers.
    """
    numbers = published.set_index("key")["value"].to_dict()
    rows = []
    for claim in sorted(
        (claim for claim in claims if claim.primary is not None),
        key=lambda claim: PRIMARY.index(str(claim.primary)),
    ):
        row: dict[str, object] = dict.fromkeys(COLUMNS, float("nan"))
        row |= {"primary": claim.primary, "claim": claim.claim, "comparison": "", "from": "", "seeds": 0}
        try:
            found = effect(claim, tables, classes, frozenset(resplit))
        except NotTestedError:
            rows.append(row)
            continue
        row["seeds"] = found.ours.n
        theirs = numbers.get(str(claim.published)) if sizes_comparable(claim, sizes_are_published) else None
        judged = [_judged(part, claim, theirs, 100 / classes) for part in found.parts]
        if judged:
            most = max(judged, key=_most_needed)
            row |= most
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _most_needed(judged: dict[str, object]) -> float:
    needed = float(str(judged["needed"]))
    return inf if isnan(needed) else needed


def _judged(part: Part, claim: Claim, published: float | None, chance: float) -> dict[str, object]:
    found, reference = part.found, part.comparison.reference
    difference, source = found.mean, "ours"
    if published is not None and part.comparison.of is None and isinstance(reference, float | int | str):
        difference = published - (chance if isinstance(reference, str) else reference)
        source = "published"
    limit = boundary(part.comparison.side, part.margin, part.comparison.within, difference)
    distance = abs(difference - limit)
    splits = found.varies == SPLITS
    by_images = 0.0 if splits else sqrt(max(0.0, found.error**2 - found.seeds_error**2))
    share = (found.error / found.seeds_error) ** 2 / found.n - 1 / found.n if splits and found.sd else 0.0
    needed = seeds_needed(distance / 2, found.sd, by_images, share)
    return {
        "comparison": requirement(part.comparison, claim, chance, part.margin),
        "spread": found.sd,
        "effect": distance,
        "from": source,
        "needed": float("nan") if needed is None else needed,
        "seeds": found.n,
    }


def power_markdown(study: str, table: pd.DataFrame) -> str:
    """Write the table of :func:`power_table` in Markdown."""
    known = table[table["comparison"] != ""]
    enough = int((known["needed"] <= known["seeds"]).sum())
    lines = [
        f"Study `{study}`: {enough} of the {len(known)} primary claims that were tested have the seeds they "
        f"need; {len(table) - len(known)} were not tested.",
        "",
        "| | comparison | spread | effect | from | seeds needed | seeds |",
        "|---|---|---:|---:|---|---:|---:|",
    ]
    for row in table.to_dict("records"):
        if row["comparison"] == "":
            lines.append(f"| {row['primary']} | {row['claim']}: not tested | | | | | |")
            continue
        needed = f"more than {MOST}" if isnan(row["needed"]) else f"{row['needed']:.0f}"
        lines.append(
            f"| {row['primary']} | {row['comparison']} | {number(row['spread'])} | {number(row['effect'])} | "
            f"{row['from']} | {needed} | {row['seeds']} |"
        )
    return "\n".join(lines)
