from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import ttest_1samp

from advex.common.errors import UserError
from advex.common.names.verdicts import (
    ABSENT,
    CONTRADICTED,
    EFFECT,
    NOT_MEASURABLE,
    NOT_TESTED,
    REPRODUCED,
    SIZE_DIFFERS,
    UNDECIDED,
    VERDICTS,
)
from advex.judge.claims import Claim, claims_files, load_claims, load_published, needed_tables
from advex.judge.judge import COLUMNS, judge
from advex.judge.statistics.multiplicity import benjamini_hochberg, holm

ROOT = Path(__file__).parents[3]
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
        ({}, FAR_ABOVE, False, EFFECT),
        ({"comparable": "always"}, FAR_ABOVE, False, REPRODUCED),
        ({"comparable": "never", "tolerance": None}, FAR_ABOVE, True, EFFECT),
        ({"tolerance": 0.5}, FAR_ABOVE, True, SIZE_DIFFERS),
        ({}, {"a": FAR_ABOVE["b"], "b": FAR_ABOVE["a"]}, True, CONTRADICTED),
        ({"effect": [{"below": B}]}, FAR_ABOVE, True, CONTRADICTED),
        ({"effect": [{"above": B}, {"below": B}]}, FAR_ABOVE, True, CONTRADICTED),
        ({"effect": [{"below": B}]}, {"a": [50.0, 51.0, 52.0], "b": [51.0, 50, 54.0]}, True, UNDECIDED),
        ({"effect": [{"below": B}]}, {"a": [50.0, 51.0, 52.0], "b": [51.0, 52.0, 53.1]}, True, REPRODUCED),
        (NUMBERLESS, FAR_ABOVE, True, REPRODUCED),
        (NUMBERLESS, FAR_ABOVE, False, EFFECT),
        # paired by seed: overlapping groups, but each seed's difference is 1; of the size little is known
        ({}, {"a": [40.0, 50.0, 60.0], "b": [39.0, 49.0, 59.1]}, True, SIZE_DIFFERS),
        # equal means of differences, but the interval reaches over 0
        ({}, {"a": [50.0, 51.0, 52.0], "b": [49.0, 52.0, 50.0]}, True, UNDECIDED),
        # standard deviation 0: the interval is a point
        ({}, {"a": [50.0, 50.0], "b": [49.0, 49.0]}, True, REPRODUCED),
        ({}, {"a": [50.0, 50.0], "b": [50.0, 50.0]}, True, UNDECIDED),
        ({"margin": 1}, {"a": [50.0, 50.0], "b": [50.0, 50.0]}, True, ABSENT),
        ({}, {"a": [0.1 + 0.2, 0.1 + 0.2], "b": [0.3, 0.3]}, True, UNDECIDED),
        # inside the zone of no importance, on either side; there, absent or excluded
        ({"margin": 2}, {"a": [49.0, 49.0], "b": [50.0, 50.0]}, True, ABSENT),
        ({"margin": 2}, {"a": [51.0, 51.0], "b": [50.0, 50.0]}, True, REPRODUCED),
        ({"margin": 2}, {"a": [47.9, 47.9], "b": [50.0, 50.0]}, True, CONTRADICTED),
        # of several parts the worst
        ({"margin": 2, "effect": [{"above": B}, {"above": 1}]}, {"a": [49, 49], "b": [50, 50]}, True, ABSENT),
        ({"effect": [{"above": 0}, {"above": B}]}, {"a": [50, 51, 52], "b": [49, 52, 50]}, True, UNDECIDED),
        ({"margin": 2, "effect": [{"above": B}, {"above": 90}]}, {"a": [49, 49], "b": [50, 50]}, True,
         CONTRADICTED),
        # edges of the tolerance, for the whole interval
        ({}, {"a": [55.0, 55.0], "b": [1.0, 1.0]}, True, REPRODUCED),
        ({}, {"a": [45.0, 45.0], "b": [1.0, 1.0]}, True, REPRODUCED),
        ({}, {"a": [55.01, 55.01], "b": [1.0, 1.0]}, True, SIZE_DIFFERS),
        ({}, {"a": [49.0, 51.0], "b": [1.0, 1.0]}, True, SIZE_DIFFERS),
        # one seed, or one seed in common
        ({}, {"a": [50.0], "b": [10.0]}, True, NOT_TESTED),
        ({}, {"a": [50.0, 51.0], "b": [10.0]}, True, NOT_TESTED),
        # missing rows on either side, and a number that is none
        ({}, {"a": [50.0, 51.0]}, True, NOT_TESTED),
        ({}, {"b": [50.0, 51.0]}, True, NOT_TESTED),
        ({}, {"a": [50.0, float("nan")], "b": [10.0, 10.0]}, True, NOT_TESTED),
        # constants and chance, which is 10 for 10 classes
        ({"effect": [{"above": 45}]}, FAR_ABOVE, True, REPRODUCED),
        ({"effect": [{"above": 51}]}, FAR_ABOVE, True, UNDECIDED),
        ({"effect": [{"above": "chance"}]}, {"a": [10.5, 10.51], "b": []}, False, EFFECT),
        ({"effect": [{"below": "chance"}]}, {"a": [9.5, 9.51], "b": []}, False, EFFECT),
        ({"effect": [{"above": "chance"}]}, {"a": [9.9, 9.89], "b": []}, True, CONTRADICTED),
        # equality: the whole interval must lie inside, or outside
        ({"effect": [{"equals": B, "within": 1}]}, {"a": [50.0, 50.1], "b": [50, 50]}, True, REPRODUCED),
        ({"effect": [{"equals": B, "within": 1}]}, {"a": [50.0, 50.9], "b": [50, 50]}, True, UNDECIDED),
        ({"effect": [{"equals": B, "within": 1}]}, {"a": [50.0, 50.1], "b": [48, 48]}, True, CONTRADICTED),
        ({"effect": [{"equals": 51, "within": 1}]}, {"a": [50.0, 50.0]}, True, REPRODUCED),
        # not more, and not less, than by the margin
        ({"margin": 2, "effect": [{"not_above": B}]}, {"a": [51.0, 51.0], "b": [50, 50]}, True, REPRODUCED),
        ({"margin": 2, "effect": [{"not_above": B}]}, {"a": [51.0, 51.9], "b": [50, 50]}, True, UNDECIDED),
        ({"margin": 2, "effect": [{"not_above": B}]}, {"a": [53.0, 53.0], "b": [50, 50]}, True, CONTRADICTED),
        ({"margin": 2, "effect": [{"not_below": B}]}, {"a": [49.0, 49.0], "b": [50, 50]}, True, REPRODUCED),
        ({"margin": 2, "effect": [{"not_below": B}]}, {"a": [47.0, 47.0], "b": [50, 50]}, True, CONTRADICTED),
        # a left side of its own
        ({"effect": [{"of": B, "above": 5}]}, FAR_ABOVE, True, REPRODUCED),
        ({"effect": [{"of": B, "above": A}]}, FAR_ABOVE, True, CONTRADICTED),
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
    assert (touching["verdict"], clear["verdict"]) == (UNDECIDED, REPRODUCED)


