"""The figures of comments 2 and 3, drawn from digits and from made-up measurements."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import context_of, heading

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


def title_of(module, tables, **verdicts):
    name = f"goh_features/{module.__name__.rpartition('.')[2]}"
    return heading(module.draw(tables, FEATURES, context_of(CONTEXT, tables[name], **verdicts)))


def test_titles_of_features_follow_their_claims(studied):
    claim = "no_useful_nonrobust_singular_vector"
    assert title_of(singular_vectors, studied, **{claim: "effect"}).startswith("3 and 8: No non-robust")
    assert title_of(singular_vectors, studied, **{claim: "contradicted"}).startswith("3 and 8: A non-robust")
    claim = "ensemble_is_useful_on_held_out_images"
    useful = changed(studied, "goh_features/ensembles", "usefulness_held_out", 0.5, name="ensemble")
    assert "ensemble is useful: 0.500" in title_of(ensembles, useful, **{claim: "effect"})
    assert "is not clearly useful: 0.500" in title_of(ensembles, useful, **{claim: "undecided"})
    name = "goh_features/containments"
    world = changed(studied, name, "transfer_accuracy", 30.0, name="contained")
    world = changed(world, name, "transfer_accuracy", 70.0, name="ensemble")
    claims = "containment_is_useful", "next_class_examples_of_a_containment_fail"
    text = title_of(containments, world, **dict.fromkeys(claims, "effect"))
    assert "is useful but not robust" in text
    assert "examples mislead (30 % right, chance 50; the ensemble's 70 %)" in text


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
    met = epsilon < 0.1
    context = context_of(
        CONTEXT,
        tables["goh_leakage/robust_linear_features"],
        goh_specification_2="effect" if met else "contradicted",
    )
    figure = robust_linear_features.draw(tables, LEAKAGE, context)
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


def test_leakage_says_what_its_claims_come_to():
    table = leakage_table(rand_linear=24, det_linear=4, rand_network=80)

    def title(table, **verdicts):
        return heading(
            leakage.draw({"goh_leakage/leakage": table}, LEAKAGE, context_of(CONTEXT, table, **verdicts))
        )

    claims = "goh_rand_leakage", "goh_rand_leakage_is_a_part", "goh_det_no_leakage"
    assert title(table, **dict.fromkeys(claims, "effect")) == (
        "Robust linear features leak 24 % from random targets (a small part of the network's 80 "
        "%) but not 4 % from "
        "the next class"
    )
    unmet = title(table, **dict.fromkeys(claims, "not measurable here"))
    assert unmet.endswith("; a premise fails: they are robust up to ε = 0.3 only")
    assert "(one seed)" in title(leakage_table(1))


def test_leakage_shows_both_denominators():
    figure = leakage.draw({"goh_leakage/leakage": leakage_table()}, LEAKAGE, CONTEXT)
    marks = sorted(float(line.get_ydata()[0]) for line in figure.axes[0].lines if line.get_marker() == "D")
    assert marks == [6.81, 22.1, 23.5, 44, 44, 63, 88, 88]
