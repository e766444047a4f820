"""The figures of comments 2 and 3, drawn from digits and from made-up measurements."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import heading

from advex.common.errors import UserError
from advex.common.pictures import Picture
from advex.discussion.goh_features.feature_studies import sizes_from, study
from advex.discussion.goh_features.figures import containments, ensembles, features, singular_vectors
from advex.discussion.goh_leakage.figures import leakage, robust_linear_features
from advex.discussion.goh_leakage.linear_classifiers import robust_linear_features_table, weight_images
from advex.draw import lettering

ROOT = Path(__file__).parents[4]
CONTEXT = lettering.Context("digits", "goh/x", "results/digits/measurements/goh/x.csv", "digits", 3, 500)
LEAKAGE = pd.read_csv(ROOT / "published/goh_leakage.csv")
FEATURES = pd.read_csv(ROOT / "published/goh_features.csv")
FIGURES = {"singular_vectors": singular_vectors, "ensembles": ensembles, "containments": containments}


@pytest.fixture(scope="module")
def studied(digits, digits_study):
    """Two repetitions, and the same once more as the pair of the drawing."""
    sizes = sizes_from(digits_study.goh_features.model_dump(exclude={"seeds", "description"}))
    runs = [study(digits.train, digits.test, sizes, repetition) for repetition in (0, 1)]
    tables = {}
    for name in FIGURES:
        table = pd.concat([run[0][name] for run in runs], ignore_index=True)
        tables[f"goh_features/{name}"] = pd.concat([table, table.assign(pair="plotted")])
    picture = runs[0][1]
    both = Picture(np.repeat(picture.images, 2, axis=0), ["main", "plotted"], picture.columns)
    return tables | {"goh_features/thumbnails": both}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_features_have_a_row_of_panels_for_each_pair(studied, name):
    figure = FIGURES[name].draw(studied, FEATURES, CONTEXT)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert sum("3 and 8" in title for title in titles) == 4
    assert sum(len(axis.images) for axis in figure.axes) == 2
    assert "100 images" in figure.get_supxlabel()
    diamonds = [line for axis in figure.axes for line in axis.lines if line.get_marker() == "D"]
    assert diamonds
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert "robust usefulness 0; from left to right ε = 0.1, 0.3, 0.625" in labels


def test_features_of_no_use_lie_on_the_edge(studied):
    figure = singular_vectors.draw(studied, FEATURES, CONTEXT)
    held_out = figure.axes[1]
    points = next(line for line in held_out.lines if len(line.get_xdata()) == 52)
    assert np.min(points.get_ydata()) == features.LEAST_USEFUL
    assert (np.asarray(points.get_ydata()) == features.LEAST_USEFUL).sum() > 10


def changed(studied, name, quantity, value, /, **columns):
    table = studied[name].copy()
    mask = table["quantity"] == quantity
    for column, wanted in columns.items():
        mask &= table[column] == wanted
    assert mask.any()
    table.loc[mask, "value"] = value
    return studied | {name: table}


def test_the_first_title_says_whether_a_singular_vector_beats_chance(studied):
    assert heading(singular_vectors.draw(studied, FEATURES, CONTEXT)).startswith("3 and 8: No non-robust")
    better = changed(studied, "goh_features/singular_vectors", "largest_nonrobust_usefulness", 0.6)
    assert heading(singular_vectors.draw(better, FEATURES, CONTEXT)).startswith("3 and 8: Some non-robust")


def test_the_second_title_asks_for_more_than_permuted_labels_reach(studied):
    name, at = "goh_features/ensembles", {"name": "ensemble"}
    useful = changed(studied, name, "usefulness_held_out", 0.5, **at)
    useful = changed(useful, name, "usefulness_permuted_held_out", 0.1, **at)
    assert "ensemble is useful: 0.500" in heading(ensembles.draw(useful, FEATURES, CONTEXT))
    useless = changed(useful, name, "usefulness_held_out", 0.05, **at)
    assert "is not clearly useful: 0.050" in heading(ensembles.draw(useless, FEATURES, CONTEXT))


def test_the_third_title_says_what_transfers(studied):
    name = "goh_features/containments"
    world = changed(studied, name, "transfer_accuracy", 30.0, name="contained")
    world = changed(world, name, "transfer_accuracy", 70.0, name="ensemble")
    text = heading(containments.draw(world, FEATURES, CONTEXT))
    assert "of the contained feature mislead (30 %), of the ensemble transfer (70 %)" in text


def test_a_missing_quantity_is_named(studied):
    name = "goh_features/ensembles"
    without = studied[name][studied[name]["quantity"] != "usefulness_held_out"]
    with pytest.raises(UserError, match="no usefulness_held_out of pair 'main'"):
        ensembles.draw(studied | {name: without}, FEATURES, CONTEXT)


@pytest.mark.parametrize("epsilon", [0.02, 0.625])
@pytest.mark.slow
def test_robust_linear_features_says_whether_the_specifications_are_met(digits, epsilon):
    runs = [
        robust_linear_features_table(digits.train, digits.test, [0.01, 0.1, 1.0], epsilon, repetition)
        for repetition in (0, 1)
    ]
    tables = {
        "goh_leakage/robust_linear_features": pd.concat([table for table, _ in runs]),
        "goh_leakage/weights": weight_images(runs[0][1], digits.train),
    }
    figure = robust_linear_features.draw(tables, LEAKAGE, CONTEXT)
    met = epsilon < 0.1
    assert heading(figure).startswith("10 of 10 features are" if met else "0 of 10 features are")
    assert f"(specification 2 {'met' if met else 'not met'})" in heading(figure)
    published = [line.get_ydata() for axis in figure.axes for line in axis.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(published[0], LEAKAGE["value"][:10])


def leakage_table(seeds=3, **means):
    rows = []
    for seed in range(seeds):
        for training_set in ("natural", "rand", "det", "nonrobust", "rand_before", "det_before"):
            for kind in ("network", "linear", "linear_worst_case", "deep"):
                if kind == "network" and training_set.endswith("before"):
                    continue
                mean = means.get(f"{training_set}_{kind}", 50)
                for quantity in ("accuracy", "accuracy_next_class"):
                    rows.append((seed, training_set, kind, np.nan, quantity, mean + seed - (seeds - 1) / 2))
        rows.append((seed, "natural", "linear", np.nan, "radius_kept", 0.3))
        for training_set in ("rand", "det"):
            for step in (0.0, 0.05, 0.1):
                rows.append((seed, training_set, "toy", step, "toy_correlation", step))
    return pd.DataFrame(rows, columns=["seed", "training_set", "features", "step", "quantity", "value"])


@pytest.mark.parametrize(
    ("rand", "det", "words"),
    [
        (24, 4, "24 % from random targets (above chance) and 4 % from the next class (below chance)"),
        (10, 10, "10 % from random targets (about at chance) and 10 % from the next class (about at chance)"),
    ],
)
def test_leakage_says_what_is_above_chance(rand, det, words):
    table = leakage_table(rand_linear=rand, det_linear=det, rand_deep=40, det_deep=6)
    figure = leakage.draw({"goh_leakage/leakage": table}, LEAKAGE, CONTEXT)
    assert words in heading(figure)
    assert "deep ones 40 % and 6 %" in heading(figure)
    assert "(one seed)" not in heading(figure)
    one = leakage.draw({"goh_leakage/leakage": leakage_table(1)}, LEAKAGE, CONTEXT)
    assert "(one seed)" in heading(one)


def test_leakage_shows_both_denominators():
    figure = leakage.draw({"goh_leakage/leakage": leakage_table()}, LEAKAGE, CONTEXT)
    marks = sorted(float(line.get_ydata()[0]) for line in figure.axes[0].lines if line.get_marker() == "D")
    assert marks == [6.81, 22.1, 23.5, 44, 44, 63, 88, 88]
