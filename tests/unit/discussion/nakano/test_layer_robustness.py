"""R(f) against closed forms, and its search against power iteration, scipy and foolbox."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from samples import measured, random_images
from scipy.optimize import minimize
from torch import nn

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import ArchitectureSettings, AttackSettings, LayerSizes, plain
from advex.discussion.nakano.layer_robustness import (
    largest_changes,
    layer_robustness,
    pair_distances,
    pixel_distance,
    random_pairs,
)
from advex.measure.entries import MeasurementEntry
from advex.networks.architectures.backbone import Backbone
from advex.networks.classifier import Classifier, build
from advex.networks.layers import Layers
from advex.networks.stored_models import write_model

LINEAR = "conv1_preactivation"
SIZE = 6


def attack(epsilon, steps=40, relative=0.5):
    return AttackSettings("l2", epsilon, steps, relative * epsilon, random_start=True)


def convolution(scale=1.0, shift=0.0, std=0.5):
    """One convolution, whose preactivation is linear, between nothing that matters here."""
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 3, 3, padding=1)
    with torch.no_grad():
        layer.weight *= scale
        layer.bias += shift
    backbone = Backbone(nn.Sequential(layer, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)), 3)
    return Classifier(backbone, 2, (0.4,), (std,)).eval().requires_grad_(False)


def matrix(model, layer=LINEAR):
    """The layer's linear part, as (outputs, pixels), column by column."""
    network = Layers(model, [layer])
    units = torch.eye(SIZE * SIZE).view(-1, 1, SIZE, SIZE)
    return (network(units)[0] - network(torch.zeros(1, 1, SIZE, SIZE))[0]).flatten(1).T.double().numpy()


def middle(count=12):
    """Images far enough from 0 and 1 that a small ball lies inside."""
    return 0.3 + 0.4 * random_images(count, 1, SIZE)


def small_network(name="small_vgg"):
    settings = ArchitectureSettings(name, {"width": 4, "stages": 2}, 1, 4, (0.5,), (0.3,))
    return build(settings, "layers").eval().requires_grad_(False)


@pytest.mark.slow
def test_linear_layers_have_the_largest_singular_value():
    """R = epsilon times the largest singular value over the mean distance, whatever the image."""
    model, images, epsilon = convolution(), middle(), 0.05
    largest = np.linalg.norm(matrix(model), ord=2)
    changes = largest_changes(model, LINEAR, images, attack(epsilon, 1000, relative=2))
    assert changes.shape == (12,)
    np.testing.assert_allclose(changes, epsilon * largest, rtol=2e-3)
    all_pairs = [
        np.linalg.norm(matrix(model) @ (one - other).flatten().double().numpy())
        for one, other in itertools.combinations(images, 2)
    ]
    pairs = pair_distances(model, [LINEAR], images, 20000)[LINEAR]
    np.testing.assert_allclose(pairs, np.mean(all_pairs), rtol=0.01)
    found = layer_robustness(model, [LINEAR], images, attack(epsilon, 1000, relative=2), pairs=20000)
    np.testing.assert_allclose(found[LINEAR], epsilon * largest / np.mean(all_pairs), rtol=0.01)


def test_search_is_power_iteration_on_a_linear_layer():
    """Large steps forget where they came from: each is one iteration of the power method on A'A."""
    model, images, epsilon = convolution(), middle(3), 0.02
    operator = matrix(model)
    vector = np.random.default_rng(0).standard_normal(SIZE * SIZE)
    for _ in range(500):
        vector = operator.T @ (operator @ vector)
        vector /= np.linalg.norm(vector)
    found = largest_changes(model, LINEAR, images, attack(epsilon, 500, relative=100))
    np.testing.assert_allclose(found, epsilon * np.linalg.norm(operator @ vector), rtol=2e-3)


@pytest.mark.parametrize(("scale", "shift"), [(7.0, 0.0), (0.01, 3.0)])
def test_neither_scale_nor_shift_matters(scale, shift):
    images = middle()
    one, other = (
        layer_robustness(convolution(*how), [LINEAR], images, attack(0.05), pairs=50)[LINEAR]
        for how in ((), (scale, shift))
    )
    assert one == pytest.approx(other, rel=1e-3)


def test_of_the_pixels_themselves():
    """The identity's R is epsilon over the images' mean distance: a 1x1 convolution shows it."""
    model, images = convolution(std=1.0), middle()
    with torch.no_grad():
        model.backbone[0].weight.zero_()
        model.backbone[0].weight[0, 0, 1, 1] = 1
    found = layer_robustness(model, [LINEAR], images, attack(0.1), pairs=100, seed=4)[LINEAR]
    assert found == pytest.approx(0.1 / pixel_distance(images, 100, seed=4), rel=1e-4)


@pytest.mark.parametrize("name", ["small_vgg", "small_resnet18", "small_alexnet"])
def test_grows_with_the_radius(name):
    model, images = small_network(name), random_images(6, 1, 8)
    layer = "conv2" if "resnet" not in name else "stage2"
    found = [
        layer_robustness(model, [layer], images, attack(epsilon), pairs=30)[layer]
        for epsilon in (0.05, 0.2, 0.8)
    ]
    assert found == sorted(found)
    assert found[0] > 0
    assert found[2] > 2 * found[0]


