"""What is said of tables before they are made is so of a finished study, and claims find their rows."""

from pathlib import Path

import pytest

from advex.common.artifacts import read_table
from advex.common.numbers.outcomes import unpack
from advex.config import load
from advex.config.checks.tables import ANY_TEXT, known_tables
from advex.judge.claims import all_rows, claims_files, load_claims

ROOT = Path(__file__).parents[2]
PLAN = load(ROOT / "config")
DESCRIBED = known_tables(PLAN)
TABLES = {name: columns for name, columns in DESCRIBED.items() if PLAN.measured_in("test", name)}
"""Those of the study `test`; others are of studies with other data."""
CLAIMS = load_claims(claims_files(ROOT / "config/claims"))
OF_STUDIES = {"model", "corruption", "pair", "student", "dataset"}
"""Columns whose texts are names in a study's file, so that a small study need not have all."""


@pytest.mark.parametrize("name", TABLES)
def test_tables_hold_what_is_said_of_them(built: Path, name: str) -> None:
    table = read_table(built / f"results/test/measurements/{name}.csv")
    columns = TABLES[name]
    assert set(table.columns) == set(columns)
    for column, texts in columns.items():
        found = table[column].dropna()
        if texts is None:
            assert found.map(lambda value: isinstance(value, int | float)).all(), column
        elif texts != ANY_TEXT:
            assert set(found) <= texts, column


@pytest.mark.parametrize("name", [name for name, columns in TABLES.items() if "outcomes" in columns])
def test_outcomes_are_what_shares_are_of(built: Path, name: str) -> None:
    table = read_table(built / f"results/test/measurements/{name}.csv")
    rows = table[table["outcomes"].notna()]
    for row in rows.to_dict("records"):
        outcomes = unpack(row["outcomes"], int(row["images"]))
        assert abs(row["value"] - 100 * outcomes.mean()) < 1e-6, row
    accuracies = table[table["quantity"].str.contains("^(?:robust_)?accuracy") & (table["unit"] == "percent")]
    if name != "ilyas/attack_check":  # on the first images alone, so its rows have no outcomes
        assert accuracies["outcomes"].notna().all()


@pytest.mark.parametrize(
    "name",
    sorted(
        {str(each.table or claim.table) for claim in CLAIMS for each in all_rows(claim)}
        - (DESCRIBED.keys() - TABLES.keys())
    ),
)
def test_every_text_that_a_claim_asks_for_is_in_the_table(built: Path, name: str) -> None:
    table = read_table(built / f"results/test/measurements/{name}.csv")
    for claim in CLAIMS:
        for selector in all_rows(claim):
            if (selector.table or claim.table) != name:
                continue
            used = [*selector.rows, *selector.at_least, *selector.near, *filter(None, [selector.along])]
            assert set(used) <= set(table.columns), claim.claim
            for column, wanted in selector.rows.items():
                for value in wanted if isinstance(wanted, list) else [wanted]:
                    if isinstance(value, str) and column not in OF_STUDIES:
                        assert value in set(table[column]), f"{claim.claim}: {column} {value}"
