"""The figures of style transfer, drawn from images and tables of tiny networks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures_seen import context_of, heading
from style_samples import robustness, workshop

from advex.common.errors import UserError
from advex.common.pictures import Picture
from advex.discussion.nakano.figures import (
    single_layer_style,
    style_and_content_network,
    style_images,
    style_transfer,
    texture_artifacts,
)
from advex.discussion.nakano.style_studies import study_style
from advex.draw import lettering, style

ROOT = Path(__file__).parents[4]
PUBLISHED = pd.read_csv(ROOT / "published/nakano.csv")
CONTEXT = lettering.Context(
    "digits", "nakano/x", "results/digits/measurements/nakano/x.csv", "digits", 3, 500
)
FIGURES = {
    "style_transfer": style_transfer,
    "texture_artifacts": texture_artifacts,
    "style_and_content_network": style_and_content_network,
    "single_layer_style": single_layer_style,
}


@pytest.fixture(scope="module")
def studied(cpu):
    runs = [
        study_style(workshop(cpu, seed), ["astronaut"], ["brick", "gravel"], robustness())
        for seed in range(2)
    ]
    tables = {
        f"nakano/{name}": pd.concat([run[0][name] for run in runs], ignore_index=True) for name in FIGURES
    }
    return tables | {"nakano/images": runs[0][1]}


def drawn(studied, name, verdicts=None, **changed):
    table = studied[f"nakano/{name}"].copy()
    for network, factor in changed.items():
        column = "style_network" if "style_network" in table else "network"
        chosen = (table[column] == network) & table["quantity"].isin(
            ["judged_style_distance", "stride_excess"]
        )
        table.loc[chosen, "value"] = factor * (1 + 0.01 * table.loc[chosen, "seed"])
    context = context_of(CONTEXT, table, **(verdicts or {}))
    return FIGURES[name].draw(studied | {f"nakano/{name}": table}, PUBLISHED, context)


def every_axis(figure):
    return [axis for part in (figure, *figure.subfigs) for axis in part.axes]


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("style_transfer", 2 * (2 + 5)),
        ("texture_artifacts", 2 * 6),
        ("style_and_content_network", 2 + 4),
        ("single_layer_style", 4 + 5 + 2 + 2),
    ],
)
@pytest.mark.slow
def test_every_image_is_shown(studied, name, images, tmp_path):
    figure = drawn(studied, name)
    assert sum(len(axis.images) for axis in set(every_axis(figure))) == images
    assert "photographs of 32x32 pixels, grey" in figure.get_supxlabel().replace("\n", " ")
    assert "500 images" not in figure.get_supxlabel()
    style.save(figure, tmp_path / "figure.svg", tmp_path / "figure.png")
    assert (tmp_path / "figure.svg").stat().st_size > 10_000


@pytest.mark.slow
def test_titles_follow_their_claims(studied):
    claim = "nakano_robust_transfers_style"
    for verdict, words in (
        ("effect", "come nearer"),
        ("contradicted", "do not come"),
        ("undecided", "clearly"),
    ):
        assert words in heading(drawn(studied, "style_transfer", {claim: verdict}))
    claims = {
        "nakano_style_network_matters": "effect",
        "nakano_content_network_does_not_matter_vgg": "contradicted",
    }
    text = heading(drawn(studied, "style_and_content_network", claims))
    assert "content by ResNet comes nearer to the style than the other way round" in text
    assert "the content's network matters" in text
    claims = {"nakano_robust_severe_artifacts": "effect", "nakano_max_pooling_makes_artifacts": "undecided"}
    text = heading(drawn(studied, "texture_artifacts", claims, robust=2.0, vgg=1.0, vgg_maximum=0.5))
    assert "repeat more with its strides than VGG's (2.01 against 1.00" in text
    assert "max pooling does not clearly add to VGG's (0.50)" in text


@pytest.mark.slow
def test_the_title_says_what_robustness_tells_of_layers(studied):
    claim = "nakano_layer_robustness_predicts_style"
    for verdict, words in (("effect", "does tell how near"), ("contradicted", "does not tell how near")):
        assert words in heading(drawn(studied, "single_layer_style", {claim: verdict}))
    one = studied["nakano/single_layer_style"].query("seed == 0")
    figure = single_layer_style.draw(
        studied | {"nakano/single_layer_style": one}, PUBLISHED, context_of(CONTEXT, one)
    )
    assert heading(figure).endswith("(one seed)")


def test_published_logs_are_hollow_diamonds(studied):
    figure = drawn(studied, "style_transfer")
    diamonds = [line for axis in every_axis(figure) for line in axis.lines if line.get_marker() == "D"]
    heights = sorted(float(line.get_ydata()[0]) for line in diamonds)
    assert len(set(heights)) == 5
    assert heights[-1] == pytest.approx(-np.log10(19.6))


def test_images_by_name():
    picture = Picture(np.full((1, 1, 3, 300, 300), 51, np.uint8), ["images"], ["style|a"])
    assert style_images.image(picture, "style|a").shape == (300, 300, 3)
    assert style_images.image(picture, "style|a").max() == pytest.approx(0.2)
    assert style_images.named(picture, "style|") == ["a"]
    with pytest.raises(UserError, match=r"no image .style\|b."):
        style_images.image(picture, "style|b")
    _, axes = style.canvas(50, 50)
    style_images.show(axes[0, 0], style_images.image(picture, "style|a"))
    assert axes[0, 0].images[0].get_array().shape == (256, 256, 3)


def test_a_number_that_was_not_measured_is_named(studied):
    with pytest.raises(UserError, match="no change with network 'vgg_maximum'"):
        style_images.means(studied["nakano/style_transfer"], "change", network="vgg_maximum")
