from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import yaml

from advex.common.errors import UserError
from advex.judge.claims import Claim, claims_files, load_claims, load_published, needed_tables
from advex.judge.judge import COLUMNS, DIRECTION, NOT_REPRODUCED, NOT_TESTED, REPRODUCED, VERDICTS, judge
from advex.judge.scorecard import scorecard_html

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "report" / "scorecard.html.j2"
PUBLISHED = pd.DataFrame(
    [{"key": "fifty", "value": 50.0, "unit": "percent", "where": "Table 7", "mark": "seen"}]
)
A = {"rows": {"model": "a", "quantity": "accuracy"}}
B = {"rows": {"model": "b", "quantity": "accuracy"}}
OTHER = {"table": "ilyas/other", **B}


def claim(**changes: object) -> Claim:
    form: dict[str, object] = {
        "claim": "made_up", "source": "ilyas", "figure": "relabelled", "quantity": "accuracy of a",
        "table": "ilyas/made_up", "ours": A, "effect": [{"above": B}], "published": "fifty", "tolerance": 5,
    }  # fmt: skip
    form |= changes
    return Claim.model_validate({key: value for key, value in form.items() if value is not None})


def table(**values: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"seed": seed, "model": model, "quantity": "accuracy", "epsilon": None, "value": value}
            for model, column in values.items()
            for seed, value in enumerate(column)
        ]
    )


def judged(
    one: Claim, measured: pd.DataFrame, same_size: bool = True, **more: pd.DataFrame
) -> dict[str, object]:
    tables = {"ilyas/made_up": measured} | {f"ilyas/{name}": other for name, other in more.items()}
    result = judge([one], tables, PUBLISHED, same_size, classes=10)
    assert set(result["verdict"]) <= set(VERDICTS)
    return dict(result.iloc[0])


FAR_ABOVE = {"a": [50.0, 51.0, 52.0], "b": [10.0, 10.0, 11.0]}
NUMBERLESS = {"published": None, "tolerance": None}


