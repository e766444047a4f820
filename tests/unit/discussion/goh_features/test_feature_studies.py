"""The tables of comment 3 on digits: they say what the features are, and shuffled images say nothing."""

from pathlib import Path

import numpy as np
import pytest

from advex.common.images import ImageSet
from advex.discussion.goh_features.explorer import explorer_html
from advex.discussion.goh_features.feature_studies import (
    COLUMNS,
    CONSTRUCTIONS,
    contained_pair,
    shown_features,
    sizes_from,
    study,
)
from advex.discussion.goh_features.feature_tables import LETTERS, ClassPair, FeatureSizes, lettered
from advex.discussion.goh_features.linear_features import (
    SingularVectors,
    singular_vectors,
    two_classes,
    usefulness,
)

SIZES = FeatureSizes((ClassPair("main", ("3", "8")),), (0.1, 0.3), 0.18, 0.065, 0.6547, (0.5,), (0.8, 0.95))


@pytest.fixture(scope="module")
def studied(digits):
    return study(digits.train, digits.test, SIZES, 0)


def one(table, quantity, **columns):
    rows = table[table["quantity"] == quantity]
    for name, value in columns.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


def test_tables_have_their_columns_and_counts(studied, digits):
    for table in studied[0].values():
        assert tuple(table.columns) == COLUMNS
        assert set(table["classes"]) == {"3 and 8"}
        assert set(table["images"]) == {100}
        assert table["value"].notna().all()
    pair = np.isin(digits.train.labels, [3, 8])
    smaller = np.bincount(digits.train.labels[pair])[[3, 8]].min()
    assert set(studied[0]["singular_vectors"]["training_images"]) == {2 * smaller}


def test_each_singular_vector_is_measured_on_both_sets(studied, digits):
    train, test = two_classes(digits.train, digits.test, ("3", "8"))
    features = singular_vectors(train)
    table = studied[0]["singular_vectors"]
    for quantity, values in (
        ("robustness", features.robustness),
        ("usefulness", features.usefulness),
        ("usefulness_held_out", usefulness(features.vectors, test.inputs, test.labels)),
    ):
        rows = table[(table["quantity"] == quantity) & table["feature"].notna()]
        np.testing.assert_allclose(rows["value"], values, atol=1e-12)
    squares = np.sum(features.usefulness**2)
    assert one(table, "least_squares_usefulness") == pytest.approx(np.sqrt(squares))
    positive = (features.usefulness > 0.1 / features.robustness).sum()
    assert one(table, "robustly_useful", epsilon=0.1) == positive
    assert one(table, "best_robust_usefulness", epsilon=0.1) >= np.max(
        features.usefulness - 0.1 / features.robustness
    )


def test_the_ensembles_usefulness_is_the_mean_over_inputs(studied, digits):
    train, test = two_classes(digits.train, digits.test, ("3", "8"))
    features = singular_vectors(train)
    weights = features.vectors[:, features.robustness < 0.18].sum(axis=1)
    table = studied[0]["ensembles"]
    for quantity, data in (("usefulness", train), ("usefulness_held_out", test)):
        expected = usefulness(weights, data.inputs, data.labels)
        assert one(table, quantity, name="ensemble") == pytest.approx(float(expected))
    assert one(table, "members", name="ensemble") == (features.robustness < 0.18).sum()
    assert one(table, "robust_usefulness", name="ensemble", epsilon=0.3) < 0


def test_without_a_relation_to_the_label_only_training_usefulness_is_left(digits):
    """On shuffled labels the ensemble is as useful on training images as permuted labels say, and no more."""
    generator = np.random.default_rng(0)

    def shuffled(images):
        pair = np.flatnonzero(np.isin(images.labels, [3, 8]))
        labels = images.labels[pair]
        return ImageSet(images.images[pair], generator.permutation(labels), images.classes)

    found = [
        study(shuffled(digits.train), shuffled(digits.test), SIZES, 0)[0]["ensembles"] for _ in range(12)
    ]
    ours = np.mean([one(table, "usefulness", name="ensemble") for table in found])
    null = np.mean([one(table, "usefulness_permuted", name="ensemble") for table in found])
    held_out = np.mean([one(table, "usefulness_held_out", name="ensemble") for table in found])
    assert ours == pytest.approx(null, rel=0.15)
    assert ours > 0.15
    assert abs(held_out) < 0.1


