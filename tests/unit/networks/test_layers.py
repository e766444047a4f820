from itertools import pairwise

import pytest
import torch
from samples import random_images
from torch import nn
from torch.nn import functional

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings, FilterSettings
from advex.networks.classifier import build
from advex.networks.layers import Layers, layer_names, luminance, main_layers, with_channels
from advex.registries import ARCHITECTURES

STAGES = ["stem", "stage1", "stage2", "stage3"]
NAMES = {
    "resnet18": [*STAGES, "stage4"],
    "resnet50": [*STAGES, "stage4"],
    "densenet121": [*STAGES, "stage4"],
    "inception": STAGES,
    "small_resnet18": STAGES,
    "small_resnet50": STAGES,
    "small_densenet": STAGES,
    "small_inception": STAGES,
}
WITH_HIDDEN_LAYER = ("small_plain", "small_perceptron")  # no images of any size, and no style transfer
FOR_SMALL_IMAGES = [
    name for name in ARCHITECTURES if not name.startswith("imagenet_") and name not in WITH_HIDDEN_LAYER
]
CONVOLUTIONS = {"vgg16": 13, "vgg19": 16, "alexnet": 5, "small_vgg": 6, "small_alexnet": 5}


def model(name, channels=3, **changes):
    settings = ArchitectureSettings(name, {}, channels, 10, (0.4,) * channels, (0.2,) * channels, **changes)
    built = build(settings).eval().requires_grad_(False)
    for number, part in enumerate(built.modules()):
        if isinstance(part, nn.BatchNorm2d):  # as if it had seen data, so that it does something
            part.running_mean.fill_(0.01 * (number % 7))
            part.running_var.fill_(0.5 + 0.1 * (number % 5))
    return built


@pytest.mark.parametrize("name", FOR_SMALL_IMAGES)
@pytest.mark.slow
def test_names_of_layers(name):
    network = model(name)
    if name in NAMES:
        assert layer_names(network) == NAMES[name]
        assert main_layers(network) == NAMES[name][1:]
    else:
        convolutions = [f"conv{number}" for number in range(1, CONVOLUTIONS[name] + 1)]
        assert main_layers(network) == convolutions
        assert layer_names(network) == [
            layer for each in convolutions for layer in (f"{each}_preactivation", each)
        ]


@pytest.mark.parametrize("name", FOR_SMALL_IMAGES)
@pytest.mark.slow
def test_last_layer_is_what_the_representation_averages(name):
    """All parts are run, in order: the mean of the last layer over positions is the representation."""
    network, images = model(name), random_images(2, 3, 32)
    with torch.no_grad():
        (last,) = Layers(network, [layer_names(network)[-1]])(images)
        if name == "densenet121":  # its last block comes before batch normalisation and rectifier
            last = network.backbone[0].norm5(last).relu()
        if name in ("vgg16", "vgg19", "alexnet"):  # pool once more
            last = nn.MaxPool2d(2 if "vgg" in name else 3, 2)(last)
        torch.testing.assert_close(last.mean((2, 3)), network.representation(images))


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "alexnet", "small_resnet50", "small_alexnet"])
@pytest.mark.slow
def test_layers_are_what_hooks_see(name):
    """Outputs copied by forward hooks while the whole network runs, in the order of its modules."""
    network, images = model(name), random_images(2, 3, 32, seed=1)
    names = layer_names(network)
    seen = {}
    stages = [f"layer{number}" for number in range(1, 5)]
    for path, part in network.backbone.named_modules():
        if path in stages or (isinstance(part, nn.Conv2d) and path.count(".") <= 2):
            part.register_forward_hook(lambda _, __, output, path=path: seen.update({path: output.clone()}))
    with torch.no_grad():
        network(images)
        recorded = dict(zip(names, Layers(network, names)(images), strict=True))
    if name == "resnet18":
        for number in range(1, 5):
            assert torch.equal(recorded[f"stage{number}"], seen[f"layer{number}"])
    elif name in ("alexnet", "small_alexnet"):  # without batch normalisation, hooks see the preactivations
        for number, output in enumerate(seen.values(), 1):
            assert torch.equal(recorded[f"conv{number}_preactivation"], output)
    for layer in main_layers(network):
        if f"{layer}_preactivation" in recorded:
            before = recorded[f"{layer}_preactivation"]
            assert before.min() < 0, "rectifiers have not written over what was recorded"
            assert torch.equal(before.relu(), recorded[layer])
        assert recorded[layer].min() >= 0


