"""A comment's own numbers, held against its claims: one that they do not meet is a mistake in the claim."""

from collections.abc import Mapping, Sequence, Set

import pandas as pd

from advex.common.names.verdicts import CONTRADICTED, NOT_TESTED, REPRODUCED, SIZE_DIFFERS
from advex.judge.claims import Claim, needed_tables
from advex.judge.judge import judge


def check_own_numbers(
    claims: Sequence[Claim],
    tables: Mapping[str, pd.DataFrame],
    published: pd.DataFrame,
    sizes_that_differ: Set[str] = frozenset(),
    contradicted: Set[str] = frozenset(),
) -> None:
    """Check that tables made of published numbers reproduce all tested claims but for known contradictions.

    Args:
        claims: of one comment or several.
        tables: by name, all that the claims read and no other.
        published: all published numbers.
        sizes_that_differ: claims of which the comment's own numbers have the effect but not the size.
        contradicted: claims that the comment's own numbers contradict.
    """
    tested = [claim for claim in claims if claim.not_tested is None]
    assert {table for claim in tested for table in needed_tables([claim])} == set(tables)
    result = judge(tested, dict(tables), published, True, 10).set_index("claim")
    others = result.loc[result["verdict"] != REPRODUCED, "verdict"].to_dict()
    assert others == dict.fromkeys(sizes_that_differ, SIZE_DIFFERS) | dict.fromkeys(
        contradicted, CONTRADICTED
    )
    assert set(judge(tested, {}, published, True, 10)["verdict"]) == {NOT_TESTED}
