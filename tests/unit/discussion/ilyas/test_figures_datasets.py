"""The figures of the constructed data sets, drawn from small made-up measurements."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import context_of, heading

from advex.common.errors import UserError
from advex.common.pictures import Picture
from advex.discussion.ilyas.figures import (
    dataset_grid,
    nonrobust_datasets,
    perturbation_grid,
    relabelled,
    robust_datasets,
)
from advex.draw import lettering, tables

CONTEXT = lettering.Context("digits", "ilyas/x", "results/digits/measurements/ilyas/x.csv", "digits", 3, 360)
PUBLISHED = pd.read_csv(Path(__file__).parents[4] / "published" / "ilyas.csv")
HALF, FULL = "robust_accuracy_half_epsilon", "robust_accuracy_full_epsilon"
EPSILONS = {HALF: 0.5, FULL: 1.0}
ROBUST_DATASETS = {
    "standard": (95, 5, 0),
    "robust": (90, 82, 70),
    "on_robust": (85, 48, 22),
    "on_robust_from_noise": (84, 48, 29),
    "on_nonrobust": (88, 1, 0),
    "on_nonrobust_from_noise": (46, 2, 0),
    "on_robust_resnet18": (80, 40, 20),
    "on_nonrobust_resnet18": (81, 3, 0),
}
NONROBUST_DATASETS = {"standard": 95, "on_rand": 63, "on_det": 44, "on_rand_robust": 25, "on_det_robust": 6}
RELABELLED = {
    "on_det": (44, 16),
    "on_det_resnet18": (40, 20),
    "on_det_vgg16": (29, 48),
    "on_det_densenet": (30, 30),
    "on_det_inception": (41, 12),
    "on_det_plain": (30, 53),
    "on_det_perceptron": (25, 58),
    "on_det_robust": (6, 66),
}


def measured(numbers, quantities, seeds=3, **changed):
    """Rows around the given means, in mixed order; seeds differ by one point."""
    rows = []
    for model, means in {**numbers, **changed}.items():
        for quantity, mean in zip(quantities, np.atleast_1d(means), strict=True):
            for seed in reversed(range(seeds)):
                value = float(np.clip(mean + seed - (seeds - 1) / 2, 0, 100))
                rows.append((seed, model, quantity, EPSILONS.get(quantity, np.nan), value))
    return pd.DataFrame(rows, columns=["seed", "model", "quantity", "epsilon", "value"])


def robust_table(seeds=3, **changed):
    return measured(ROBUST_DATASETS, ("accuracy", HALF, FULL), seeds, **changed)


def nonrobust_table(seeds=3, **changed):
    return measured(NONROBUST_DATASETS, ("accuracy",), seeds, **changed)


def relabelled_table(seeds=3, **changed):
    return measured(RELABELLED, ("accuracy", "accuracy_next_class"), seeds, **changed)


def check_table(seeds=3, **excess):
    """What AutoAttack found on 100 images, by model: by default nothing that our attacks had not."""
    rows = [
        (seed, model, "autoattack_excess", 0.5, excess.get(model, 0.0), 100)
        for model in ROBUST_DATASETS
        if "noise" not in model
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["seed", "model", "quantity", "epsilon", "value", "images"])


def drawn(module, table, check=None, **verdicts):
    context = CONTEXT if isinstance(table, Picture) else context_of(CONTEXT, table, **verdicts)
    name = module.__name__.rpartition(".")[2]
    check = check_table() if check is None else check
    return module.draw({f"ilyas/{name}": table, "ilyas/attack_check": check}, PUBLISHED, context)


def heights(figure):
    return [patch.get_height() for patch in figure.axes[0].patches]


def diamonds(figure):
    """Published values in drawing order."""
    return [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_marker() == "D"]


def picture(rows, channels=1, size=8, columns=5):
    images = np.random.default_rng(0).random((len(rows), columns, channels, size, size), dtype=np.float32)
    return Picture(images, list(rows), [f"class {number}" for number in range(columns)])


def test_values_are_in_the_order_of_seeds_and_differences_are_paired():
    table = nonrobust_table()
    np.testing.assert_allclose(tables.values(table, model="on_rand", quantity="accuracy"), [62, 63, 64])
    found = tables.difference(np.array([5.0, 7.0, 9.0]), np.array([1.0, 3.0, 5.0]))
    assert (found.mean, found.sd, found.n) == (4, 0, 3)


def test_values_name_what_is_missing_or_ambiguous():
    with pytest.raises(UserError, match="model 'on_det_vgg16', quantity 'accuracy'"):
        tables.values(nonrobust_table(), model="on_det_vgg16", quantity="accuracy")
    with pytest.raises(UserError, match="several rows of one seed"):
        tables.values(robust_table(), model="standard")


def test_differences_need_the_same_seeds():
    with pytest.raises(ValueError, match="zip"):
        tables.difference(np.ones(1), np.ones(3))


@pytest.mark.parametrize("seeds", [1, 3])
def test_robust_datasets_shows_every_mean_beside_table_7(seeds):
    figure = drawn(robust_datasets, robust_table(seeds))
    expected = [
        np.mean(tables.values(robust_table(seeds), model=model, quantity=quantity))
        for model, *_ in robust_datasets._MODELS
        for quantity in ("accuracy", HALF, FULL)
    ]
    np.testing.assert_allclose(heights(figure), expected)
    table7 = PUBLISHED[PUBLISHED["where"] == "Table 7"]["value"]
    assert sorted(diamonds(figure)) == sorted(table7)
    assert "(one seed)" in heading(figure) or seeds == 3
    assert "published (Table 7)" in figure.legends[0].get_texts()[0].get_text()


def test_robust_datasets_shows_what_independent_code_would_leave():
    figure = drawn(robust_datasets, robust_table(), check_table(standard=2.0, on_robust_resnet18=-1.0))
    ticks = [line for line in figure.axes[0].lines if "AutoAttack" in line.get_label()]
    heights_below = [line.get_ydata()[0] for line in ticks]
    assert heights_below == pytest.approx([5 - 2, 82, 48, 40 + 1, 1, 3])
    bars = [patch.get_x() + patch.get_width() / 2 for patch in figure.axes[0].patches]
    assert all(min(abs(line.get_xdata()[0] - place) for place in bars) < 1e-6 for line in ticks)
    assert {line.get_label() for line in ticks} == {"less the excess over AutoAttack on 100 images"}


def test_robust_datasets_says_what_both_sets_give():
    claims = "on_robust_robust_accuracy_half_epsilon", "on_nonrobust_accuracy"
    text = heading(drawn(robust_datasets, robust_table(), **dict.fromkeys(claims, "effect")))
    assert text == (
        "Standard training is more robust on the robust set than on original images (48 against "
        "5 % at ε/2); on "
        "the non-robust set it is accurate without being robust (88 %, at ε/2 1 %)"
    )
    other = heading(drawn(robust_datasets, robust_table(), **{claims[0]: "contradicted"}))
    assert "is not more robust on the robust set" in other
    assert "it is not clearly accurate without being robust" in other


@pytest.mark.parametrize("seeds", [1, 3])
def test_nonrobust_datasets_shows_every_mean_beside_tables_1_and_9(seeds):
    figure = drawn(nonrobust_datasets, nonrobust_table(seeds))
    np.testing.assert_allclose(heights(figure), [95, 63, 25, 44, 6])
    assert diamonds(figure) == [95.3, 63.3, 25.2, 43.7, 5.8]
    assert "(one seed)" in heading(figure) or seeds == 3


def test_nonrobust_datasets_says_what_teaches():
    claims = {"on_rand_accuracy": "effect", "on_rand_robust_accuracy": "undecided"}
    assert heading(drawn(nonrobust_datasets, nonrobust_table(), **claims)) == (
        "Standard-model examples teach (63, 44 %), robust ones not clearly less (25, 6 %)"
    )


@pytest.mark.parametrize("seeds", [1, 3])
def test_relabelled_shows_every_mean_beside_table_10(seeds):
    figure = drawn(relabelled, relabelled_table(seeds))
    np.testing.assert_allclose(heights(figure), [mean for pair in RELABELLED.values() for mean in pair])
    assert diamonds(figure) == [43.7, 16.2, 5.8, 65.5]
    assert "(one seed)" in heading(figure) or seeds == 3


def test_relabelled_says_which_class_each_source_teaches():
    claims = {"on_det_original_labels": "contradicted", "on_det_robust_next_class_labels": "effect"}
    assert heading(drawn(relabelled, relabelled_table(), **claims)) == (
        "Next-class examples of a standard model do not teach every architecture the original "
        "class (ResNet-50: "
        "44 against 16 %); a robust model's teach the next (66 against 6 %)"
    )


@pytest.mark.parametrize(
    ("module", "table", "model"),
    [
        (robust_datasets, robust_table(), "on_robust_resnet18"),
        (nonrobust_datasets, nonrobust_table(), "on_det_robust"),
        (relabelled, relabelled_table(), "on_det"),
    ],
)
def test_a_missing_model_is_named(module, table, model):
    with pytest.raises(UserError, match=f"no row with model '{model}'"):
        drawn(module, table[table["model"] != model])


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (1, 28), (3, 32)])
def test_dataset_grid_shows_both_starts_and_counts_what_is_nearer(channels, size):
    rows = ["original", "robust", "robust, from noise", "non-robust", "non-robust, from noise"]
    grid = picture(rows, channels, size)
    grid.images[1] = grid.images[0]
    grid.images[4] = grid.images[0]
    figure = drawn(dataset_grid, grid)
    assert "5 of 5 columns started from images, 0 of 5 from noise" in heading(figure)
    left, right = (np.asarray(axis.images[0].get_array()) for axis in figure.axes)
    np.testing.assert_allclose(left[:size, :size], right[:size, :size])
    first = grid.images[1, 0].transpose(1, 2, 0)
    below = size + max(1, round(0.06 * size))
    np.testing.assert_allclose(left[below : below + size, :size], np.broadcast_to(first, (size, size, 3)))


def test_dataset_grid_names_a_missing_row():
    with pytest.raises(UserError, match="no row 'robust', only original"):
        drawn(dataset_grid, picture(["original"]))


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 32)])
def test_perturbation_grid_shows_both_rules_without_a_count_of_test_images(channels, size):
    rows = ["original", "from standard|1|2|3|4|0", "from robust|1|2|3|4|0"]
    pictures = {
        name: picture(rows, channels, size)
        for name in ("ilyas/random_perturbations", "ilyas/next_class_perturbations")
    }
    figure = perturbation_grid.draw(pictures, PUBLISHED, CONTEXT)
    assert [len(axis.images) for axis in figure.axes] == [1, 1]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    images = pictures["ilyas/random_perturbations"].images
    others = pictures["ilyas/next_class_perturbations"].images
    largest = max(np.abs(each[1:].astype(float) - each[0]).max() for each in (images, others))
    change = f"change ({0.5 / largest:.2g}×)"
    assert names == ["original", "from standard", change, "from robust", change]
    assert [text.get_text() for text in figure.axes[0].texts] == [f"→ {name}" for name in (1, 2, 3, 4, 0)] * 2
    shown = np.asarray(figure.axes[0].images[0].get_array())
    below = 2 * (size + max(1, round(0.06 * size)))
    expected = 0.5 + 0.5 / largest * (images[1, 0].astype(float) - images[0, 0]).transpose(1, 2, 0)
    np.testing.assert_allclose(
        shown[below : below + size, :size], np.broadcast_to(expected, (size, size, 3)), atol=1e-6
    )
    assert "360 images" not in figure.get_supxlabel()
