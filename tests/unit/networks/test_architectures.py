import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
import torch
from samples import SMALL, TINY, random_images

from advex.common.artifacts import read_description, read_tensors, write_tensors
from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings
from advex.networks.architectures.imagenet import HEADS
from advex.networks.classifier import Classifier, build
from advex.networks.stored_models import read_model, write_model
from advex.registries import ARCHITECTURES

LARGE = ["resnet18", "resnet50", "vgg16", "vgg19", "alexnet", "densenet121", "inception"]
SMALL_ONES = [name for name in ARCHITECTURES if name.startswith("small_")]
FEATURES = {
    "resnet18": 512,
    "resnet50": 2048,
    "vgg16": 512,
    "vgg19": 512,
    "alexnet": 256,
    "densenet121": 1024,
    "inception": 2048,
}
# Numbers of weights and biases of torchvision's networks for 10 classes, with the stem for 32x32 images.
PARAMETERS = {"resnet18": 11_173_962, "resnet50": 23_520_842, "densenet121": 6_956_426}


class Images(NamedTuple):
    channels: int
    size: int


SIZES = [Images(1, 8), Images(1, 28), Images(3, 32)]


def settings(name, channels=1, classes=10, **options):
    return ArchitectureSettings(name, options, channels, classes, (0.4,) * channels, (0.2,) * channels)


def check(model, images, features, classes):
    assert isinstance(model, Classifier)
    model.eval()
    with torch.no_grad():
        representation, logits = model.representation(images), model(images)
        torch.testing.assert_close(model.head(representation), logits)
    assert representation.shape == (len(images), features)
    assert model.head.in_features == features
    assert logits.shape == (len(images), classes)
    assert logits.isfinite().all()
    assert not torch.equal(logits[0], logits[1]), "images make a difference"


def test_all_architectures_are_here():
    assert set(ARCHITECTURES) == {*LARGE, *SMALL_ONES, *HEADS}
    assert all(name.startswith("imagenet_") for name in HEADS)  # see test_pretrained.py


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size.channels}x{size.size}")
@pytest.mark.parametrize("name", SMALL_ONES)
def test_small_architectures(name, size):
    for options in ({}, {"width": 8, "stages": 2}):
        architecture = settings(name, size.channels, 7, **options)
        backbone = ARCHITECTURES[name](channels=size.channels, **options)
        check(build(architecture), random_images(3, *size), backbone.features, 7)


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.slow
def test_large_architectures(name):
    model = build(settings(name, 3))
    check(model, random_images(2, 3, 32), FEATURES[name], 10)
    if name in PARAMETERS:
        assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("name", SMALL_ONES)
def test_every_weight_of_a_small_network_learns(name):
    """A pass backward in training mode reaches all parameters, and images as well."""
    model, images = build(settings(name, width=8)), random_images(6, 1, 8).requires_grad_(True)
    model(images).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert all(gradient.abs().sum() > 0 for gradient in (images.grad, model.head.weight.grad))


@pytest.mark.parametrize("name", SMALL_ONES)
def test_normalisation_is_inside(name):
    """Shifting and scaling images together with mean and std gives the same logits."""
    plain = dataclasses.replace(settings(name, 3, width=8), mean=(0.1, 0.5, 0.3), std=(0.2, 0.3, 0.4))
    moved = dataclasses.replace(plain, mean=(0.15, 0.35, 0.25), std=(0.1, 0.15, 0.2))
    images = random_images(4, 3, 8)
    with torch.no_grad():
        first, second = build(plain, "x").eval(), build(moved, "x").eval()
        shift = torch.tensor([0.1, 0.1, 0.1]).view(1, 3, 1, 1)
        torch.testing.assert_close(first(images), second(images / 2 + shift), rtol=1e-4, atol=1e-5)
        by_hand = (images - torch.tensor(plain.mean).view(1, 3, 1, 1)) / torch.tensor(plain.std).view(
            1, 3, 1, 1
        )
        torch.testing.assert_close(first.backbone(by_hand), first.representation(images))


