"""Four figures, drawn from made-up tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import check_readable, context_of, heading, points_of

from advex.common.errors import UserError
from advex.common.numbers.statistics import mean_interval
from advex.discussion.ilyas.figures import (
    accuracy_curves,
    attack_strength,
    robust_generalisation,
    transferability,
)
from advex.draw import lettering
from advex.draw.tables import published_points
from advex.judge.claims import load_published

PUBLISHED = load_published([Path(__file__).parents[4] / "published" / "ilyas.csv"])
CONTEXT = lettering.Context("digits", "ilyas/x", "results/digits/measurements/ilyas/x.csv", "digits", 3, 360)
ARCHITECTURES = ("resnet50", "resnet18", "densenet", "inception", "vgg16")
LEARNERS = ("on_det", *(f"on_det_{name}" for name in ARCHITECTURES[1:]))
TARGETS = ("standard_independent", *(f"standard_{name}" for name in ARCHITECTURES[1:]))
NOISE = (0.0, 0.4, -0.4)  # by seed; sums to 0, so means are the values given below


def rows(seeds, **columns):
    """Return one row a seed around ``value``, seeds backwards."""
    value = columns.pop("value")
    return [{**columns, "seed": seed, "value": value + NOISE[seed]} for seed in reversed(range(seeds))]


def attack_table(seeds, drop=0.5, base=50):
    return pd.DataFrame(
        row
        for objective, points in (
            ("cross_entropy", ((0, 90), (5, base + 5), (10, base), (40, base - drop))),
            ("cw_margin", ((0, 90), (5, base + 5), (10, base), (40, base - drop))),
            ("strongest", ((100, base - drop),)),
        )
        for steps, value in points
        for row in rows(
            seeds, model="on_robust", quantity="robust_accuracy_half_epsilon", epsilon=0.5,
            objective=objective, steps=steps, value=value,
        )
    )  # fmt: skip


def generalisation_table(seeds, found=(70, 60, 50)):
    return pd.DataFrame(
        row | {"value": row["value"] + 0.1 * position * (row["seed"] - 1)}
        for position, (dataset, value) in enumerate(
            zip(("robust", "robust_test", "natural_test"), found, strict=True)
        )
        for row in rows(
            seeds, model="on_robust", quantity="robust_accuracy_half_epsilon", epsilon=0.5, dataset=dataset,
            value=value,
        )
    )  # fmt: skip


def curves_table(seeds, robust_drops=(20, 5)):
    """Return rises to a best epoch and drops from it; the drops differ a little by seed."""
    found = []
    drops = {"on_rand": 1, "on_det": 1, "on_rand_robust": robust_drops[0], "on_det_robust": robust_drops[1]}
    for model, drop in drops.items():
        for quantity, values in (("train_accuracy", (20, 60, 99)), ("test_accuracy", (10, 40, 40 - drop))):
            for epoch, value in enumerate(values, 1):
                for row in rows(seeds, model=model, quantity=quantity, epoch=epoch, value=value):
                    row["value"] += 0.01 * len(model) * (epoch == 3) * NOISE[row["seed"]]
                    found.append(row)
    return pd.DataFrame(found)


def transfer_table(seeds, transfer=(90, 80, 85, 70, 60), accuracy=(40, 35, 33, 30, 20)):
    found = []
    for learner, target, x, y in zip(LEARNERS, TARGETS, accuracy, transfer, strict=True):
        found += rows(seeds, model=learner, quantity="accuracy", value=x)
        found += rows(seeds, model=target, quantity="untargeted_transfer", value=y)
        found += rows(seeds, model=target, quantity="targeted_transfer", value=y / 2)
    return pd.DataFrame(found)


FIGURES = {
    "attack_strength": (attack_strength, attack_table),
    "robust_generalisation": (robust_generalisation, generalisation_table),
    "accuracy_curves": (accuracy_curves, curves_table),
    "transferability": (transferability, transfer_table),
}


def drawn(name, table, **verdicts):
    context = context_of(CONTEXT, table, **verdicts)
    return FIGURES[name][0].draw({f"ilyas/{name}": table}, PUBLISHED, context)


def title_of(name, table, **verdicts):
    return heading(drawn(name, table, **verdicts))


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("name", FIGURES)
def test_figures_draw_with_readable_text_inside_the_figure(name, seeds):
    check_readable(drawn(name, FIGURES[name][1](seeds)), seeds)


def test_attack_strength_draws_means_and_published_points():
    axis = drawn("attack_strength", attack_table(3)).axes[0]
    ours = points_of(axis, "o")
    np.testing.assert_allclose(ours[-1], [100, 49.5])
    ours = ours[:-1].reshape(2, 4, 2)
    np.testing.assert_allclose(ours[:, :, 0], [[0, 5, 10, 40]] * 2)
    np.testing.assert_allclose(ours[:, :, 1], [[90, 55, 50, 49.5]] * 2)
    theirs = points_of(axis, "D")
    assert len(theirs) == 9
    np.testing.assert_allclose(theirs[[0, 1, -1]], [[0, 95.3], [20, 49.2], [2560, 48.3]])
    assert axis.get_xlim()[1] > 2560


def test_attack_strength_title_says_what_the_strongest_attack_leaves():
    claim, table = "attack_does_not_explain_robustness", attack_table(3, drop=20)
    assert title_of("attack_strength", table, **{claim: "effect"}) == (
        "The strongest attack takes 50 to 30 %: the robust set is still better than original images"
    )
    assert "is then not clearly better" in title_of("attack_strength", table, **{claim: "undecided"})


def test_robust_generalisation_draws_means_published_values_and_chance():
    axis = drawn("robust_generalisation", generalisation_table(3)).axes[0]
    np.testing.assert_allclose([bar.get_height() for bar in axis.patches], [70, 60, 50])
    np.testing.assert_allclose(points_of(axis, "D"), [[0, 77.33], [1, 62.49], [2, 48.27]])
    assert "chance" in [text.get_text() for text in axis.texts]


def test_robust_generalisation_title_follows_its_claims():
    claims = {
        "robust_generalisation_robust_train": "effect",
        "robust_generalisation_robust_test": "contradicted",
    }
    assert title_of("robust_generalisation", generalisation_table(3, (70, 60, 65)), **claims) == (
        "Robust accuracy: robust test set lower (70, 60 %), test set not lower (65 %)"
    )


def test_accuracy_curves_draw_means_and_published_points_by_share_of_training():
    models = ("on_rand", "on_rand_robust", "on_det", "on_det_robust")
    panels = dict(zip(models, drawn("accuracy_curves", curves_table(3)).axes, strict=True))
    test, train = (panels["on_rand_robust"].get_lines()[index] for index in (0, 1))
    np.testing.assert_allclose(test.get_xydata(), [[100 / 3, 10], [200 / 3, 40], [100, 20]])
    np.testing.assert_allclose(train.get_ydata(), [20, 60, 99])
    for model, axis in panels.items():
        theirs = PUBLISHED[PUBLISHED["key"].str.match(rf"figure10_{model}_(train|test)_epoch")]
        assert sorted(points_of(axis, "D")[:, 1]) == sorted(theirs["value"])
        assert points_of(axis, "D")[:, 0].max() == 100
    assert "published 200, below 181" in panels["on_det_robust"].get_xlabel()


def test_accuracy_curves_title_compares_declines_of_both_sources():
    claims = [f"on_{name}_robust_test_accuracy_declines" for name in ("rand", "det")]
    both = title_of("accuracy_curves", curves_table(3), **dict.fromkeys(claims, "effect"))
    assert both.startswith("Test accuracy declines more in training with the robust source")
    assert "20.0 against 1.0 points (random target) and 5.0 against 1.0 (next class)" in both
    one = title_of("accuracy_curves", curves_table(3), **{claims[0]: "effect"})
    assert "with the robust source for random targets, not clearly for next-class ones" in one
    assert "does not clearly decline more" in title_of("accuracy_curves", curves_table(3))


def test_transferability_draws_means_and_published_points():
    figure = drawn("transferability", transfer_table(3))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "ours, ResNet-50", "ours, ResNet-18", "ours, DenseNet", "ours, Inception", "ours, VGG-16",
        "ours, line through the means", "published (Figs. 3, 13), CIFAR-10",
    ]  # fmt: skip
    for axis, first, share in zip(figure.axes, (98.7, 71.6), (1, 0.5), strict=True):
        np.testing.assert_allclose(points_of(axis, "o")[-1], [40, 90 * share])
        np.testing.assert_allclose(points_of(axis, "P")[-1], [20, 60 * share])
        assert len(points_of(axis, "o")) == 4  # three seeds and their mean
        theirs = points_of(axis, "D")
        assert len(theirs) == 5
        np.testing.assert_allclose(theirs[0], [44.7, first])


def test_transferability_title_says_for_which_attacks_transfer_grows():
    claims = [f"{name}_transfer_rank_correlation" for name in ("untargeted", "targeted")]
    figure = drawn("transferability", transfer_table(3), **dict.fromkeys(claims, "effect"))
    assert "set receive more transfer: rank correlation untargeted " in heading(figure)
    names = [axis.get_title(loc="left") for axis in figure.axes]
    assert all("r = 0.9" in name for name in names)
    assert [name.rpartition("published ")[2] for name in names] == ["0.98", "0.82"]
    assert "do not clearly receive more transfer" in title_of("transferability", transfer_table(3))
    one = title_of("transferability", transfer_table(3), **{claims[0]: "effect"})
    assert "more transfer for untargeted attacks, not clearly for targeted ones" in one


def test_transferability_without_examples_that_could_transfer_has_no_correlation():
    table = transfer_table(3)
    table.loc[table["quantity"] == "targeted_transfer", "value"] = np.nan
    figure = drawn("transferability", table)
    assert "targeted undefined" in heading(figure)
    assert len(points_of(figure.axes[1], "o")) == 0
    assert len(points_of(figure.axes[1], "D")) == 5


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("attack_strength", "on_robust"),
        ("robust_generalisation", "on_robust"),
        ("accuracy_curves", "on_det_robust"),
        ("transferability", "standard_vgg16"),
    ],
)
def test_a_missing_model_is_named(name, model):
    table = FIGURES[name][1](2)
    table.loc[table["model"] == model, "model"] = "other"
    with pytest.raises(UserError, match=model):
        drawn(name, table)


def test_published_points_and_directions():
    steps, values = published_points(PUBLISHED, "figure8_steps")
    assert list(steps[:2]) == [0, 20]
    assert values[0] == 95.3
    with pytest.raises(UserError, match="'nothing'"):
        published_points(PUBLISHED, "nothing")
    for values, expected in (([1, 1.1], 1), ([-1, -1.1], -1), ([-1, 1], 0), ([2], 1), ([-2], -1)):
        assert lettering.direction(mean_interval(values)) == expected
