"""Comment 5: a world as it describes it reproduces its claims, and absent effects fail them."""

from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from advex.common.names.verdicts import EFFECT, NOT_TESTED, REPRODUCED, THERE
from advex.judge.claims import load_claims, load_published, needed_tables
from advex.judge.judge import judge

ROOT = Path(__file__).parents[4]
CLAIMS = load_claims([ROOT / "config/claims/nakkiran/claims.yaml"])
PUBLISHED = load_published(sorted((ROOT / "published").glob("*.csv")))
VALUE = dict(zip(PUBLISHED["key"], PUBLISHED["value"], strict=True))

CONTRADICTIONS = {
    "linf_leakage_alone_does_not_explain_plain_examples",  # 23.7 against 40.4 %: not at this radius
}
SOURCE, FRESH = "standard_resnet18", "ensemble"
OTHERS = ("standard_independent", "standard_vgg16", "standard_densenet", "standard_inception")
PLAIN, PENALISED, OPPOSED = "targeted_cross_entropy", "ensemble_penalised", "ensemble_opposed"


def attack_transfer():
    rows = []
    for norm in ("l2", "linf"):
        success = {name: VALUE[f"{norm}_{name}_success"] for name in ("pgd", "bugs")}
        transfer = {name: VALUE[f"{norm}_{name}_transfer"] for name in ("pgd", "bugs")}
        attacks = {
            (PLAIN, 0): (success["pgd"], transfer["pgd"]),
            (PENALISED, 1): (success["bugs"], 10),
            (PENALISED, 10): (success["bugs"], transfer["bugs"]),
            (OPPOSED, 10): (50, 0.5),
            ("none", 0): (0.6, 0.6),  # an accident
        }
        for (objective, members), (reached, carried) in attacks.items():
            common = {"norm": norm, "objective": objective, "members": members}
            rows.append({**common, "model": SOURCE, "quantity": "targeted_rate", "value": reached})
            for model, quantity in product((FRESH, *OTHERS), ("targeted_rate", "targeted_transfer")):
                rows.append({**common, "model": model, "quantity": quantity, "value": carried})
            rows.append({**common, "model": FRESH, "quantity": "untargeted_rate", "value": 5 + carried})
            value = carried if objective == PLAIN else VALUE["new_point_transfer"] + 0.5
            rows.append({**common, "model": FRESH, "quantity": "untargeted_transfer", "value": value})
    return rows


def bugs_dataset():
    rows = []
    for norm, name, quantity in product(("l2", "linf"), ("pgd", "bugs"), ("accuracy", "accuracy_next_class")):
        value = VALUE[f"{norm}_{name}_{quantity}"]
        rows.append({"model": f"on_{name}_{norm}", "quantity": quantity, "value": value})
    for name, right, before in (("pgd", VALUE["poisoning_accuracy"], 43.0), ("bugs", 76, 2.5)):
        model = f"poisoned_by_{name}"
        rows.append({"model": model, "quantity": "accuracy", "value": right})
        rows.append({"model": model, "quantity": "accuracy_previous_class", "value": before})
    return rows


def squares():
    rows = []

    def add(quantity, value, **columns):
        rows.append({"quantity": quantity, "value": value, **columns})

    for flips, noise in product((0.0, 0.1), (0.0, 0.1)):
        for step in (79, 1580):
            common = {"method": "network", "label_noise": flips, "pixel_noise": noise, "step": step}
            fitted = flips > 0 and noise > 0 and step == 1580
            add("train_accuracy", VALUE["squares_train_accuracy"] if fitted else 90, **common)
            add("accuracy", 99, **common)
            for epsilon in (0.01, 0.03, 0.1):
                add("robust_accuracy", 0 if fitted else 100, epsilon=epsilon, **common)
    for flips, noise in ((0.0, 0.1), (0.01, 0.1), (0.1, 0.1), (0.1, 0.5)):
        common = {"method": "linear", "training_images": 1000, "label_noise": flips, "pixel_noise": noise}
        add("accuracy", 97.3, **common)
        add("weight_sum", 326, **common)
        add("expected_weight_sum", 320, **common)
        add("median_flip_radius", 0.95 if flips == 0 else 0.003, **common)
        for epsilon in (0.01, 0.5, 0.9):
            robust = 100 if flips == 0 else 62 if noise == 0.5 and epsilon == 0.01 else 0
            add("robust_accuracy", robust, epsilon=epsilon, **common)
    return rows


def squares_2d():
    values = {"flipped_accuracy": (0, 100), "largest_gradient": (4, 400)}
    return [
        {"quantity": quantity, "step": step, "value": value}
        for quantity, pair in values.items()
        for step, value in zip((10, 10000), pair, strict=True)
    ]


def transferability():
    """The points of the response's figure."""
    rows = []
    for name in ("vgg16", "inception", "resnet18", "densenet", "resnet50"):
        learner = "on_det" if name == "resnet50" else f"on_det_{name}"
        target = "standard_independent" if name == "resnet50" else f"standard_{name}"
        for model, quantity in ((learner, "accuracy"), (target, "untargeted_transfer")):
            rows.append({"model": model, "quantity": quantity, "value": VALUE[f"rebuttal_{name}_{quantity}"]})
    return rows


def seeds(rows):
    """Three seeds that differ a little, as ours do."""
    parts = [
        pd.DataFrame(rows).assign(seed=seed, value=lambda table, seed=seed: table["value"] + 0.01 * seed)
        for seed in range(3)
    ]
    return pd.concat(parts, ignore_index=True)