@pytest.mark.parametrize("name", ["small_resnet18", "small_densenet"])
def test_weights_depend_on_names_alone(name):
    def weights(*names):
        torch.rand(2)  # wherever the global stream is
        return torch.cat([value.flatten() for value in build(settings(name, width=8), *names).parameters()])

    state = torch.get_rng_state()
    first = weights("model", 0)
    assert torch.equal(first, weights("model", 0))
    for other in (("model", 1), ("other", 0), ()):
        assert not torch.equal(first, weights(*other))
    torch.set_rng_state(state)
    build(settings(name, width=8), "model", 0)
    assert torch.equal(torch.get_rng_state(), state), "building draws nothing from the global stream"


def test_unknown_names_and_options_are_refused():
    with pytest.raises(
        UserError, match=r"architecture: found 'resnet19'; allowed: resnet18, .*imagenet_alexnet"
    ):
        build(settings("resnet19"))
    with pytest.raises(UserError, match=r"architecture small_vgg: .*depth"):
        build(settings("small_vgg", depth=3))
    with pytest.raises(UserError, match=r"architecture resnet18: .*width"):
        build(settings("resnet18", width=3))


@pytest.mark.parametrize("name", SMALL_ONES)
def test_models_come_back_from_files_bit_by_bit(tmp_path, cpu, name):
    architecture = settings(name, width=8, stages=2)
    model = build(architecture, "model", 3)
    model(random_images(8, 1, 8))  # statistics of batch normalisation are part of a model
    write_model(tmp_path / "model.safetensors", model, architecture, {"seed": 3})
    read = read_model(tmp_path / "model.safetensors", cpu)
    assert read_description(tmp_path / "model.safetensors")["seed"] == 3
    for key, value in model.state_dict().items():
        assert torch.equal(read.state_dict()[key], value), key
        assert read.state_dict()[key].dtype == value.dtype
    assert not any(module.training for module in read.modules())
    assert not any(parameter.requires_grad for parameter in read.parameters())
    images = random_images(4, 1, 8, seed=1)
    with torch.no_grad():
        torch.testing.assert_close(read(images), model.eval()(images))


def test_models_in_half_precision_come_back_rounded(tmp_path, cpu):
    model = build(TINY, "model", 3)
    write_model(tmp_path / "half", model, TINY, {}, "float16")
    write_model(tmp_path / "again", read_model(tmp_path / "half", cpu), TINY, {}, "float16")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "half").read_bytes()
    read = read_model(tmp_path / "half", cpu).state_dict()
    for key, value in model.state_dict().items():
        assert read[key].dtype == value.dtype
        torch.testing.assert_close(read[key], value, rtol=2**-11, atol=2**-24)


def test_equal_models_give_equal_files(tmp_path):
    for file in ("a", "b"):
        write_model(tmp_path / file, build(TINY, "model"), TINY, {"b": 1, "a": [2.5]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_wrong_files_are_refused(tmp_path, cpu):
    path = tmp_path / "model.safetensors"
    with pytest.raises(UserError, match="no such file"):
        read_model(path, cpu)
    write_model(path, build(TINY), SMALL, {})
    with pytest.raises(UserError, match=r"model.safetensors: its weights do not fit small_resnet18"):
        read_model(path, cpu)
    write_model(path, build(TINY), TINY, {})
    description, tensors = read_description(path), read_tensors(path)
    del tensors["head.bias"]
    write_tensors(path, tensors, description)
    with pytest.raises(UserError, match=r"(?s)do not fit.*head.bias"):
        read_model(path, cpu)
    write_tensors(path, {"images": np.zeros(3)}, {})
    with pytest.raises(UserError, match="names no architecture; is it a model"):
        read_model(path, cpu)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UserError, match="not a complete safetensors file"):
        read_model(path, cpu)
