"""What the claims that a figure shows come to, by the tables behind the figure: what its title may say."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from advex.common.names.verdicts import ABSENT, CONTRADICTED, UNDECIDED
from advex.judge.claims import Claim, all_rows
from advex.judge.judge import judge


def verdicts_shown(
    claims: Sequence[Claim],
    figure: str,
    tables: Mapping[str, pd.DataFrame],
    published: pd.DataFrame,
    sizes_are_published: bool | Collection[str],
    classes: int,
    resplit: Collection[str] = (),
) -> dict[str, str]:
    """Return the verdict on each claim that a figure shows, by the claim's name.

    It is the scorecard's, since the same judge finds it, but for claims with premises that only other tables
    tell of: such a claim holds here if its own comparisons do, and is else undecided, since a premise that is
    not met may be the reason.

    Args:
        claims: of the figure's source.
        figure: source and name of the figure ("ilyas/relabelled").
        tables: the tables behind the figure, by name.
        published: the numbers that claims may name.
        sizes_are_published: as :func:`advex.judge.judge.judge` is told.
        classes: the number of classes, which fixes chance.
        resplit: names of the tables whose seeds re-split one data set.

    Raises:
        UserError: a claim does not fit the tables.
    """
    told = {claim.claim: claim for claim in claims if _needed(claim) <= set(tables)}
    known = [
        claim.model_copy(update={"premise": tuple(name for name in claim.premise if name in told)})
        for claim in told.values()
    ]
    if not known:
        return {}
    table = judge(known, tables, published, sizes_are_published, classes, resplit)
    here = table[table["source"] + "/" + table["figure"] == figure]
    found = dict(zip(here["claim"], here["verdict"], strict=True))
    unsure = {claim.claim for claim in told.values() if not told.keys() >= set(claim.premise)}
    return {
        name: UNDECIDED if name in unsure and verdict in (CONTRADICTED, ABSENT) else verdict
        for name, verdict in found.items()
    }


def _needed(claim: Claim) -> set[str]:
    return {str(rows.table or claim.table) for rows in all_rows(claim)} if claim.ours is not None else set()
