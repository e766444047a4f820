"""What titles may say: verdicts from a figure's own tables."""

from pathlib import Path

import pandas as pd
import pytest

from advex.common.names.verdicts import CONTRADICTED, EFFECT, NOT_MEASURABLE, NOT_TESTED, UNDECIDED
from advex.config import load
from advex.judge.claims import PUBLISHED_COLUMNS, all_rows, claims_files, load_claims
from advex.judge.shown import verdicts_shown

ROOT = Path(__file__).parents[3]
NOTHING_PUBLISHED = pd.DataFrame(columns=list(PUBLISHED_COLUMNS))
CLAIMS = """
claims:
  - {claim: attack_works, kind: premise, figure: attack, quantity: hits, table: doe/attack,
     ours: {rows: {quantity: hits}}, effect: [{above: 50}]}
  - {claim: set_teaches, figure: teaching, quantity: accuracy, table: doe/teaching, premise: [attack_works],
     ours: {rows: {quantity: accuracy}}, effect: [{above: 10}]}
"""


def table(quantity, *values):
    rows = [
        {"seed": seed, "quantity": quantity, "value": value, "unit": "percent"}
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def claims(tmp_path):
    folder = tmp_path / "doe"
    folder.mkdir()
    (folder / "claims.yaml").write_text(CLAIMS)
    return load_claims([folder / "claims.yaml"])


def shown(claims, **tables):
    named = {f"doe/{name}": found for name, found in tables.items()}
    return verdicts_shown(claims, "doe/teaching", named, NOTHING_PUBLISHED, False, 10)


def test_premises_count_where_the_figures_tables_tell_of_them(claims):
    teaching = table("accuracy", 40, 41, 42)
    assert shown(claims, teaching=teaching, attack=table("hits", 90, 91, 92)) == {"set_teaches": EFFECT}
    assert shown(claims, teaching=teaching, attack=table("hits", 9, 8, 7)) == {"set_teaches": NOT_MEASURABLE}


def test_without_them_a_claim_may_hold_but_is_not_contradicted(claims):
    assert shown(claims, teaching=table("accuracy", 40, 41, 42)) == {"set_teaches": EFFECT}
    assert shown(claims, teaching=table("accuracy", 1, 2, 1)) == {"set_teaches": UNDECIDED}
    both = {"teaching": table("accuracy", 1, 2, 1), "attack": table("hits", 90, 91, 92)}
    assert shown(claims, **both) == {"set_teaches": CONTRADICTED}
    assert shown(claims, teaching=table("accuracy", 40)) == {"set_teaches": NOT_TESTED}
    assert shown(claims) == {}


def test_claims_of_drawn_figures_are_told_by_the_tables_that_they_read():
    """Titles agree with the scorecard: a figure reads what its primary claims and their premises need.

    Those few that would need many more trainings are named here; see :func:`verdicts_shown`.
    """
    plan = load(ROOT / "config")
    claims = {claim.claim: claim for claim in load_claims(claims_files(ROOT / "config/claims"))}

    def needed(claim):
        own = {str(rows.table or claim.table) for rows in all_rows(claim)}
        return own.union(*(needed(claims[name]) for name in claim.premise))

    lacking = {
        claim.primary
        for claim in claims.values()
        if claim.primary
        and not needed(claim) <= set(plan.figure_reads("digits", f"{claim.source}/{claim.figure}"))
    }
    assert lacking == {"I5", "I6", "I7", "R2"}
