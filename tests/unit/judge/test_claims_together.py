"""Files of claims together: one row for one comparison, primary claims, a log that speaks of them."""

import datetime
import json
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from advex.config import load
from advex.judge.claims import FINDINGS, LOG, PRIMARY, Claim, claims_files, load_claims, load_published
from advex.judge.selectors import Combination, RowSelector

ROOT = Path(__file__).parents[3]
CLAIMS = load_claims(claims_files(ROOT / "config" / "claims"))
PLAN = load(ROOT / "config")
PUBLISHED = load_published(sorted((ROOT / "published").glob("*.csv")))
CHANGES: list[dict[str, Any]] = yaml.safe_load((ROOT / "config/claims" / LOG).read_text())["changes"]


def _side(selector: object, claim: Claim) -> str:
    """One side of a comparison as text, with the table that each part reads."""

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            part = {key: filled(value) for key, value in part.items()}
            return part | {"table": part.get("table") or claim.table} if "rows" in part else part
        return [filled(each) for each in part] if isinstance(part, list | tuple) else part

    found = selector.model_dump() if isinstance(selector, RowSelector | Combination) else selector
    return json.dumps(filled(found), sort_keys=True)


def comparisons(claim: Claim) -> frozenset[tuple[str, ...]]:
    """What a claim compares; "A below B" and "B above A" are the same."""
    found = set()
    for each in claim.effect:
        left, right = _side(each.of or claim.ours, claim), _side(each.reference, claim)
        side = each.side if each.within is None else f"{each.side} {each.within}"
        if side in ("below", "not_below"):
            left, right, side = right, left, side.replace("below", "above")
        found.add((left, side, right))
    return frozenset(found)


def test_no_two_rows_are_the_same_comparison() -> None:
    rows = defaultdict(list)
    for claim in CLAIMS:
        if claim.not_tested is None:
            rows[comparisons(claim)].append(claim.claim)
    assert [names for names in rows.values() if len(names) > 1] == []


def test_a_mirrored_comparison_would_be_found() -> None:
    claim = next(claim for claim in CLAIMS if claim.claim == "robust_accuracy")
    (comparison,) = claim.effect
    mirrored = {"of": comparison.below, "above": claim.ours, "below": None}
    other = claim.model_copy(update={"effect": (comparison.model_copy(update=mirrored),)})
    assert comparisons(other) == comparisons(claim)


def test_every_primary_claim_has_its_row() -> None:
    assert {claim.primary for claim in CLAIMS if claim.primary} == set(PRIMARY)
    assert [claim.claim for claim in CLAIMS if claim.kind == "primary" and claim.not_tested] == []


def test_findings_rest_on_premises_or_findings_and_premises_on_nothing() -> None:
    kinds = {claim.claim: claim.kind for claim in CLAIMS}
    wrong = [
        (claim.claim, name)
        for claim in CLAIMS
        for name in claim.premise
        if kinds[name] not in ("premise", *FINDINGS) or claim.kind == "premise"
    ]
    assert wrong == []


def test_a_published_number_is_answered_by_the_source_that_has_it() -> None:
    source = dict(zip(PUBLISHED["key"], PUBLISHED["source"], strict=True))
    assert [(claim.claim, key) for claim in CLAIMS for key in claim.also if source[key] != claim.source] == []
    assert [claim.claim for claim in CLAIMS if claim.published in claim.also] == []


def test_twenty_per_cent_is_ten_points_over_chance_wherever_filters_are_measured() -> None:
    measured = [
        study for study in PLAN.studies if "gilmer_hendrycks/frequency_filters" in PLAN.figure_names(study)
    ]
    assert measured
    assert {PLAN.study(study).data.classes for study in measured} == {10}


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_an_entry_of_the_log_says_all_and_names_claims(change: dict[str, Any]) -> None:
    assert set(change) == {"date", "claims", "change", "reason", "results_known"}
    assert isinstance(change["date"], datetime.date)
    assert isinstance(change["results_known"], bool)
    assert all(change[name].strip() for name in ("change", "reason"))
    names = [claim.claim for claim in CLAIMS]
    assert any(fnmatchcase(name, pattern) for pattern in change["claims"] for name in names)


def test_the_log_is_in_the_order_of_its_dates() -> None:
    dates = pd.Series([change["date"] for change in CHANGES])
    assert dates.is_monotonic_increasing