@pytest.mark.slow
def test_search_finds_what_scipy_finds():
    """A constrained optimiser with several starts, on a network with rectifiers and pooling."""
    model, images, epsilon = small_network(), 0.3 + 0.4 * random_images(2, 1, SIZE), 0.3
    found = [largest_changes(model, "conv3", images, attack(epsilon, 50), seed=seed) for seed in range(8)]
    network = Layers(model, ["conv3"])
    for image, ours in zip(images, torch.stack(found, 1), strict=True):
        clean = network(image[None])[0]

        def loss(anywhere, image=image, clean=clean):
            free = torch.tensor(anywhere, dtype=torch.float32).view(1, 1, SIZE, SIZE).requires_grad_(True)
            inside = epsilon * free / (1 + free.square().sum()).sqrt()  # all of space onto the ball
            value = -(network(image + inside)[0] - clean).square().sum()
            value.backward()
            return value.item(), free.grad.flatten().double().numpy()

        starts = np.random.default_rng(1).standard_normal((8, SIZE * SIZE))
        solutions = [minimize(loss, start, jac=True, method="L-BFGS-B") for start in starts]
        best = np.sqrt(-min(each.fun for each in solutions))
        assert float(ours.max()) == pytest.approx(best, rel=0.01)
        assert ours.mean() > 0.9 * best, "one start is nearly enough"


def test_moved_images_stay_in_the_ball():
    """With a radius of nothing, nothing moves; black images can only get brighter, by half the directions."""
    model, images = convolution(), middle()
    assert largest_changes(model, LINEAR, images, attack(0.0)).max() == 0
    inside = largest_changes(model, LINEAR, images, attack(0.05, 200))
    black = largest_changes(model, LINEAR, torch.zeros_like(images), attack(0.05, 200))
    assert (black <= inside + 1e-6).all()


def test_batches_and_seeds():
    model, images = small_network(), random_images(7, 1, 8)
    whole = largest_changes(model, "conv2", images, attack(0.2), seed=3)
    torch.testing.assert_close(
        whole, largest_changes(model, "conv2", images, attack(0.2), seed=3, batch_size=2)
    )
    assert not torch.equal(whole, largest_changes(model, "conv2", images, attack(0.2, 1), seed=4))
    distances = pair_distances(model, ["conv1", "conv2"], images, 21, seed=3)
    again = pair_distances(model, ["conv2", "conv1"], images, 21, seed=3, batch_size=4)
    assert again == pytest.approx(distances)


def test_pairs_are_of_different_images_and_uniform():
    first, second = random_pairs(5, 20000, 0, torch.device("cpu"))
    counts = np.zeros((5, 5))
    np.add.at(counts, (first.numpy(), second.numpy()), 1)
    assert (np.diag(counts) == 0).all()
    np.testing.assert_allclose(counts[~np.eye(5, dtype=bool)], 1000, rtol=0.15)


def test_mistakes_are_refused():
    model, images = convolution(), middle()
    with pytest.raises(UserError, match="has no gradient there; set random_start"):
        largest_changes(model, LINEAR, images, replace(attack(0.1), random_start=False))
    with pytest.raises(UserError, match=r"conv1 tells no two images apart"):
        pair_distances(convolution(shift=-100.0), ["conv1"], images, 10)


def test_instrument(tmp_path, cpu: Device):
    settings = ArchitectureSettings("small_vgg", {"width": 4, "stages": 2}, 1, 4, (0.5,), (0.3,))
    model = build(settings, "layers").eval()
    write_model(tmp_path / "model", model, settings, {})
    images = random_images(9, 1, 8)
    ImageSet(images.numpy(), np.zeros(9, dtype=np.int64), ("0", "1")).write(tmp_path / "images", {})
    entry = MeasurementEntry(
        "layer_robustness", "layer_robustness", "standard_vgg16", "vgg16", "natural_test",
        str(tmp_path / "model"), "", str(tmp_path / "images"),
        attack=attack(0.4, 5), sizes=plain(LayerSizes(6, 50, (0.5, 1.0))),
    )  # fmt: skip
    table = measured([entry], 2, cpu)
    layers = ["images", "conv1", "conv2", "conv3", "conv4"]
    assert table["layer"].tolist() == 2 * layers
    assert table["position"].tolist() == 2 * [0, 1, 2, 3, 4]
    assert table["relative_epsilon"].tolist() == 5 * [0.5] + 5 * [1.0]
    assert (table["epsilon"] == 0.4 * table["relative_epsilon"]).all()
    assert table[["unit", "images", "steps"]].drop_duplicates().to_numpy().tolist() == [["ratio", 6, 5]]
    small, large = (table[table["relative_epsilon"] == share]["value"].to_numpy() for share in (0.5, 1.0))
    assert (small > 0).all()
    assert (small < large).all()
    assert large[0] == pytest.approx(2 * small[0])
    assert measured([entry], 2, cpu).equals(table)