def test_the_path_ends_at_the_two_features(studied):
    table = studied[0]["containments"]
    path = table[table["quantity"] == "path_usefulness"].sort_values("point")["value"].to_numpy()
    assert path[0] == pytest.approx(one(table, "usefulness", name="nonrobust"))
    assert path[-1] == pytest.approx(one(table, "usefulness", name="robust"))
    radius = one(table, "radius_useful", name="contained")
    useful, robust = (one(table, key, name="contained") for key in ("usefulness", "robustness"))
    assert useful - radius / robust == pytest.approx(0, abs=1e-12)


def test_the_contained_pair_is_useful_and_useless():
    features = SingularVectors(
        np.eye(5), np.array([4.0, 2.0, 0.1, 0.09, 0.01]), np.array([0.2, 0.5, 0.3, 0.01, 0.02])
    )
    sizes = FeatureSizes((), (0.1,), 0.1, 0.1, 0.5, (), (0.9,))
    assert contained_pair(features, sizes, ClassPair("main", ("a", "b"))) == (1, 3)
    assert contained_pair(features, sizes, ClassPair("main", ("a", "b"), 0))[0] == 0


def test_letters_go_from_robust_to_nonrobust():
    logs = np.linspace(2, -4, 30)
    features = SingularVectors(np.eye(30), np.exp(logs), np.random.default_rng(0).random(30))
    found = lettered(features)
    assert tuple(found) == tuple(LETTERS)
    for useful, useless in (("A", "B"), ("C", "D"), ("E", "F")):
        assert features.usefulness[found[useful]] > features.usefulness[found[useless]]
    assert found["A"] < 11 <= found["C"] < 21 <= found["E"]


def test_thumbnails_name_what_they_show(studied):
    picture = studied[1]
    assert picture.rows == ["main"]
    assert {*LETTERS, *CONSTRUCTIONS, "0", "51"} <= set(picture.columns)
    assert picture.images.shape[2:] == (1, 8, 8)
    assert picture.images.min() >= 0
    assert picture.images.max() <= 1
    shown = shown_features(3072)
    assert shown[0] == 0
    assert shown[-1] == 3071
    assert len(shown) < 350
    assert (np.diff(shown) > 0).all()


def test_sizes_come_from_a_studys_section(digits_study):
    sizes = sizes_from(digits_study.goh_features.model_dump(exclude={"seeds", "description"}))
    assert sizes.pairs == (ClassPair("main", ("3", "8")),)
    assert sizes.successes[-1] == 0.99


def test_the_page_holds_every_feature_with_a_thumbnail(studied, tmp_path):
    template = tmp_path / "page.html.j2"
    template.write_text("{{ study }} {{ pairs | join(',') }} {{ data | tojson }}")
    tables, picture = studied
    arguments = (tables["singular_vectors"], tables["ensembles"], tables["containments"], picture)
    page = explorer_html(template, "digits", *arguments)
    assert "\ndigits 3 and 8 {" in page
    assert page.count('"kind": "vector"') == sum(name.isdecimal() for name in picture.columns)
    assert page.count('"kind": "ensemble"') == page.count('"kind": "contained"') == 1
    assert "data:image/png;base64," in page
    assert "NaN" not in page


def test_the_page_needs_no_other_file(studied):
    template = Path(__file__).parents[4] / "report" / "explorer.html.j2"
    tables, picture = studied
    arguments = (tables["singular_vectors"], tables["ensembles"], tables["containments"], picture)
    page = explorer_html(template, "digits", *arguments)
    assert "http:" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in page
    assert "src=" not in page
