"""What is measured of style transfer, with tiny networks; photographs, judges and the page."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from samples import TINY, random_images
from style_samples import LAYERS, model, robustness, workshop
from torch import nn

from advex.common.errors import UserError
from advex.common.pictures import Picture
from advex.config import load
from advex.config.estimate import StudyMeter, StudyWork
from advex.discussion.nakano.experiments.slider import slider_html
from advex.discussion.nakano.settings import StyleSettings
from advex.discussion.nakano.style_judges import Judge, untrained, verdicts
from advex.discussion.nakano.style_studies import SINGLE_LAYERS, TEXTURES, UNITS, snapshots, study_style
from advex.discussion.nakano.style_transfer import gram
from advex.discussion.nakano.style_workshop import FAMILIES, Job
from advex.networks.classifier import build
from advex.prepare.photographs import is_file, load_photograph, title_of

ROOT = Path(__file__).parents[4]
STYLE_TRANSFER = "nakano/style_transfer"
SETTINGS = {"content": ["a"], "style": ["b"], "image_size": 32, "evaluations": 3, "initial_style": 1.0}


@pytest.fixture(scope="module")
def studied(cpu):
    return study_style(workshop(cpu), ["astronaut"], ["brick", "gravel"], robustness())


def test_tables_hold_every_image_and_number(studied):
    tables, _ = studied
    assert set(tables) == {
        "style_transfer", "texture_artifacts", "style_and_content_network", "single_layer_style",
    }  # fmt: skip
    for table in tables.values():
        assert np.isfinite(table["value"]).all()
        assert (table["seed"] == 0).all()
        assert set(table["quantity"]) <= set(UNITS)
    images = tables["style_transfer"]
    assert set(images["network"]) == set(FAMILIES)
    assert set(images["pair"]) == {"astronaut as brick", "astronaut as gravel"}
    assert set(tables["texture_artifacts"]["network"]) == {*TEXTURES, "photograph"}
    swaps = tables["style_and_content_network"]
    assert len(swaps.groupby(["style_network", "content_network", "pair"])) == 8
    layers = tables["single_layer_style"]
    assert set(layers["network"]) == {*SINGLE_LAYERS, "all"}
    assert layers[layers["network"] == "vgg"]["position"].max() == 4


def test_a_network_alone_and_swapped_with_itself_is_one_image(studied):
    tables, _ = studied
    one = tables["style_transfer"].query("network == 'vgg' and quantity == 'judged_style_distance'")
    both = tables["style_and_content_network"].query(
        "style_network == content_network == 'vgg' and quantity == 'judged_style_distance'"
    )
    assert one["value"].tolist() == both["value"].tolist()


def test_curves_start_at_one(studied):
    curve = studied[0]["style_transfer"].query("quantity == 'style_loss'")
    assert (curve[curve["evaluation"] == 0]["value"] == 1).all()
    assert sorted(curve["evaluation"].unique()) == snapshots(3) == [0, 1, 2, 3]
    end = curve[curve["evaluation"] == 3]["value"].to_numpy()
    reductions = studied[0]["style_transfer"].query("quantity == 'style_reduction'")["value"]
    np.testing.assert_allclose(1 / reductions, end, rtol=1e-6)


def test_images_are_named_and_kept_as_bytes(studied, tmp_path):
    picture = studied[1]
    assert picture.images.shape == (1, len(picture.columns), 1, 32, 32)
    assert picture.images.dtype == np.uint8
    assert "style_transfer|robust|astronaut as brick" in picture.columns
    assert "single_layer_style|vgg|conv4" in picture.columns
    picture.write(tmp_path / "images.safetensors")
    assert Picture.read(tmp_path / "images.safetensors").columns == picture.columns


def test_seeds_share_no_noise_and_only_one_that_is_shown_keeps_images(cpu, studied):
    shown = ["astronaut"], ["brick", "gravel"], robustness()
    tables, picture = study_style(workshop(cpu, seed=1), *shown, shown=False)
    assert picture.images.shape[1] == 0
    first, second = (
        each["texture_artifacts"]
        .query("network == 'robust' and quantity == 'stride_share'")["value"]
        .tolist()
        for each in (studied[0], tables)
    )
    assert first != second


def test_it_does_not_matter_how_many_images_are_made_at_once(cpu):
    jobs = [Job("astronaut", "brick"), Job("astronaut", "gravel")]
    one, all_ = (workshop(cpu, images_at_once=count).make("robust", "standard", jobs) for count in (1, 8))
    torch.testing.assert_close(one.images, all_.images, rtol=1e-3, atol=1e-4)
    one, all_ = (workshop(cpu, images_at_once=count).make("vgg", None, jobs) for count in (1, 8))
    torch.testing.assert_close(one.images, all_.images, rtol=1e-3, atol=1e-4)


def test_colour_networks_draw_in_colour(cpu):
    made = workshop(cpu, channels=3).make("robust", "robust", [Job("astronaut", "brick")])
    assert made.images.shape == (1, 3, 32, 32)


def test_pooling_of_vgg_makes_a_difference(cpu):
    shop, jobs = workshop(cpu), [Job("brick", "brick")]
    average, maximum = (shop.make(name, None, jobs).images for name in ("vgg", "vgg_maximum"))
    assert not torch.allclose(average, maximum, atol=1e-2)


def test_an_unknown_radius_is_explained(cpu):
    with pytest.raises(UserError, match=r"no radius 0.5"):
        study_style(workshop(cpu), ["astronaut"], ["brick"], robustness().assign(relative_epsilon=1.0))


def test_the_judge_knows_content_and_style():
    judge = Judge(model("judge"))
    contents, styles = random_images(2, size=16, seed=1), random_images(2, size=16, seed=2) ** 3
    torch.testing.assert_close(judge.style_distance(contents, styles, contents), torch.ones(2))
    torch.testing.assert_close(judge.style_distance(styles, styles, contents), torch.zeros(2))
    torch.testing.assert_close(judge.content_distance(contents, styles, contents), torch.zeros(2))
    torch.testing.assert_close(judge.content_distance(styles, styles, contents), torch.ones(2))
    moved = styles.flip(3)  # Gram matrices hardly see this, positions do
    assert (judge.style_distance(moved, styles, contents) < 0.5).all()


def test_style_distance_against_a_second_computation():
    network = model("judge")
    images, styles, contents = (random_images(1, size=8, seed=seed) for seed in (1, 2, 3))
    layers = {name: [] for name in ("images", "styles", "contents")}
    found = Judge(network)
    for name, pixels in (("images", images), ("styles", styles), ("contents", contents)):
        for layer in found._activations(pixels):
            layers[name].append(gram(layer)[0].double().numpy())
    distances = [
        np.mean(
            [
                np.linalg.norm(a - s) / np.linalg.norm(s)
                for a, s in zip(layers[name], layers["styles"], strict=True)
            ]
        )
        for name in ("images", "contents")
    ]
    assert found.style_distance(images, styles, contents).item() == pytest.approx(distances[0] / distances[1])


def test_an_untrained_judge_is_always_the_same_and_another():
    trained = build(TINY, "another", 5).eval()
    one, other = untrained(trained), untrained(build(TINY, "third", 6).eval())
    weights = [
        next(part for part in each.modules() if isinstance(part, nn.Conv2d)) for each in (one, other, trained)
    ]
    assert torch.equal(weights[0].weight, weights[1].weight)
    assert not torch.equal(weights[0].weight, weights[2].weight)


def test_verdicts_of_pixels():
    contents = torch.full((1, 1, 16, 16), 0.5)
    board = torch.where((torch.arange(16).view(-1, 1) + torch.arange(16)) % 2 == 0, 0.25, -0.25)
    found = verdicts({"": Judge(model("judge"))}, contents + board, random_images(1, size=16), contents)
    assert found["change"] == pytest.approx(0.25)
    assert found["high_frequency_share"] == pytest.approx(100)
    assert set(found) == {
        "judged_style_distance", "judged_content_distance", "high_frequency_share", "change",
    }  # fmt: skip


def test_photographs_by_name_and_from_a_folder(tmp_path):
    assert load_photograph("ihc", 40).shape == (3, 40, 40)
    assert not is_file("chelsea")
    assert is_file("cat.jpg")
    assert title_of("cat.jpg") == "cat"
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, 10:30] = 200
    Image.fromarray(wide).save(tmp_path / "mine.png")
    square = load_photograph("mine.png", 10, tmp_path / "mine.png").astype(int)  # the middle half alone
    assert (abs(square - 200) < 12).all()


@pytest.mark.parametrize(
    ("name", "size", "content", "words"),
    [
        ("mona_lisa", 32, None, "sample photograph: found 'mona_lisa'; allowed: astronaut"),
        ("chelsea", 512, None, "chelsea.png has only 300 pixels"),
        ("missing.png", 8, None, "missing.png: no such image; put it there"),
        ("text.png", 8, b"no image", "text.png: not an image that can be read"),
    ],
)
def test_photographs_that_cannot_be_used(tmp_path, name, size, content, words):
    path = tmp_path / name if is_file(name) else None
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(words)):
        load_photograph(name, size, path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"style": ["mine.png"]}, "name the folder"),
        ({"style": ["a"]}, "a name of its own"),
        ({"content": ["x.png", "x.jpg"], "folder": "f"}, "a name of its own"),
        ({"image_size": 30}, "a multiple of the period"),
        ({"image_size": 16}, "a multiple of the period"),
    ],
)
def test_sizes_that_cannot_be(changes, words):
    with pytest.raises(ValidationError, match=words):
        StyleSettings(**(SETTINGS | {"period": 4, "layers": LAYERS} | changes))


def test_own_photographs_are_inputs_and_missing_ones_are_named(tmp_path):
    plan = load(ROOT / "config")
    assert plan.experiment_inputs("digits", STYLE_TRANSFER, 0)["files"] == []
    settings = {"content": ["astronaut", "mine.png"], "folder": str(tmp_path)}
    sizes = plan.studies["digits"].style_transfer.model_copy(update=settings)
    plan.studies["digits"] = plan.studies["digits"].model_copy(update={"style_transfer": sizes})
    with pytest.raises(UserError, match=r"no file .*mine.png; put it there"):
        plan.experiment_inputs("digits", STYLE_TRANSFER, 0)
    (tmp_path / "mine.png").touch()
    assert plan.experiment_inputs("digits", STYLE_TRANSFER, 0)["files"] == [f"{tmp_path}/mine.png"]


def test_the_page_has_every_image_and_needs_nothing_else(studied):
    page = slider_html(ROOT / "report/slider.html.j2", "test", studied[1])
    images = json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert set(images) == {
        f"{network}|astronaut as {style}" for network in FAMILIES for style in ("brick", "gravel")
    }
    assert all(image.startswith("data:image/jpeg;base64,") for image in images.values())
    assert page.count('name="style"') == 2
    assert page.count('name="content"') == 1
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert 'type="range"' in page
    left = re.search(r'id="left-network">(.*?)</select>', page, re.DOTALL)[1]
    assert re.findall(r'value="(\w+)" selected', left) == ["standard"]


def test_the_page_shows_colour():
    images = np.random.default_rng(0).integers(256, size=(1, 3, 3, 8, 8)).astype(np.uint8)
    names = ["content|a", "style|b", "style_transfer|robust|a as b"]
    page = slider_html(ROOT / "report/slider.html.j2", "test", Picture(images, ["images"], names))
    assert "AlexNet" not in page
    assert page.count("data:image/jpeg") == 3


def test_the_cost_of_a_study_counts_every_evaluation():
    plan = load(ROOT / "config")
    job = f"measure/{STYLE_TRANSFER}/seed0"
    estimate = StudyWork(plan, "test")
    one, images = estimate.works[job].attack, 0.0
    shop = plan.studies["test"].style_transfer
    forward = {
        family: StudyMeter(plan, "test").passes(family, shop.image_size).attack
        for family in ("resnet50", "vgg16", "alexnet")
    }
    for networks, count in (
        ({"resnet50": 3, "vgg16": 1, "alexnet": 1}, 4),  # every network on every pair
        ({"resnet50": 1, "vgg16": 1}, 4),  # two swaps of two styles
        ({"resnet50": 2, "vgg16": 2, "alexnet": 1}, 2),  # textures
        (
            {"resnet50": 2 + 2 + 4 + 5 + 2 + 2, "vgg16": 4, "alexnet": 5},
            1,
        ),  # layers, and the content's network
    ):
        images += count * sum(number * forward[family] for family, number in networks.items())
    assert one == pytest.approx(shop.evaluations * images)
    assert STYLE_TRANSFER not in estimate.not_counted
