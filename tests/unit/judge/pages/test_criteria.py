"""Criteria in words, and the log of their changes."""

from pathlib import Path

import pytest
from outside_modules import module_at

from advex.common.errors import UserError
from advex.judge.claims import LOG, Claim, claims_files, load_claims
from advex.judge.pages.criteria import Change, criteria_markdown, load_log

ROOT = Path(__file__).parents[4]
CHANGE = {
    "date": "2026-11-28", "claims": ["on_*"], "change": "below | chance", "reason": "says so",
    "results_known": True,
}  # fmt: skip


def claim(**changes: object) -> Claim:
    form: dict[str, object] = {
        "claim": "made_up", "source": "ilyas", "figure": "relabelled", "quantity": "accuracy of a",
        "table": "ilyas/made_up", "ours": {"rows": {"model": "a"}},
        "effect": [{"above": "chance"}, {"not_below": {"rows": {"model": "b"}}}],
    }  # fmt: skip
    return Claim.model_validate(form | changes)


def test_criteria_say_what_is_compared_and_changes_who_knew_what() -> None:
    first = claim(claim="first", kind="primary", primary="I2", margin=3, premise=["made_up"])
    second = claim(published="thirty", tolerance=4)
    untested = claim(claim="third", kind="side", ours=None, effect=[], not_tested="needs ImageNet")
    text = criteria_markdown([second, untested, first], [Change.model_validate(CHANGE)])
    assert "| 2026-11-28 | `on_*` | below \\| chance | says so | yes |" in text
    assert (
        "| I2 `first` | accuracy of a | value of a > chance; value of a not more than 3 below value of b; "
        "margin 3; premise: `made_up` |" in text
    )
    assert (
        "| `made_up` | accuracy of a | value of a > chance; value of a not more than 2 below value of b; "
        "size: within 4 of `thirty`, where sizes are the published ones |" in text
    )
    assert "| `third` | accuracy of a | not tested: needs ImageNet |" in text
    order = ["## Changes", "## Primary claims", "## Other claims", "## Side rows, which are no findings"]
    assert sorted(order, key=text.index) == order


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("changes: {a: 1}", "changes: found"),
        (
            "changes: [{date: soon, claims: [a], change: b, reason: c, results_known: true}]",
            "changes.0.date: found",
        ),
        (
            "changes: [{date: 2026-11-28, claims: [], change: b, reason: c, results_known: true}]",
            "changes.0.claims",
        ),
        ("changes: [{date: 2026-11-28, claims: [a], change: b, results_known: true}]", "changes.0.reason"),
        (
            "changes: [{date: 2026-11-28, claims: [a], change: b, reason: c, known: true}]",
            "found unknown known",
        ),
        ("changes: [", "not YAML"),
        (
            "changes:\n  - &a {date: 2026-11-28, claims: [a], change: b, reason: c, results_known: true}\n"
            "  - {<<: *a, date: 2026-11-27}",
            "found 2026-11-27 after 2026-11-28",
        ),
    ],
)
def test_a_log_of_another_form_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / LOG).write_text(text)
    with pytest.raises(UserError) as raised:
        load_log(tmp_path / LOG)
    assert message in str(raised.value)


def test_a_missing_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such log"):
        load_log(tmp_path / LOG)


def test_the_page_says_what_the_claims_say() -> None:
    update = module_at("docs/update.py")
    assert (ROOT / "docs/criteria.md").read_text() == update.criteria()


def test_every_claim_is_on_the_page() -> None:
    claims = load_claims(claims_files(ROOT / "config/claims"))
    text = criteria_markdown(claims, load_log(ROOT / "config/claims" / LOG))
    assert [one.claim for one in claims if f"`{one.claim}` |" not in text] == []