TABLES = {
    "ilyas/transferability": seeds(transferability()).assign(unit="percent"),
    "nakkiran/attack_transfer": seeds(attack_transfer()).assign(unit="percent"),
    "nakkiran/bugs_dataset": seeds(bugs_dataset()).assign(unit="percent"),
    "nakkiran/squares": seeds(squares()),
    "nakkiran/squares_2d": seeds(squares_2d()),
}


def verdicts(tables, published_sizes=True):
    result = judge(CLAIMS, tables, PUBLISHED, published_sizes, 10)
    return dict(zip(result["claim"], result["verdict"], strict=True))


def test_the_published_numbers_reproduce_their_claims():
    assert set(TABLES) == needed_tables(CLAIMS)
    found = verdicts(TABLES)
    not_tested = {claim.claim for claim in CLAIMS if claim.not_tested}
    effect_only = {claim.claim for claim in CLAIMS if claim.comparable == "never"}
    for claim, verdict in found.items():
        if claim in not_tested:
            assert verdict == NOT_TESTED
        elif claim in effect_only:
            assert verdict == EFFECT, claim
        else:
            assert (verdict == REPRODUCED) == (claim not in CONTRADICTIONS), claim


def test_in_another_study_the_effect_is_all_that_can_be_shown():
    always = {claim.claim for claim in CLAIMS if claim.comparable == "always"}
    reproduced = {name for name, verdict in verdicts(TABLES, False).items() if verdict == REPRODUCED}
    assert reproduced == always


def test_every_number_of_the_tables_is_judged():
    of_tables = PUBLISHED[(PUBLISHED["source"] == "nakkiran") & PUBLISHED["where"].str.contains("table of")]
    assert len(of_tables) == 16
    assert set(of_tables["key"]) <= {claim.published for claim in CLAIMS}


ABSENT = [  # rows that are given another value, and claims that then fail
    ("attack_transfer", {"model": FRESH, "objective": PENALISED}, 90, {
        "l2_bugs_do_not_transfer", "linf_bugs_do_not_transfer", "l2_bugs_do_not_even_mislead",
    }),
    ("attack_transfer", {"model": SOURCE}, 80, {"l2_bugs_succeeds", "linf_pgd_succeeds"}),
    ("bugs_dataset", {"model": "on_bugs_l2"}, 50, {
        "on_l2_bugs_original_labels", "model_consistent_labels_do_not_suffice", "new_point_lies_on_the_trend",
    }),
    ("bugs_dataset", {"model": "poisoned_by_pgd"}, 2, {"poisoning_leads_to_the_class_before"}),
    # What reaches more than by accident does not transfer the less for reaching less than plain attacks.
    ("attack_transfer", {"model": FRESH, "objective": PENALISED}, 15, {"l2_bugs_do_not_transfer"}),
    ("attack_transfer", {"model": SOURCE, "objective": PENALISED}, 60, {
        "l2_bugs_do_not_transfer", "on_l2_bugs_original_labels", "new_point_lies_on_the_trend",
    }),
    # Neither is a fall of robust accuracy to 84 % what the comment claims.
    ("squares", {"method": "network", "epsilon": 0.01, "label_noise": 0.1, "pixel_noise": 0.1}, 84, {
        "squares_are_not_robust_when_fitted",
    }),
    ("squares", {"method": "network", "epsilon": 0.01, "label_noise": 0.0}, 50, {
        "squares_without_label_noise_stay_robust",
    }),
    ("squares", {"method": "network", "quantity": "robust_accuracy"}, 100, {
        "squares_are_not_robust_when_fitted", "squares_lose_robustness_in_training",
        "squares_need_label_noise", "squares_need_pixel_noise",
    }),
    ("squares", {"method": "linear", "quantity": "robust_accuracy"}, 50, {"linear_squares_flip"}),
    ("squares_2d", {"quantity": "flipped_accuracy"}, 0, {"squares_2d_fit_wrong_labels_late"}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "changed", "value", "claims"), ABSENT)
def test_claims_fail_where_the_effect_is_absent(table, changed, value, claims):
    name = f"nakkiran/{table}"
    worse = TABLES[name].copy()
    mask = pd.Series(True, worse.index)
    for column, wanted in changed.items():
        mask &= worse[column] == wanted
    worse.loc[mask, "value"] = value
    found = verdicts(TABLES | {name: worse})
    assert {claim for claim in claims if found[claim] in THERE} == set()


def test_a_set_that_a_study_leaves_out_is_not_tested():
    name = "nakkiran/bugs_dataset"
    fewer = TABLES[name][~TABLES[name]["model"].str.endswith("linf")]
    found = verdicts(TABLES | {name: fewer})
    assert found["on_linf_bugs_original_labels"] == NOT_TESTED
    assert found["on_l2_bugs_original_labels"] == REPRODUCED


def test_lines_follow_from_drawn_points():
    """Least squares through the response's points, without and with the new one."""
    names = ("vgg16", "inception", "resnet18", "densenet", "resnet50")
    x = pd.Series([VALUE[f"rebuttal_{name}_accuracy"] for name in names])
    y = pd.Series([VALUE[f"rebuttal_{name}_untargeted_transfer"] for name in names])
    five = y.cov(x) / x.var()
    assert VALUE["trend_slope_five"] == pytest.approx(five, abs=1e-3)
    assert VALUE["trend_correlation_five"] == pytest.approx(x.corr(y), abs=1e-4)
    x.loc[5], y.loc[5] = VALUE["new_point_accuracy"], VALUE["new_point_transfer"]
    slope = y.cov(x) / x.var()
    assert VALUE["trend_slope_six"] == pytest.approx(slope, abs=1e-3)
    assert VALUE["trend_intercept_six"] == pytest.approx(y.mean() - slope * x.mean(), abs=1e-3)
    assert VALUE["trend_correlation_six"] == pytest.approx(x.corr(y), abs=1e-4)
