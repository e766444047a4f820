"""The page that says how many seeds primary claims need."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from outside_modules import module_at

from advex.common.numbers.outcomes import pack
from advex.judge.claims import Claim
from advex.judge.pages.power import power_markdown, power_table
from advex.judge.statistics.power import seeds_needed

ROOT = Path(__file__).parents[4]
PUBLISHED = pd.DataFrame(
    [{"key": "thirty", "value": 30.0, "unit": "percent", "where": "Table 7", "mark": "seen"}]
)
VALUES = {"a": [20.0, 22.0, 27.0], "b": [14.0, 19.0, 15.0]}
TABLE = pd.DataFrame(
    [
        {"seed": seed, "model": model, "value": value, "unit": "percent"}
        for model, several in VALUES.items()
        for seed, value in enumerate(several)
    ]
)


def primary(name: str, *effect: dict[str, object], **more: object) -> Claim:
    form = {
        "claim": f"claim_{name.lower()}", "kind": "primary", "primary": name, "source": "ilyas",
        "figure": "relabelled", "quantity": "accuracy of a", "table": "ilyas/made_up",
        "ours": {"rows": {"model": "a"}}, "effect": effect, "published": "thirty", "tolerance": 5,
    }  # fmt: skip
    return Claim.model_validate(form | more)


def table(*claims: Claim, same: bool = False, measured: pd.DataFrame = TABLE, **more: object) -> pd.DataFrame:
    return power_table(claims, {"ilyas/made_up": measured}, PUBLISHED, same, 10, **more)


B = {"rows": {"model": "b"}}


def test_half_of_ours_in_units_of_the_paired_spread() -> None:
    row = table(primary("I1", {"above": B})).iloc[0]
    difference = np.subtract(VALUES["a"], VALUES["b"])
    assert row["spread"] == pytest.approx(difference.std(ddof=1))
    assert row["effect"] == pytest.approx(difference.mean())
    assert (row["from"], row["seeds"]) == ("ours", 3)
    assert row["needed"] == seeds_needed(difference.mean() / 2, difference.std(ddof=1))


def test_half_of_what_is_published_where_sizes_are_comparable() -> None:
    chance, rows = primary("I1", {"above": "chance"}), primary("I2", {"above": B})
    assert table(chance, same=True).loc[0, ["effect", "from"]].tolist() == [20.0, "published"]
    assert table(rows, same=True).loc[0, "from"] == "ours"
    assert table(chance).loc[0, "from"] == "ours"


def test_not_more_is_measured_from_the_margin() -> None:
    row = table(primary("I1", {"not_above": 24}, margin=3)).iloc[0]
    assert row["effect"] == pytest.approx(abs(np.mean(VALUES["a"]) - 24 - 3))


def test_of_several_comparisons_the_one_that_needs_most_is_shown_and_primary_claims_are_in_order() -> None:
    found = table(
        primary("K1", {"above": 1}, {"above": 22}, {"above": 10}),
        primary("I4", {"above": 10}),
        primary("I3", {"above": {"rows": {"model": "c"}}}),
    )
    assert found["primary"].tolist() == ["I3", "I4", "K1"]
    assert found["comparison"].tolist()[0] == ""
    assert found["comparison"].tolist()[2].endswith("> 22")
    text = power_markdown("digits", found)
    assert "of the 2 primary claims that were tested" in text
    assert "| I3 | claim_i3: not tested |" in text
    assert "more than 200" in text


def test_images_add_what_seeds_cannot_take_away() -> None:
    generator = np.random.default_rng(0)
    hard = generator.normal(size=50)
    bits = [generator.random(50) < 1 / (1 + np.exp(3 * hard)) for _ in range(4)]
    measured = pd.DataFrame(
        [
            {"seed": seed, "model": "a", "value": 100 * each.mean(), "unit": "percent", "images": 50,
             "outcomes": pack(each)}
            for seed, each in enumerate(bits)
        ]
    )  # fmt: skip
    claim = primary("I1", {"above": 35})
    with_images = table(claim, measured=measured).loc[0, "needed"]
    without = table(claim, measured=measured.drop(columns="outcomes")).loc[0, "needed"]
    assert not with_images <= without


def test_re_splits_need_more(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = TABLE.assign(images=100, training_images=250)
    claim = primary("I1", {"above": B})
    plain, resplit = (
        table(claim, measured=measured, resplit=names).loc[0, "needed"] for names in ([], ["ilyas/made_up"])
    )
    assert not resplit <= plain
    difference = np.subtract(VALUES["a"], VALUES["b"])
    needed = seeds_needed(difference.mean() / 2, difference.std(ddof=1), resplit=0.4)
    assert (None if np.isnan(resplit) else resplit) == needed


def test_the_page_says_what_the_tables_of_the_shipped_study_say() -> None:
    if not (ROOT / "results/digits/measurements/ilyas/relabelled.csv").exists():
        pytest.skip("the tables of digits are not here")
    update = module_at("docs/update.py")
    assert update.power("digits") in (ROOT / "docs/power.md").read_text()