@pytest.mark.parametrize(
    ("changes", "values", "same_size", "verdict"),
    [
        ({}, FAR_ABOVE, True, REPRODUCED),
        ({}, FAR_ABOVE, False, DIRECTION),
        ({"comparable": "always"}, FAR_ABOVE, False, REPRODUCED),
        ({"tolerance": 0.5}, FAR_ABOVE, True, DIRECTION),
        ({}, {"a": FAR_ABOVE["b"], "b": FAR_ABOVE["a"]}, True, NOT_REPRODUCED),
        ({"effect": [{"below": B}]}, FAR_ABOVE, True, NOT_REPRODUCED),
        ({"effect": [{"above": B}, {"below": B}]}, FAR_ABOVE, True, NOT_REPRODUCED),
        ({"effect": [{"below": B}]}, {"a": [50.0, 51.0, 52.0], "b": [51.0, 50, 54.0]}, True, NOT_REPRODUCED),
        ({"effect": [{"below": B}]}, {"a": [50.0, 51.0, 52.0], "b": [51.0, 52.0, 53.1]}, True, REPRODUCED),
        (NUMBERLESS, FAR_ABOVE, True, REPRODUCED),
        (NUMBERLESS, FAR_ABOVE, False, DIRECTION),
        # paired by seed: overlapping groups, but each seed's difference is 1
        ({}, {"a": [40.0, 50.0, 60.0], "b": [39.0, 49.0, 59.1]}, True, REPRODUCED),
        # equal means of differences, but the interval reaches over 0
        ({}, {"a": [50.0, 51.0, 52.0], "b": [49.0, 52.0, 50.0]}, True, NOT_REPRODUCED),
        # standard deviation 0: the interval is a point
        ({}, {"a": [50.0, 50.0], "b": [49.0, 49.0]}, True, REPRODUCED),
        ({}, {"a": [50.0, 50.0], "b": [50.0, 50.0]}, True, NOT_REPRODUCED),
        ({}, {"a": [0.1 + 0.2, 0.1 + 0.2], "b": [0.3, 0.3]}, True, NOT_REPRODUCED),
        # edges of the tolerance
        ({}, {"a": [55.0, 55.0], "b": [1.0, 1.0]}, True, REPRODUCED),
        ({}, {"a": [45.0, 45.0], "b": [1.0, 1.0]}, True, REPRODUCED),
        ({}, {"a": [55.01, 55.01], "b": [1.0, 1.0]}, True, DIRECTION),
        # one seed, or one seed in common
        ({}, {"a": [50.0], "b": [10.0]}, True, NOT_TESTED),
        ({}, {"a": [50.0, 51.0], "b": [10.0]}, True, NOT_TESTED),
        # missing rows on either side, and a number that is none
        ({}, {"a": [50.0, 51.0]}, True, NOT_TESTED),
        ({}, {"b": [50.0, 51.0]}, True, NOT_TESTED),
        ({}, {"a": [50.0, float("nan")], "b": [10.0, 10.0]}, True, NOT_TESTED),
        # constants and chance, which is 10 for 10 classes
        ({"effect": [{"above": 45}]}, FAR_ABOVE, True, REPRODUCED),
        ({"effect": [{"above": 51}]}, FAR_ABOVE, True, NOT_REPRODUCED),
        ({"effect": [{"above": "chance"}]}, {"a": [10.5, 10.51], "b": []}, True, DIRECTION),
        ({"effect": [{"below": "chance"}]}, {"a": [9.5, 9.51], "b": []}, True, DIRECTION),
        ({"effect": [{"above": "chance"}]}, {"a": [9.9, 9.89], "b": []}, True, NOT_REPRODUCED),
        # equality: the whole interval must lie inside
        ({"effect": [{"equals": B, "within": 1}]}, {"a": [50.0, 50.1], "b": [50, 50]}, True, REPRODUCED),
        ({"effect": [{"equals": B, "within": 1}]}, {"a": [50.0, 50.9], "b": [50, 50]}, True, NOT_REPRODUCED),
        ({"effect": [{"equals": 51, "within": 1}]}, {"a": [50.0, 50.0]}, True, REPRODUCED),
    ],
)  # fmt: skip
def test_verdicts(
    changes: dict[str, object], values: dict[str, list[float]], same_size: bool, verdict: str
) -> None:
    assert judged(claim(**changes), table(**values), same_size)["verdict"] == verdict


def test_an_interval_that_touches_zero_excludes_nothing() -> None:
    # Differences 0 and 2 have mean 1; of 1 +- d the interval touches 0 where d t / sqrt(2) = 1.
    half = 1 / 12.706204736174698  # t of one degree of freedom, sd = d sqrt(2), so half width = t d
    touching = judged(claim(), table(a=[51 - half, 51 + half], b=[50.0, 50.0]))
    clear = judged(claim(), table(a=[51 - half * 0.999, 51 + half * 0.999], b=[50.0, 50.0]))
    assert (touching["verdict"], clear["verdict"]) == (NOT_REPRODUCED, REPRODUCED)


def test_columns_numbers_and_words() -> None:
    row = judged(claim(), table(a=[50.0, 51.0, 52.0], b=[40.0, 40.0, 40.0]))
    assert tuple(row) == COLUMNS
    assert (row["published"], row["published_from"]) == (50.0, "Table 7 (printed there)")
    assert (row["ours"], row["ours_sd"], row["seeds"]) == (51.0, 1.0, 3)
    assert (row["ours_low"], row["ours_high"]) == pytest.approx((48.5159, 53.4841), abs=1e-4)
    assert row["criterion"] == (
        "ours > accuracy of b, 95 % interval of the difference over 3 seeds excludes 0: holds "
        "[difference 11, 8.516 to 13.48]; mean within 5 percentage points of the published 50: "
        "holds [distance 1]"
    )
    row = judged(claim(), table(a=[50.0, 51.0, 52.0], b=[40.0, 40.0, 40.0]), same_size=False)
    assert str(row["criterion"]).endswith("published 50 (size comparable only at the published sizes)")


