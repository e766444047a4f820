"""The three figures of the comment on robustness, drawn from made-up tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import check_readable, context_of, heading, points_of

from advex.common.errors import UserError
from advex.common.numbers.frequency import ring_means
from advex.common.pictures import Picture
from advex.discussion.gilmer_hendrycks.figures import corruptions, fourier_heatmaps, frequency_filters
from advex.draw import lettering
from advex.judge.claims import load_published

PUBLISHED = load_published([Path(__file__).parents[4] / "published" / "gilmer_hendrycks.csv"])
CONTEXT = lettering.Context(
    "digits", "gilmer_hendrycks/x", "results/digits/measurements/gilmer_hendrycks/x.csv", "digits", 3, 360
)
NOISE = (0.0, 0.4, -0.4)  # by seed; sums to 0, so means are the values given below
MODELS = ("standard", "robust", "gaussian_augmented", "on_robust", "on_nonrobust")


def picture(channels=1, size=8):
    images = np.random.default_rng(0).uniform(size=(1, 5, channels, size, size)).astype(np.float32)
    return Picture(images, ["original"], list("01234"))


def rows(seeds, **columns):
    value = columns.pop("value")
    return [{**columns, "seed": seed, "value": value + NOISE[seed]} for seed in reversed(range(seeds))]


def filter_table(seeds, low=(20, 60, 90, 95), high=(12, 40, 70, 90), bandwidths=(1, 3, 5, 7), side=8):
    found = rows(
        seeds, objective="none", quantity="accuracy", bandwidth=side, relative_bandwidth=1.0, value=97
    )
    for kind, accuracies in (("low_pass", low), ("high_pass", high)):
        for bandwidth, accuracy in zip(bandwidths, accuracies, strict=True):
            common = {"objective": kind, "bandwidth": bandwidth, "relative_bandwidth": bandwidth / side}
            found += rows(seeds, **common, quantity="accuracy", value=accuracy)
            found += rows(seeds, **common, quantity="power_kept", value=bandwidth)
    return {
        "gilmer_hendrycks/frequency_filters": pd.DataFrame(found),
        "gilmer_hendrycks/test_images": picture(),
    }


def map_table(seeds, robust=(5, 40), standard=(30, 3), stronger=True, channels=1):
    """Standard and robust errors at the corner and at zero frequency."""
    found = []
    for number, model in enumerate(MODELS):
        found += rows(seeds, model=model, quantity="clean_error", value=5)
        map_ = 10.0 + number + np.add.outer(np.arange(8.0), np.arange(8.0))
        for (row, column), error in np.ndenumerate(map_):
            found += rows(
                seeds, model=model, quantity="error", vertical_frequency=row - 4, root_mean_square=0.125,
                horizontal_frequency=column - 4, value=error,
            )  # fmt: skip
        for strength, quantity in ((0.125, "ring_error"), (0.5, "ring_error_of_stronger_noise"))[
            : 1 + stronger
        ]:
            for ring, error in enumerate(ring_means(map_)):
                found += rows(
                    seeds, model=model, quantity=quantity, relative_ring=ring / 4, root_mean_square=strength,
                    value=error + 20 * (strength > 0.125),
                )  # fmt: skip
        corner, centre = {"robust": robust, "standard": standard}.get(model, (10, 10))
        for ring, added in ((0, centre), (1, corner)):
            found += rows(
                seeds, model=model, quantity="added_ring_error", relative_ring=ring, root_mean_square=0.125,
                value=added,
            )  # fmt: skip
        found += rows(seeds, model=model, quantity="corner_error", value=corner + 0.1 * number)
        found += rows(seeds, model=model, quantity="centre_error", value=centre)
    table = pd.DataFrame(found)
    # Differences that vary with the seed, so that intervals have a width.
    table["value"] += 0.01 * table["seed"].fillna(0) * (table["model"] == "robust")
    return {"gilmer_hendrycks/fourier_heatmaps": table, "gilmer_hendrycks/test_images": picture(channels)}


def corruption_table(seeds, robust=60.0, names=("shot_noise", "contrast", "brightness", "fog")):
    found = []
    for number, model in enumerate(MODELS[:4]):
        found += rows(
            seeds, model=model, quantity="accuracy", corruption=None, severity=None, value=95 - number
        )
        for name in names:
            for severity in (1, 5):
                value = (robust if model == "robust" else 80) - severity + 3
                found += rows(
                    seeds, model=model, quantity="accuracy", corruption=name, severity=severity, value=value
                )
    for name, centre in zip(names, (1.0, 0.25, 0.0, 0.25), strict=False):
        for ring in (0, 0.25, 0.5, 0.75, 1):
            found += rows(
                seeds, quantity="power_share", corruption=name, severity=3, relative_ring=ring,
                value=80.0 if ring == centre else 5.0,
            )  # fmt: skip
    table = pd.DataFrame(found)
    table["value"] += 0.01 * table["seed"] * (table["model"] == "robust")
    return {"gilmer_hendrycks/corruptions": table}


FIGURES = {
    "frequency_filters": (frequency_filters, filter_table),
    "fourier_heatmaps": (fourier_heatmaps, map_table),
    "corruptions": (corruptions, corruption_table),
}


def drawn(name, tables, **verdicts):
    context = context_of(CONTEXT, tables[f"gilmer_hendrycks/{name}"], **verdicts)
    return FIGURES[name][0].draw(tables, PUBLISHED, context)


def title_of(name, tables, **verdicts):
    return heading(drawn(name, tables, **verdicts))


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("name", FIGURES)
def test_figures_draw_with_readable_text_inside_the_figure(name, seeds):
    check_readable(drawn(name, FIGURES[name][1](seeds)), seeds, spill=0.02)


def test_filters_are_drawn_over_the_side_beside_the_published_curve():
    figure = drawn("frequency_filters", filter_table(3))
    axis = figure.axes[0]
    ours = [[0.125, 20], [0.375, 60], [0.625, 90], [0.875, 95]]
    np.testing.assert_allclose(
        points_of(axis, "o")[:5], [*ours, [0.125, 20]]
    )  # the last is what the title names
    theirs = points_of(axis, "D")
    for kind in ("low_pass", "high_pass"):
        published = PUBLISHED[PUBLISHED["key"].str.startswith(f"figure1_{kind}_size")]
        assert len(published) > 15
        for size, accuracy in published[["x", "value"]].to_numpy(dtype=float):
            assert (np.abs(theirs - (size / 224, accuracy)).max(axis=1) < 1e-9).any()
    names = [text.get_text() for text in axis.texts]
    assert names == ["no filter", "chance"]
    columns = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert columns == ["original", "1 of 8", "3 of 8", "5 of 8", "7 of 8"]


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        ("effect", "effect", "far over chance behind a high-pass that leaves images grey (40 % at 0.375"),
        (
            "contradicted",
            "effect",
            ", not behind the narrowest low-pass (20 % at 0.125 of the side; published over",
        ),
        ("effect", "undecided", "is not clearly so behind a high-pass"),
    ],
)
def test_the_title_of_filters_follows_the_claims_on_them(low, high, says):
    text = title_of("frequency_filters", filter_table(3), low_pass_blobs=low, high_pass_invisible=high)
    assert says in text


def test_many_bandwidths_show_some_images():
    bandwidths = (1, 3, 5, 7, 13, 21, 29)
    values = (20, 30, 40, 50, 60, 70, 80)
    tables = filter_table(1, values, values, bandwidths, 32)
    tables["gilmer_hendrycks/test_images"] = picture(3, 32)
    columns = [label.get_text() for label in drawn("frequency_filters", tables).axes[1].get_xticklabels()]
    assert columns == ["original", "1 of 32", "5 of 32", "13 of 32", "29 of 32"]


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_and_ring_means_are_drawn_with_the_published_rings(channels):
    figure = drawn("fourier_heatmaps", map_table(3, channels=channels))
    maps, panels = figure.axes[:5], figure.axes[5:10]
    for number, axis in enumerate(maps):
        shown = axis.get_images()[0].get_array()
        np.testing.assert_allclose(
            shown, 10 + number + np.add.outer(np.arange(8), np.arange(8)) + 0.01 * (number == 1)
        )
        assert axis.get_images()[0].norm.vmin == 0
        assert axis.get_images()[0].norm.vmax == 30
    for axis, model in zip(panels, MODELS, strict=True):
        theirs = points_of(axis, "D")
        keys = PUBLISHED["key"].str.fullmatch(rf"figure2_{model}_ring\d+")
        assert len(theirs) == keys.sum()
        if keys.any():
            np.testing.assert_allclose(sorted(theirs[:, 1]), sorted(PUBLISHED.loc[keys, "value"]))
            assert theirs[:, 0].max() == 1
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"ours, root mean square 0.125", "ours, root mean square 0.5", "ours, no noise"} <= set(legend)
    without = drawn("fourier_heatmaps", map_table(3, stronger=False)).legends[0].get_texts()
    assert "ours, root mean square 0.5" not in [text.get_text() for text in without]


def test_the_title_of_maps_speaks_of_both_ends_of_the_spectrum_by_their_claims():
    claims = [
        f"fourier_{name}_turns_to_low_frequencies" for name in ("adversarial_training", "gaussian_noise")
    ]
    same = title_of("fourier_heatmaps", map_table(3), **dict.fromkeys(claims, "effect"))
    assert same == (
        "Adversarial training and Gaussian noise turn the weakness to low frequencies: the "
        "strongest adds 40 and "
        "10 points (standard 3) at the lowest, 5 and 10 points (standard 30) at the highest"
    )
    other = title_of("fourier_heatmaps", map_table(3), **{claims[0]: "contradicted"})
    assert other.startswith(
        "Adversarial training does not turn the weakness to low frequencies, Gaussian noise"
    )
    unmet = title_of("fourier_heatmaps", map_table(3), **{claims[0]: "not measurable here"})
    assert unmet.endswith("(a premise fails at this size)")


def test_fog_contrast_and_then_the_others_by_frequency():
    figure = drawn("corruptions", corruption_table(3))
    axis = figure.axes[0]
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert names == ["no corruption", "fog", "contrast", "brightness", "shot noise"]
    np.testing.assert_allclose(sorted(points_of(axis, "D")[:, 0]), [55.3, 85.7])
    np.testing.assert_allclose(points_of(axis, "D")[:, 1], 1)
    np.testing.assert_allclose(points_of(axis, "o")[:, 0], [95, 80, 80, 80, 80])
    shares = figure.axes[1].get_images()[0].get_array()
    np.testing.assert_allclose(shares.argmax(axis=1), [1, 1, 0, 4])


@pytest.mark.parametrize(
    ("robust", "verdict", "says"),
    [
        (60.0, "effect", "costs accuracy in fog (80 to 60 %; published 86 to 55 %) and at low contrast"),
        (60.0, "effect", "more than on clean images"),
        (79.5, "undecided", "does not clearly cost accuracy in fog"),
        (90.0, "contradicted", "does not cost accuracy in fog (80 to 90 %"),
        (90.0, "contradicted", "(80 to 90 %): the opposite sign"),
    ],
)
def test_the_title_of_corruptions_says_what_adversarial_training_costs(robust, verdict, says):
    assert says in title_of("corruptions", corruption_table(3, robust), fog_loss=verdict)


def test_no_interval_of_a_share_passes_100_percent():
    table = corruption_table(3)["gilmer_hendrycks/corruptions"]
    table.loc[(table["model"] == "standard") & (table["quantity"] == "accuracy"), "value"] += 4.6
    assert table["value"].max() == 100
    axis = drawn("corruptions", {"gilmer_hendrycks/corruptions": table}).axes[0]
    ends = np.concatenate([segment[:, 0] for lines in axis.collections for segment in lines.get_segments()])
    assert ends.max() == 100


def test_tables_without_what_is_drawn_are_refused():
    empty = map_table(1)
    table = empty["gilmer_hendrycks/fourier_heatmaps"]
    empty["gilmer_hendrycks/fourier_heatmaps"] = table[table["quantity"] != "error"]
    with pytest.raises(UserError, match="no map of model 'standard'"):
        drawn("fourier_heatmaps", empty)
    table = corruption_table(1)["gilmer_hendrycks/corruptions"]
    with pytest.raises(UserError, match="no corruption with its spectrum"):
        drawn("corruptions", {"gilmer_hendrycks/corruptions": table[table["quantity"] != "power_share"]})
    missing = table[~((table["model"] == "robust") & (table["corruption"] == "fog"))]
    with pytest.raises(UserError, match="no fog of model 'robust'"):
        drawn("corruptions", {"gilmer_hendrycks/corruptions": missing})
