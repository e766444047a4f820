"""R(f): networks as the response describes them have every claim's effect, other networks do not."""

from pathlib import Path

import pandas as pd
import pytest
from figures_seen import context_of

from advex.common.errors import UserError
from advex.common.names.verdicts import CONTRADICTED, EFFECT, NOT_TESTED
from advex.discussion.nakano.figures import layer_robustness
from advex.draw import lettering
from advex.judge.claims import load_claims, load_published
from advex.judge.judge import judge

ROOT = Path(__file__).parents[4]
CLAIMS = load_claims([ROOT / "config/claims/nakano/layers.yaml"])
PUBLISHED = load_published(sorted((ROOT / "published").glob("*.csv")))
VALUE = dict(zip(PUBLISHED["key"], PUBLISHED["value"], strict=True))
NETWORKS = {
    "vgg16": "standard_vgg16", "alexnet": "standard_alexnet", "standard": "standard", "robust": "robust",
}  # fmt: skip
CONTEXT = lettering.Context("digits", "nakano/layer_robustness", "results/x.csv", "digits, 8x8", 3, 500)


def world(seeds=3, **changed):
    """The published values with a little noise; ``changed`` multiplies those of a network, by model."""
    rows = []
    for key, model in NETWORKS.items():
        values = {place: VALUE[f"response_layers_{key}_{place}"] for place in (1, 2, 3, 4)}
        if key == "vgg16":
            values |= {7: VALUE["response_single_layer_vgg16_conv7"]}
            values |= {13: VALUE["response_single_layer_vgg16_conv13"]}
        for place, value in values.items():
            rows.append({"model": model, "position": place, "layer": f"l{place}", "value": value})
    rows += [{"model": "on_robust", "position": place, "layer": "l", "value": 0.2} for place in (1, 2, 3)]
    rows += [{"model": model, "position": 0, "layer": "images", "value": 0.05} for model in NETWORKS.values()]
    table = pd.DataFrame(rows)
    table["value"] *= table["model"].map(changed).fillna(1.0)
    table = table.assign(quantity="layer_robustness", unit="ratio", images=100)
    radii = [
        table.assign(relative_epsilon=share, epsilon=1.25 * share, value=2 * share * table["value"])
        for share in (0.1, 0.5, 1.0)
    ]
    return {
        "nakano/layer_robustness": pd.concat(
            [
                radius.assign(
                    seed=seed, value=radius["value"] * (1 + 0.01 * seed * (radius["position"] + 1) / 5)
                )
                for seed in reversed(range(seeds))
                for radius in radii
            ]
        )
    }


def verdicts(tables):
    return judge(CLAIMS, tables, PUBLISHED, True, 10).set_index("claim")["verdict"]


def test_every_number_of_the_response_is_judged():
    keys = set(PUBLISHED[PUBLISHED["quantity"].str.contains("layer_robustness")]["key"])
    assert len(keys) == 16 + 9 + 6
    assert {key for claim in CLAIMS for key in (claim.published, *claim.also)} == keys


def test_ratios_are_those_of_the_values():
    ratios = PUBLISHED[PUBLISHED["quantity"] == "ratio_of_layer_robustness"]
    for key, value in zip(ratios["key"], ratios["value"], strict=True):
        name, place = key.removeprefix("response_").rsplit("_", 1)
        above, below = (VALUE[f"response_layers_{each}_{place}"] for each in name.split("_over_"))
        assert value == round(above / below, 2)


def test_the_published_networks_have_every_effect():
    """In direction: nobody says in which ball the published values were taken."""
    assert set(verdicts(world())) == {EFFECT}
    assert set(verdicts({})) == {NOT_TESTED}
    assert set(verdicts(world(seeds=1))) == {NOT_TESTED}


def test_other_networks_do_not():
    found = verdicts(world(standard=0.1))  # a standard network as robust as the robust one
    failed = set(found.index[found == CONTRADICTED])
    ratios = {name for name in found.index if name.startswith("nakano_standard_worse")}
    assert ratios | {f"nakano_r_robust_layer{place}" for place in (1, 2, 3)} <= failed
    found = verdicts(world(standard_vgg16=5))  # a fragile VGG
    assert found["nakano_vgg16_as_robust_layer1"] == CONTRADICTED
    assert found["nakano_alexnet_as_robust_layer1"] == EFFECT


def test_a_layer_that_a_network_does_not_have_is_not_tested():
    table = world()["nakano/layer_robustness"]
    found = verdicts({"nakano/layer_robustness": table[table["position"] <= 3]})
    assert found["nakano_r_robust_layer4"] == found["nakano_single_layer_vgg16_conv7"] == NOT_TESTED
    assert found["nakano_r_robust_layer3"] == EFFECT


def heading(tables, context=CONTEXT):
    table = tables["nakano/layer_robustness"]
    told = {**verdicts(tables)} if "robust" in set(table["model"]) else {}
    context = context_of(context, table, **told)
    drawn = layer_robustness.draw(tables, PUBLISHED[PUBLISHED["source"] == "nakano"], context)
    return drawn, drawn.get_suptitle().replace("\n", " ")


def test_title_of_the_published_networks():
    drawn, title = heading(world())
    assert title == (
        "First layers: VGG and AlexNet are about as robust as a robust ResNet (R(f) 0.79 and "
        "0.88 times; published "
        "0.79 and 0.88); a standard ResNet is several times less robust (8 times; published 8)"
    )
    assert [axis.get_title(loc="left").split("\n")[-1] for axis in drawn.axes[:4]] == [
        "ball not stated", "ε = 0.125", "ε = 0.625", "ε = 1.25",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"standard": 0.15}, "a standard ResNet is not several times less robust (1.2 times"),
        (
            {"standard_vgg16": 4},
            "are not both clearly about as robust as a robust ResNet (R(f) 3.2 and 0.88 times",
        ),
    ],
)
def test_titles_follow_the_claims_on_the_measurements(changed, words):
    assert words in heading(world(**changed))[1]
    assert "(one seed)" in heading(world(seeds=1, **changed))[1]


def test_what_was_not_published_may_be_missing():
    table = world()["nakano/layer_robustness"]
    drawn, _ = heading({"nakano/layer_robustness": table[table["model"] != "on_robust"]})
    assert len([line for line in drawn.axes[2].lines if line.get_label().startswith("ours")]) == 4
    with pytest.raises(UserError, match="no layer of model 'robust'"):
        heading({"nakano/layer_robustness": table[table["model"] != "robust"]})


def test_lines_are_means_and_diamonds_are_published():
    drawn, _ = heading(world())
    left, _, main, _ = drawn.axes[:4]
    diamonds = [line for line in left.lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in diamonds] == [0.054, 0.060, 0.541, 0.068]
    assert all(line.get_linestyle() == "None" for line in diamonds)
    lines = {line.get_label(): line.get_ydata() for line in main.lines}
    table = world()["nakano/layer_robustness"]
    rows = table[(table["model"] == "robust") & (table["relative_epsilon"] == 0.5) & (table["position"] > 0)]
    expected = rows.groupby("position")["value"].mean().to_list()
    assert lines["ours, robust ResNet"].tolist() == pytest.approx(expected)
    assert len(lines["ours, VGG"]) == 4, "deeper layers are not drawn"
    assert len(lines["ours, ResNet trained on the robust data set"]) == 3