def test_stages_of_a_small_network_by_hand():
    network, images = model("small_resnet18"), random_images(2, 3, 16)
    normalised = (images - network.mean) / network.std
    stem, first, second, third, _ = network.backbone
    with torch.no_grad():
        recorded = Layers(network, ["stage3", "stem", "stage1"])(images)
        by_hand = [third(second(first(stem(normalised)))), stem(normalised), first(stem(normalised))]
    for one, other in zip(recorded, by_hand, strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_nothing_is_computed_after_the_last_layer():
    network = model("vgg16")

    def refuse(*_):
        raise AssertionError("computed in vain")

    network.backbone[0][10].register_forward_pre_hook(refuse)  # the fourth convolution
    network.head.register_forward_pre_hook(refuse)
    (third,) = Layers(network, ["conv3"])(random_images(1, 3, 32))
    assert third.shape == (1, 128, 16, 16)
    with pytest.raises(AssertionError, match="in vain"):
        Layers(network, ["conv4"])(random_images(1, 3, 32))


@pytest.mark.parametrize("name", ["small_vgg", "small_resnet18", "small_alexnet", "resnet50"])
def test_images_of_any_size_and_their_gradient(name):
    network = model(name)
    wide = torch.rand(1, 3, 24, 40).requires_grad_(True)
    layers = Layers(network, main_layers(network))
    sum(layer.square().sum() for layer in layers(wide)).backward()
    assert wide.grad.abs().sum() > 0
    heights = [layer.shape[2] for layer in layers(wide)]
    assert all(one >= other for one, other in pairwise(heights))


def test_average_pooling():
    network, images = model("small_vgg"), random_images(2, 3, 16)
    second, third = Layers(network, ["conv2", "conv3"], pooling="average")(images)
    pooled = network.backbone[3](functional.avg_pool2d(second, 2))
    assert torch.equal(third, pooled)
    assert not torch.equal(third, Layers(network, ["conv3"])(images)[0])
    assert isinstance(network.backbone[2], nn.MaxPool2d), "the model is as it was"


def test_filters_come_first():
    network = model("small_vgg", 1, filter=FilterSettings("low_pass", 3))
    images = random_images(2, 1, 8)
    (filtered,) = Layers(network, ["conv1"])(images)
    unfiltered = model("small_vgg", 1)
    unfiltered.load_state_dict(network.state_dict())
    assert torch.equal(filtered, Layers(unfiltered, ["conv1"])(network.filter(images))[0])


def test_channels():
    colour = random_images(2, 3, 8)
    red, green, blue = colour.unbind(1)
    torch.testing.assert_close(luminance(colour)[:, 0], 0.299 * red + 0.587 * green + 0.114 * blue)
    torch.testing.assert_close(luminance(torch.full((1, 3, 2, 2), 0.7)), torch.full((1, 1, 2, 2), 0.7))
    grey = model("small_vgg", 1)
    assert torch.equal(*(Layers(grey, ["conv1"])(images)[0] for images in (colour, luminance(colour))))
    assert with_channels(colour, 3) is colour
    assert torch.equal(with_channels(luminance(colour), 3)[:, 2], luminance(colour)[:, 0])
    with pytest.raises(UserError, match=r"images: found 4 channels; the network takes 1"):
        with_channels(torch.zeros(1, 4, 2, 2), 1)


def test_unknown_layers_are_refused_with_those_there_are():
    with pytest.raises(UserError, match=r"layers: found 'conv9'; .*has: stem, stage1, stage2, stage3"):
        Layers(model("small_resnet18"), ["stem", "conv9"])
    with pytest.raises(UserError, match=r"found none; .* conv1_preactivation, conv1,"):
        Layers(model("small_vgg"), [])