@pytest.mark.parametrize(
    ("changes", "values", "reason"),
    [
        ({}, {"a": [50.0], "b": [10.0]}, "not tested: 1 seed; an interval needs 2"),
        ({}, {"a": [50.0, 51.0], "b": [10.0]}, "not tested: ours > accuracy of b: 1 seed; an"),
        ({}, {"b": [1.0, 2.0]}, "not tested: no rows for accuracy of a in ilyas/made_up"),
        ({"effect": [{"above": OTHER}]}, {"a": [1.0, 2.0]}, "not tested: ilyas/other was not measured"),
        ({"table": "ilyas/absent"}, {"a": [1.0, 2.0]}, "not tested: ilyas/absent was not measured"),
        (
            {"ours": None, "effect": [], "tolerance": None, "not_tested": "needs ImageNet"},
            {"a": [1.0, 2.0]},
            "not tested: needs ImageNet",
        ),
    ],
)  # fmt: skip
def test_what_is_not_tested_says_why(
    changes: dict[str, object], values: dict[str, list[float]], reason: str
) -> None:
    row = judged(claim(**changes), table(**values))
    assert row["verdict"] == NOT_TESTED
    assert str(row["criterion"]).startswith(reason)


def test_combinations() -> None:
    measured = table(a=[30.0, 31.0], b=[10.0, 10.0])
    for kind, expected in (("difference", 20.5), ("ratio", 3.05)):
        one = claim(ours={"combine": kind, "of": [A, B]}, effect=[{"above": 1}])
        assert judged(one, measured)["ours"] == pytest.approx(expected)
    one = claim(ours={"combine": "ratio", "of": [A, B]}, effect=[{"above": 1}])
    assert judged(one, table(a=[1.0, 1.0], b=[0.0, 1.0]))["verdict"] == NOT_TESTED
    one = claim(effect=[{"above": OTHER}])
    assert judged(one, measured, other=table(b=[1.0, 1.5]))["verdict"] == DIRECTION


def points(ys: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"seed": seed, "architecture": f"net{i}", "quantity": quantity, "value": value}
            for seed, y in enumerate(ys)
            for i in range(len(y))
            for quantity, value in (("x", float(i)), ("y", y[i]))
        ]
    )


@pytest.mark.parametrize(
    ("kind", "ys", "ours", "verdict"),
    [
        ("correlation", [[0, 1, 2, 3], [0, 2, 4, 6]], 1.0, DIRECTION),
        ("slope", [[0, 1, 2, 3], [0, 2, 4, 6]], 1.5, NOT_REPRODUCED),  # two seeds that differ: wide interval
        ("slope", [[0, 2, 4], [0, 2, 4.1]], 2.025, DIRECTION),
        ("correlation", [[3, 2, 1, 0], [3, 2, 1, 0]], -1.0, NOT_REPRODUCED),
        ("correlation", [[0, 1], [0, 1]], None, NOT_TESTED),  # two points always correlate
        ("correlation", [[1, 1, 1], [1, 1, 1]], None, NOT_TESTED),
    ],
)
def test_over_points(kind: str, ys: list[list[float]], ours: float | None, verdict: str) -> None:
    of = [{"rows": {"quantity": "x"}}, {"rows": {"quantity": "y"}}]
    one = claim(ours={"combine": kind, "of": of, "along": "architecture"}, effect=[{"above": 0}])
    row = judged(one, points(ys))
    assert row["verdict"] == verdict
    if ours is not None:
        assert row["ours"] == pytest.approx(ours)
        assert f"{kind} over architecture for each seed, then the mean over seeds" in str(row["criterion"])


@pytest.mark.parametrize(
    ("pick", "at_least", "ours"),
    [("first", 0, 90), ("last", 0, 44), ("max", 0, 90), ("min", 0, 40), ("mean", 0, 56), ("first", 1, 50)],
)
def test_picking_one_of_several_rows(pick: str, at_least: int, ours: float) -> None:
    rows = [(100, 44.0), (0, 90.0), (1, 50.0), (10, 40.0)]
    measured = pd.DataFrame(
        [
            {"seed": seed, "steps": steps, "quantity": "q", "value": value}
            for seed in (0, 1)
            for steps, value in rows
        ]
    )
    form = {"rows": {"quantity": "q"}, "at_least": {"steps": at_least}, "pick": pick, "along": "steps"}
    assert judged(claim(ours=form, effect=[{"above": 0}]), measured)["ours"] == ours


