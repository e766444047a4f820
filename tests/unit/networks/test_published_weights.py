"""Published weights: files with torchvision's and MadryLab's keys and shapes, made here."""

import hashlib
import io
import re
import zipfile

import pytest
import torch
from released_samples import as_madry
from safetensors.torch import save_file
from samples import random_images

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings
from advex.networks.architectures.imagenet import HEADS
from advex.networks.classifier import build
from advex.networks.layers import Layers, layer_names, main_layers
from advex.networks.published_weights import import_weights, read_verified
from advex.networks.stored_models import read_model, write_model
from advex.networks.torchvision_import import torchvision

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TORCHVISION = {name: name.removeprefix("imagenet_") for name in HEADS}
SIZES = {  # of torchvision's networks for 1,000 classes, as its documentation gives them
    "imagenet_resnet50": 25_557_032,
    "imagenet_densenet121": 7_978_856,
    "imagenet_vgg16": 138_357_544,
    "imagenet_vgg19": 143_667_240,
    "imagenet_alexnet": 61_100_840,
}


def settings(name, classes=1000):
    return ArchitectureSettings(name, {}, 3, classes, MEAN, STD)


def theirs(name, classes=1000, seed=0):
    """A network of torchvision, with weights small enough that activations stay finite."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = getattr(torchvision().models, TORCHVISION[name])(num_classes=classes).eval()
        for key, value in network.state_dict().items():
            if key.endswith("running_mean"):
                value.normal_(std=0.1)
            elif key.endswith("running_var"):
                value.uniform_(0.5, 1.5)
        return network


def saved(content, path):
    """Save, and return the file's SHA-256."""
    if path.suffix == ".safetensors":
        save_file({key: value.contiguous() for key, value in content.items()}, path)
    else:
        torch.save(content, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def normalised(images):
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


@pytest.mark.parametrize("name", ["imagenet_resnet50", "imagenet_densenet121", "imagenet_alexnet"])
@pytest.mark.slow
def test_weights_of_torchvision_give_its_logits(name, tmp_path, cpu):
    network, images = theirs(name), random_images(2, 3, 96)
    sha256 = saved(network.state_dict(), tmp_path / "weights.pth")
    model, found = import_weights(tmp_path / "weights.pth", sha256[:8], settings(name))
    assert found == settings(name)
    with torch.no_grad():
        expected = network(normalised(images))
        torch.testing.assert_close(model(images), expected, rtol=1e-3, atol=1e-4)
        write_model(tmp_path / "model", model, found, {})
        read = read_model(tmp_path / "model", cpu)
        assert all(torch.equal(value, read.state_dict()[key]) for key, value in model.state_dict().items())
        torch.testing.assert_close(read(images), model(images), rtol=1e-3, atol=1e-4)
    assert sum(parameter.numel() for parameter in model.parameters()) == SIZES[name]


@pytest.mark.parametrize(("name", "last"), [("imagenet_vgg16", "conv13"), ("imagenet_vgg19", "conv16")])
@pytest.mark.slow
def test_vgg_has_torchvisions_keys_and_shapes(name, last, tmp_path):
    """Half a gigabyte of weights: true keys and shapes, of tensors that all share one number."""
    with torch.device("meta"):
        state = getattr(torchvision().models, TORCHVISION[name])().state_dict()
    number = torch.tensor(0.01)
    sha256 = saved({key: number.expand(value.shape) for key, value in state.items()}, tmp_path / "w.pth")
    assert (tmp_path / "w.pth").stat().st_size < 1e5
    model, _ = import_weights(tmp_path / "w.pth", sha256, settings(name))
    assert main_layers(model)[-1] == last
    assert sum(value.numel() for value in model.parameters()) == SIZES[name]
    assert all((value == number).all() for value in model.parameters())


@pytest.mark.slow
def test_checkpoints_of_madrylab(tmp_path):
    """Prefixes and the second copy go, its normaliser counts, what else it counts is not looked at."""
    network, images = theirs("imagenet_resnet50", classes=9), random_images(2, 3, 64)
    mean, std = (0.4717, 0.4499, 0.3837), (0.2600, 0.2516, 0.2575)
    content = {"model": as_madry(network.state_dict(), mean, std), "epoch": 61, "optimizer": {"state": {}}}
    sha256 = saved(content, tmp_path / "robust.pt")
    model, found = import_weights(tmp_path / "robust.pt", sha256, settings("imagenet_resnet50", 9))
    assert found.mean == pytest.approx(mean)
    assert found.std == pytest.approx(std)
    scaled = (images - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(model(images), network(scaled), rtol=1e-3, atol=1e-4)
    tensors = as_madry(network.state_dict(), mean, std)
    sha256 = saved({key: value.clone() for key, value in tensors.items()}, tmp_path / "converted.safetensors")
    again, _ = import_weights(tmp_path / "converted.safetensors", sha256, settings("imagenet_resnet50", 9))
    assert all(
        torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True)
    )


def test_old_names_of_densenet(tmp_path):
    state = theirs("imagenet_densenet121", classes=5).state_dict()
    old = {}
    for key, value in state.items():
        if not key.endswith("num_batches_tracked"):
            old[re.sub(r"(denselayer\d+)\.(norm|conv)([12])", r"\1.\2.\3", key)] = value
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    sha256 = saved(old, tmp_path / "old.pth")
    model, _ = import_weights(tmp_path / "old.pth", sha256, settings("imagenet_densenet121", 5))
    assert torch.equal(
        model.state_dict()["backbone.features.denseblock1.denselayer1.norm1.weight"],
        state["features.denseblock1.denselayer1.norm1.weight"],
    )


@pytest.mark.parametrize("name", ["imagenet_resnet50", "imagenet_densenet121", "imagenet_alexnet"])
def test_layers_at_other_sizes(name):
    model = build(settings(name, 5)).eval()
    names = layer_names(model)
    assert names[-1] == ("conv5" if "alexnet" in name else "stage4")
    with torch.no_grad():
        small, large = (Layers(model, names)(random_images(1, 3, size)) for size in (64, 96))
    assert all(one.shape[2] < other.shape[2] for one, other in zip(small, large, strict=True))


class Harmful:
    """Unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_files_that_could_run_code_are_refused_and_run_nothing(tmp_path):
    path, victim = tmp_path / "evil.pt", tmp_path / "victim"
    sha256 = saved({"model": {"fc.weight": torch.zeros(1)}, "args": Harmful(str(victim))}, path)
    with pytest.raises(UserError, match=r"(?s)evil.pt: not read, it holds more than tensors.*save_file"):
        read_verified(path, sha256)
    assert not victim.exists()


def test_another_file_is_not_even_parsed(tmp_path, monkeypatch):
    sha256 = saved({"a": torch.zeros(1)}, tmp_path / "a.pth")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("parsed"))
    wrong = "0" * 8 if not sha256.startswith("0" * 8) else "1" * 8
    with pytest.raises(UserError, match=rf"its SHA-256 is {sha256}, expected {wrong}; not read"):
        read_verified(tmp_path / "a.pth", wrong)
    for digits in ("", sha256[:7], sha256.upper(), "x" * 8):
        with pytest.raises(UserError, match="give 8 to 64 hexadecimal digits"):
            read_verified(tmp_path / "a.pth", digits)
    with pytest.raises(UserError, match="no such file of weights"):
        read_verified(tmp_path / "b.pth", sha256)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pth", b"<html>not found</html>"),
        ("a.safetensors", b"12345678"),
        ("a.pth", b""),
        ("a.pth", b"PK12"),
    ],
)
def test_damaged_files_are_refused(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=r"not a (file of torch.save|complete safetensors file)"):
        read_verified(tmp_path / name, hashlib.sha256(data).hexdigest())


def test_half_a_file_is_refused(tmp_path):
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(1000)}, stream)
    assert zipfile.is_zipfile(stream)
    data = stream.getvalue()[:2000]
    (tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(UserError, match=r"not a file of torch\.save"):
        read_verified(tmp_path / "a.pth", hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"a": 3}, {}, {"state_dict": {"a": [1]}}])
def test_other_contents_are_refused(content, tmp_path):
    sha256 = saved(content, tmp_path / "a.pth")
    with pytest.raises(UserError, match="a dictionary of tensors is expected"):
        read_verified(tmp_path / "a.pth", sha256)


@pytest.mark.slow
def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    state = theirs("imagenet_resnet50", classes=5).state_dict()

    def refusal(changed, match, architecture="imagenet_resnet50", classes=5):
        with pytest.raises(UserError, match=match):
            import_weights(path, saved(changed, path), settings(architecture, classes))

    refusal(state, r"head.bias is \(5,\), not \(9,\); head.weight is", classes=9)
    refusal(
        {key: value for key, value in state.items() if key != "conv1.weight"}, "no backbone.conv1.weight$"
    )
    refusal(state | {"extra": torch.zeros(1)}, "do not fit: unknown backbone.extra")
    refusal(state | {"fc.bias": torch.full((5,), torch.nan)}, "head.bias holds values that are not finite")
    refusal(state, "and [0-9]+ more", "imagenet_densenet121")
    refusal(state, "found architecture small_plain; allowed: imagenet_resnet50", "small_plain")


def test_grey_images_are_refused():
    with pytest.raises(UserError, match="channels: found 1; networks for ImageNet take colour images"):
        build(ArchitectureSettings("imagenet_alexnet", {}, 1, 10, (0.5,), (0.2,)))