def test_columns_numbers_and_words() -> None:
    row = judged(claim(), table(a=[50.0, 51.0, 52.0], b=[40.0, 40.0, 40.0]))
    assert tuple(row) == COLUMNS
    assert (row["published"], row["published_from"]) == (50.0, "Table 7 (printed there)")
    assert (row["ours"], row["ours_sd"], row["seeds"]) == (51.0, 1.0, 3)
    assert (row["ours_low"], row["ours_high"]) == pytest.approx((48.5159, 53.4841), abs=1e-4)
    assert row["criterion"] == (
        "accuracy of a > accuracy of b: holds [difference 11, 8.516 to 13.48 over 3 seeds]; "
        "95 % interval within 5 percentage points of the published 50: holds [48.52 to 53.48]"
    )
    assert (row["kind"], row["primary"], row["varies"]) == ("claim", "", "seeds")
    assert (
        row["p"] == row["p_adjusted"] == pytest.approx(ttest_1samp([10, 11, 12], 0, alternative="greater")[1])
    )
    row = judged(claim(), table(a=[50.0, 51.0, 52.0], b=[40.0, 40.0, 40.0]), same_size=False)
    assert str(row["criterion"]).endswith("published 50 (size comparable only at the published sizes)")


@pytest.mark.parametrize(
    ("changes", "values", "reason"),
    [
        ({}, {"a": [50.0], "b": [10.0]}, "not tested: 1 seed; an interval needs 2"),
        ({}, {"a": [50.0, 51.0], "b": [10.0]}, "not tested: accuracy of a > accuracy of b: 1 seed; an"),
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
    assert judged(one, measured, other=table(b=[1.0, 1.5]))["verdict"] == SIZE_DIFFERS


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
        ("correlation", [[0, 1, 2, 3], [0, 2, 4, 6]], 1.0, SIZE_DIFFERS),
        ("slope", [[0, 1, 2, 3], [0, 2, 4, 6]], 1.5, UNDECIDED),  # two seeds that differ: wide interval
        ("slope", [[0, 2, 4], [0, 2, 4.1]], 2.025, SIZE_DIFFERS),
        ("correlation", [[3, 2, 1, 0], [3, 2, 1, 0]], -1.0, CONTRADICTED),
        ("rank_correlation", [[0, 1, 9, 10], [0, 1, 3, 2]], 0.9, UNDECIDED),
        ("rank_correlation", [[0, 1, 9, 10], [0, 1, 2, 30]], 1.0, SIZE_DIFFERS),
        ("rank_correlation", [[0.1 + 0.2, 0.3, 0.3], [0.3, 0.3, 0.3]], None, NOT_TESTED),
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
        assert f"{kind.replace('_', ' ')} over architecture for each seed, then the mean over seeds" in str(
            row["criterion"]
        )


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


def percents(**values: list[float]) -> pd.DataFrame:
    return table(**values).assign(unit="percent")


def test_both_sides_at_a_floor_or_ceiling_are_not_measurable() -> None:
    for bound in (0.0, 100.0):
        at = percents(a=[bound, bound], b=[bound, bound])
        row = judged(claim(), at)
        assert row["verdict"] == NOT_MEASURABLE
        assert f"not measurable, both sides stand at {bound:.0f} % in every seed" in str(row["criterion"])
        assert pd.isna(row["p"])
        assert judged(claim(effect=[{"not_above": B}], **NUMBERLESS), at)["verdict"] == REPRODUCED
        assert judged(claim(effect=[{"equals": B, "within": 1}], **NUMBERLESS), at)["verdict"] == REPRODUCED
    assert judged(claim(), percents(a=[0.0, 0.0], b=[0.0, 0.2]))["verdict"] == ABSENT
    assert judged(claim(effect=[{"above": 0}]), percents(a=[0.0, 0.0]))["verdict"] == ABSENT


def test_two_points_of_a_percentage_are_of_no_importance() -> None:
    a, b = [50.0, 50.5], [50.1, 50.4]
    assert judged(claim(effect=[{"above": B}]), percents(a=a, b=b))["verdict"] == ABSENT
    assert judged(claim(effect=[{"above": B}], margin=0.5), percents(a=a, b=b))["verdict"] == UNDECIDED
    assert judged(claim(effect=[{"above": B}]), table(a=a, b=b))["verdict"] == UNDECIDED
    with pytest.raises(UserError, match="not_above of what is not in percent needs a margin"):
        judged(claim(effect=[{"not_above": B}]), table(a=a, b=b))


@pytest.mark.parametrize(
    ("premise", "verdict"),
    [
        ({"effect": [{"above": 45}]}, SIZE_DIFFERS),
        ({"effect": [{"above": 51}]}, UNDECIDED),
        ({"effect": [{"above": 90}]}, NOT_MEASURABLE),
        ({"effect": [{"above": 51.5}], "margin": 5}, NOT_MEASURABLE),
        ({"ours": {"rows": {"model": "c"}}}, NOT_MEASURABLE),
        ({"ours": None, "effect": [], "tolerance": None, "not_tested": "no"}, NOT_MEASURABLE),
    ],
)
def test_premises_come_first(premise: dict[str, object], verdict: str) -> None:
    """Wherever they stand, and through others: one that fails makes what rests on it meaningless."""
    first = claim(claim="first", kind="premise", **premise)
    between = claim(claim="between", premise=["first"], tolerance=0.1)
    last = claim(claim="last", premise=["between"], tolerance=0.1)
    measured = {"ilyas/made_up": table(**FAR_ABOVE)}
    for order in ([first, between, last], [last, between, first]):
        found = judge(order, measured, PUBLISHED, True, 10).set_index("claim")
        assert list(found.index) == [one.claim for one in order]
        assert found.loc["between", "verdict"] == found.loc["last", "verdict"] == verdict
        assert found.loc["last", "criterion"].startswith("premise between ")


def test_premises_that_are_not_there_and_circles() -> None:
    measured = {"ilyas/made_up": table(**FAR_ABOVE)}
    alone = judge([claim(premise=["elsewhere"])], measured, PUBLISHED, True, 10).iloc[0]
    assert alone["verdict"] == NOT_MEASURABLE
    assert "premise elsewhere fails (not tested)" in alone["criterion"]
    circle = [claim(claim="one", premise=["two"]), claim(claim="two", premise=["one"])]
    with pytest.raises(UserError, match="claim one: rests on itself"):
        judge(circle, measured, PUBLISHED, True, 10)


def test_a_claim_of_which_nothing_is_measured_is_not_tested_whatever_its_premise() -> None:
    one = claim(ours={"rows": {"model": "c"}}, premise=["elsewhere"])
    assert judged(one, table(**FAR_ABOVE))["verdict"] == NOT_TESTED


@pytest.mark.parametrize(
    ("effect", "worst"),
    [
        ({"above": B}, ttest_1samp([1.0, 2.0, 4.0], 0, alternative="greater")[1]),
        ({"below": B}, ttest_1samp([1.0, 2.0, 4.0], 0, alternative="less")[1]),
        ({"not_above": B}, ttest_1samp([1.0, 2.0, 4.0], 3, alternative="less")[1]),
        ({"not_below": B}, ttest_1samp([1.0, 2.0, 4.0], -3, alternative="greater")[1]),
        ({"equals": B, "within": 5}, ttest_1samp([1.0, 2.0, 4.0], 5, alternative="less")[1]),
        ({"equals": B, "within": 0.5}, ttest_1samp([1.0, 2.0, 4.0], 0.5, alternative="less")[1]),
    ],
)
def test_p_values_are_one_sided_and_of_the_part_that_is_least_sure(
    effect: dict[str, object], worst: float
) -> None:
    measured = table(a=[11.0, 12.0, 14.0], b=[10.0, 10.0, 10.0])
    one = claim(effect=[{"above": 0}, effect], margin=3)
    assert judged(one, measured)["p"] == pytest.approx(worst)


def test_adjusted_p_values_are_of_kinds() -> None:
    """Holm over primary claims, Benjamini-Hochberg over claims and premises; none of what is no claim."""
    limits = {
        "primary": [45, 50, 51],
        "claim": [40, 49],
        "premise": [48, 50.5],
        "derived": [45],
        "side": [40],
    }
    claims = [
        claim(claim=f"{kind}_{place}", kind=kind, effect=[{"above": limit}],
              primary=f"I{place + 1}" if kind == "primary" else None)
        for kind, several in limits.items()
        for place, limit in enumerate(several)
    ]  # fmt: skip
    found = judge(claims, {"ilyas/made_up": table(**FAR_ABOVE)}, PUBLISHED, True, 10)
    p = {kind: found.loc[found["kind"] == kind, "p"].tolist() for kind in limits}
    adjusted = {kind: found.loc[found["kind"] == kind, "p_adjusted"].tolist() for kind in limits}
    assert adjusted["primary"] == holm(p["primary"])
    assert adjusted["claim"] + adjusted["premise"] == benjamini_hochberg(p["claim"] + p["premise"])
    assert all(pd.isna(value) for value in adjusted["derived"] + adjusted["side"])


def test_how_probably_a_repetition_has_another_verdict() -> None:
    """By repetitions, for an effect two standard errors away: the interval's width is taken to stay."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=20)
    values = 1 + (values - values.mean()) / values.std(ddof=1) * np.sqrt(20) / 2.2
    row = judged(claim(effect=[{"above": 0}]), table(a=list(values)), same_size=False)
    assert row["verdict"] == EFFECT
    half = (row["ours_high"] - row["ours_low"]) / 2
    again = 1 + np.sqrt(2) / 2.2 * generator.normal(size=100_000)
    assert row["flips"] == pytest.approx(np.mean(again < half), abs=0.005)


@pytest.mark.parametrize("same_size", [True, False])
def test_probabilities_of_verdicts_with_premises_and_sizes(same_size: bool) -> None:
    sure, unsure = table(**FAR_ABOVE), table(a=[50.0, 51.0, 54.0], b=[49.0, 50.5, 50.0])
    measured = {"ilyas/made_up": sure, "ilyas/other": unsure}
    first = claim(claim="first", table="ilyas/other", tolerance=100)
    last = claim(claim="last", premise=["first"], tolerance=100)
    found = judge([first, last], measured, PUBLISHED, same_size, 10).set_index("claim")
    assert set(found["verdict"]) == {UNDECIDED}
    assert found.loc["last", "flips"] == pytest.approx(found.loc["first", "flips"], abs=1e-6)
    assert 0.02 < found.loc["first", "flips"] < 0.5


def test_sizes_of_some_tables_are_the_published_ones() -> None:
    tables = {"ilyas/made_up": table(**FAR_ABOVE), "ilyas/other": table(**FAR_ABOVE)}
    claims = [claim(), claim(claim="both", effect=[{"above": OTHER}])]
    found = judge(claims, tables, PUBLISHED, ["ilyas/made_up"], 10)
    assert found["verdict"].tolist() == [REPRODUCED, EFFECT]