@pytest.mark.parametrize(("value", "within", "ours"), [(28, 0.01, 40), (31, 0.03, 40), (31, 0.01, None)])
def test_a_number_to_within_a_distance(value: int, within: float, ours: float | None) -> None:
    measured = pd.DataFrame(
        [{"seed": seed, "share": share, "value": 320 * share} for seed in (0, 1) for share in (0.125, 0.5)]
    )
    near = {"share": {"value": str(value), "over": 224, "within": within}}
    row = judged(claim(ours={"rows": {}, "near": near}, effect=[{"above": 0}]), measured)
    assert (row["ours"] == ours) if ours else (row["verdict"] == NOT_TESTED)
    assert f"share {value / 224:.4g} to within {within}" in str(row["criterion"]) or ours


def test_lists_and_empty_cells_are_matched() -> None:
    measured = table(a=[50.0, 51.0], b=[1.0, 2.0])
    both = {"rows": {"quantity": "accuracy", "model": ["a", "c"], "epsilon": None}}
    assert judged(claim(ours=both), measured)["ours"] == 50.5
    measured["epsilon"] = 0.5
    assert judged(claim(ours=both), measured)["verdict"] == NOT_TESTED
    exact = {"rows": {"model": "a", "epsilon": 0.5}}
    assert judged(claim(ours=exact), measured)["ours"] == 50.5


def test_mistaken_claims_are_errors_not_verdicts() -> None:
    measured = table(a=[50.0, 51.0], b=[1.0, 2.0])
    for change, message in (
        ({"published": "sixty"}, "claim made_up.published: found 'sixty'"),
        ({"ours": {"rows": {"quantity": "accuracy"}}}, "claim made_up: accuracy matches several rows"),
        ({"ours": {"rows": {"modell": "a"}}}, "claim made_up: ilyas/made_up has no column modell; it has"),
    ):
        with pytest.raises(UserError, match=message):
            judged(claim(**change), measured)


def test_needed_tables_include_those_of_comparisons_and_combinations() -> None:
    one = claim(effect=[{"above": {"combine": "ratio", "of": [A, OTHER]}}])
    out = claim(ours=None, effect=[], tolerance=None, not_tested="no", table="ilyas/unused")
    assert needed_tables([one, out]) == {"ilyas/made_up", "ilyas/other"}


@pytest.fixture(scope="module")
def untested() -> pd.DataFrame:
    claims = load_claims(claims_files(ROOT / "config/claims"))
    published = load_published(sorted((ROOT / "published").glob("*.csv")))
    return judge(claims, {}, published, True, 10)


def test_without_tables_nothing_is_tested(untested: pd.DataFrame) -> None:
    assert set(untested["verdict"]) == {NOT_TESTED}
    written = [
        claim
        for path in claims_files(ROOT / "config/claims")
        for claim in yaml.safe_load(path.read_text())["claims"]
    ]
    each = [len(*claim.get("for_each", {"once": [None]}).values()) for claim in written]
    assert len(untested) == sum(each) > len(written)
    assert untested["claim"].is_unique


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def test_scorecard_counts_marks_and_escapes(untested: pd.DataFrame) -> None:
    row = judged(claim(), table(**FAR_ABOVE), same_size=False) | {"quantity": "<script>alert(1)</script>"}
    page = scorecard_html(
        pd.concat([untested, pd.DataFrame([row])], ignore_index=True), "digits & <more>", TEMPLATE
    )
    assert "<script>" not in page
    assert "digits &amp; &lt;more&gt;" in page
    text = _Text()
    text.feed(page)
    words = " ".join(text.words)
    assert f"○ not tested {len(untested)} " in words
    assert "◐ direction 1 the effect is there; the size is not comparable" in words
    assert "● reproduced 0 " in words
    assert "nan" not in text.words
    assert "51 ± 1" in words
    with pytest.raises(UserError, match="no such template"):
        scorecard_html(untested, "digits", Path("absent.j2"))
