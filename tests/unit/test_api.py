"""The engine in a researcher's hands, with models it has never seen, and with what goes wrong by hand."""

import math
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from samples import random_images, tiny_model
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from advex import api
from advex.attack.threat_models import L2Ball
from advex.common.errors import InputError, UserError
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import AttackSettings, Construction
from advex.construct import constructions
from advex.networks.torchvision_import import torchvision
from advex.registries import NORMS, OBJECTIVES

IMAGES, LABELS = random_images(12, seed=3), torch.arange(12) % 4
COLOUR = random_images(4, channels=3, size=32, seed=4)


def network() -> nn.Module:
    return tiny_model("convolutional").train()


class Speaking(nn.Module):
    """As models of a well-known hub: their answer is an object."""

    def __init__(self, inner: nn.Module, kind: type = SimpleNamespace) -> None:
        super().__init__()
        self.inner, self.kind = inner, kind

    def forward(self, pixel_values: Tensor) -> Any:
        return self.kind(logits=self.inner(pixel_values), loss=None)


class OverItsInput(nn.Module):
    """Writes over the images it gets, as normalisation in place does."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network()

    def forward(self, images: Tensor) -> Tensor:
        return self.inner(images.sub_(0.5).div_(0.25))


class OutOfOrder(nn.Module):
    """Keeps parts in a list, and uses them in an order of its own: nothing may be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1), nn.Linear(36, 4)])
        self.parts[1].running_mean.fill_(0.4)
        self.parts[1].running_var.fill_(0.04)

    def forward(self, images: Tensor) -> Tensor:
        convolution, normalisation, head = self.parts
        return head(convolution(normalisation(images)).flatten(1))


def functional_model() -> Callable[[Tensor], Tensor]:
    inner = network().eval()
    weights = {name: value.detach() for name, value in inner.state_dict().items()}
    return lambda images: functional_call(inner, weights, (images,))


def resnet() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torchvision().models.resnet18(num_classes=4)


SLOW = pytest.mark.slow
MODELS: dict[str, Callable[[], Any]] = {
    "module": network,
    "torchvision": resnet,
    "speaking": lambda: Speaking(network()),
    "mapping": lambda: Speaking(network(), dict),
    "functional": functional_model,
    "writing over its input": OverItsInput,
    "out of order": OutOfOrder,
    "scripted": lambda: torch.jit.trace(network().eval(), IMAGES[:1]),
    "double": lambda: network().double(),
}


def given(name: str) -> Tensor:
    return COLOUR if name == "torchvision" else IMAGES


def answers(model: Any, images: Tensor) -> Tensor:
    """Return a model's logits in evaluation mode."""
    copied = model if not isinstance(model, nn.Module) else deepcopy(model).eval()
    dtype = next((value.dtype for value in getattr(copied, "parameters", list)()), torch.float32)
    with torch.no_grad():
        found = copied(images.to(dtype, copy=True))
    found = found.get("logits") if isinstance(found, dict) else getattr(found, "logits", found)
    return found.float()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", [pytest.param(n, marks=SLOW if n == "torchvision" else ()) for n in MODELS])
def test_an_attack_of_any_model_fools_it_more_and_stays_inside(name: str) -> None:
    model, images = MODELS[name](), given(name)
    labels = answers(model, images).argmax(1)
    before = deepcopy(model.state_dict()) if isinstance(model, nn.Module) else {}
    modes = [part.training for part in model.modules()] if isinstance(model, nn.Module) else []

    found = api.attack(model, images, labels, epsilon=1.0, steps=5, batch_size=3)
    assert found.shape == images.shape
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found.double() - images).flatten(1).norm(dim=1).max() <= 1.0
    losses = [
        functional.cross_entropy(answers(model, each), labels, reduction="none") for each in (images, found)
    ]
    assert (losses[1] > losses[0]).all()
    if before:
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        assert [part.training for part in model.modules()] == modes
        assert all(value.grad is None for value in model.parameters())


@pytest.mark.parametrize("name", [pytest.param("torchvision", marks=SLOW), "speaking", "functional"])
def test_an_evaluation_of_any_model(name: str) -> None:
    model, images = MODELS[name](), given(name)
    labels = answers(model, images).argmax(1)
    labels[0] = (labels[0] + 1) % 4
    right = [False] + [True] * (len(images) - 1)
    found = api.evaluate(model, images, labels, epsilon=0.0, steps=1)
    assert found.right.tolist() == found.robust.tolist() == right
    assert found.accuracy == found.robust_accuracy
    assert found.accuracy.percent == pytest.approx(100 * (len(images) - 1) / len(images))
    assert found.accuracy.low < found.accuracy.percent < found.accuracy.high <= 100
    assert "over" in str(found.accuracy)
    weak = api.evaluate(model, images, labels, epsilon=6.0, steps=5)
    assert weak.robust_accuracy.percent < found.accuracy.percent
    assert not (weak.robust & ~weak.right).any()


def test_the_interval_is_that_of_the_binomial_distribution() -> None:
    found = api._share(torch.tensor([True] * 10))
    assert (found.percent, found.high) == (100, 100)
    assert found.low == pytest.approx(100 * 0.025 ** (1 / 10))


def test_sets_are_those_of_the_engine() -> None:
    """Of the library's own networks, next class, bit for bit."""
    source = tiny_model("perceptron").eval()
    images = ImageSet(IMAGES.numpy(), LABELS.numpy(), ("0", "1", "2", "3"))
    attack = AttackSettings("l2", 0.5, 10, 0.125)
    wanted, _ = constructions.construct(
        Construction("det", 0, "target", attack), images, source, Device(torch.device("cpu"))
    )
    found = api.construct(source, images, rule="next_class", epsilon=0.5, steps=10)
    assert np.array_equal(found.images, wanted.images)
    assert np.array_equal(found.labels, wanted.labels)
    assert np.array_equal(found.extras["original_labels"], LABELS.numpy())
    reached = source(torch.from_numpy(found.images)).argmax(1).numpy() == found.labels
    assert np.array_equal(found.extras["reached"], reached)
    assert reached.mean() > 0.5


def test_random_targets_depend_on_the_seed_alone() -> None:
    found = [
        api.construct(network(), IMAGES, LABELS, rule="random_class", epsilon=0.1, steps=1, **other).labels
        for other in ({}, {"batch_size": 5}, {"seed": 1})
    ]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer"),
    [("torchvision", "avgpool"), ("torchvision", "layer3.1.bn2"), ("speaking", "inner.backbone.4")],
)
def test_inversion_of_a_named_layer(name: str, layer: str) -> None:
    """Also of one whose output is written over by what follows."""
    model, images = MODELS[name](), given(name)
    labels = torch.arange(len(images)) % 4
    found = api.construct(
        model, images, labels, rule="invert", layer=layer, steps=15, step_size=0.3, batch_size=3
    )
    assert np.array_equal(found.labels, labels.numpy())
    assert set(found.extras) == {"original_labels", "start_indices", "relative_distances"}
    assert (found.extras["start_indices"] != np.arange(len(images))).all()
    assert (found.extras["relative_distances"] < 0.9).all()


def test_inversion_by_a_models_own_representation() -> None:
    model = tiny_model("perceptron").eval()
    found = [
        api.construct(model, IMAGES, LABELS, rule="invert", steps=5, **how)
        for how in ({}, {"layer": "backbone"}, {"start": "noise"}, {"start": IMAGES.flip(0), "epsilon": 0.2})
    ]
    assert np.array_equal(found[0].images, found[1].images)
    assert (found[2].extras["start_indices"] == -1).all()
    moved = np.linalg.norm((found[3].images - IMAGES.flip(0).numpy().astype(float)).reshape(12, -1), axis=1)
    assert moved.max() <= 0.2


def test_ensembles_must_not_be_fooled() -> None:
    model, other = tiny_model("perceptron", 1), tiny_model("perceptron", 2)
    targets = (answers(other, IMAGES).argmax(1) + 1) % 4
    labels = answers(other, IMAGES).argmax(1)
    reached = {}
    for objective, ensemble in (("targeted_cross_entropy", ()), ("ensemble_penalised", (other,))):
        found = api.attack(
            model, IMAGES, labels, targets=targets, epsilon=2.0, objective=objective, ensemble=ensemble
        )
        reached[objective] = functional.cross_entropy(answers(other, found), labels).item()
    assert reached["ensemble_penalised"] < reached["targeted_cross_entropy"]


class Taken(NamedTuple):
    """What may be handed in for floats, and gives the same."""

    images: Any
    labels: Any = LABELS


EXACT = (IMAGES * 255).round()
BYTES = EXACT.to(torch.uint8)
FLOATS = BYTES.float() / 255
ALIKE = {
    "uint8": Taken(BYTES),
    "an array of uint8": Taken(BYTES.numpy()),
    "an array of float64": Taken(FLOATS.double().numpy()),
    "an array that is read backwards": Taken(FLOATS.numpy()[::-1, :, ::-1].copy()[::-1, :, ::-1]),
    "an array of another byte order": Taken(FLOATS.numpy().astype(">f4")),
    "channels last": Taken(FLOATS.to(memory_format=torch.channels_last)),
    "an image set": Taken(ImageSet(BYTES.numpy(), LABELS.numpy(), tuple("abcd")), None),
    "a loader": Taken(DataLoader(TensorDataset(FLOATS, LABELS), batch_size=5), None),
    "batches": Taken([(BYTES[:4].numpy(), LABELS[:4]), (BYTES[4:].numpy(), LABELS[4:])], None),
    "labels in a list": Taken(FLOATS, LABELS.tolist()),
    "labels of int32": Taken(FLOATS, LABELS.int()),
    "labels of uint8, an array": Taken(FLOATS, LABELS.numpy().astype(np.uint8)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_the_same_images_in_other_clothes(name: str) -> None:
    model = network()
    wanted = api.attack(model, FLOATS, LABELS, epsilon=0.5, steps=2)
    found = api.attack(model, ALIKE[name].images, ALIKE[name].labels, epsilon=0.5, steps=2)
    assert torch.equal(found, wanted)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_coarse_images_and_models_keep_the_bound(dtype: torch.dtype, norm: str) -> None:
    images = IMAGES.to(dtype)
    for model in (network(), network().bfloat16()):
        found = api.attack(model, images, LABELS, epsilon=0.5, norm=norm, steps=10, step_size=0.5)
        moved = (found.double() - images.double()).flatten(1)
        assert moved.norm(dim=1, p=2 if norm == "l2" else math.inf).max() <= 0.5
        assert found.dtype == torch.float32
        assert (moved.norm(dim=1) > 0.3).all()


@pytest.mark.parametrize("switched", [torch.no_grad, torch.inference_mode])
def test_gradients_that_the_caller_switched_off(switched: Callable[[], Any]) -> None:
    model = network()
    wanted = api.attack(model, IMAGES, LABELS, epsilon=0.5, steps=2)
    with switched():
        images = IMAGES.clone()
        assert torch.equal(api.attack(model, images, LABELS.clone(), epsilon=0.5, steps=2), wanted)
        assert len(api.construct(model, images, LABELS, rule="next_class", epsilon=0.5, steps=1)) == 12
        api.evaluate(model, images, LABELS, epsilon=0.1, steps=1)
        assert not torch.is_grad_enabled()


def test_a_radius_of_nothing_gives_the_images_back() -> None:
    for norm in ("l2", "linf"):
        found = api.attack(network(), IMAGES, LABELS, epsilon=0, norm=norm, random_start=True)
        assert torch.equal(found, IMAGES)


def test_of_no_images_there_are_none() -> None:
    assert api.attack(network(), IMAGES[:0], LABELS[:0], epsilon=0.5).shape == (0, 1, 6, 6)
    assert len(api.construct(network(), IMAGES[:0], [], rule="next_class", epsilon=0.5)) == 0
    with pytest.raises(InputError, match="images: none"):
        api.evaluate(network(), IMAGES[:0], [], epsilon=0.5)


def test_a_start_inside_the_ball_is_where_the_attack_starts() -> None:
    start = (IMAGES + 0.05).clamp(0, 1)
    found = api.attack(
        network(), IMAGES, LABELS, epsilon=0.5, steps=1, step_size=0, start=start, keep_best=False
    )
    assert (found - start).abs().max() < 1e-6


def test_random_starts_depend_on_the_seed_and_not_on_batches() -> None:
    found = [
        api.attack(network(), IMAGES, LABELS, epsilon=0.5, steps=1, step_size=0, random_start=True, **other)
        for other in ({}, {"batch_size": 5}, {"seed": 1})
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


class NotANumber(nn.Module):
    """Gives NaN: at once, or where images have been moved, or only in its gradient."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.inner, self.where = network(), where

    def forward(self, images: Tensor) -> Tensor:
        logits = self.inner(images)
        if self.where == "gradient":
            return logits + (images * 0).sum((1, 2, 3)).sqrt()[:, None]  # 0 times infinity
        moved = (images - FLOATS[: len(images)]).abs().amax((1, 2, 3)) > 0.01
        bad = torch.ones_like(moved) if self.where == "always" else moved
        return logits.masked_fill(bad[:, None], torch.nan)


class Numb(nn.Module):
    """Gives logits without a gradient."""

    def forward(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            return images.flatten(1)[:, :4]


class Sized(nn.Module):
    """Gives something of a shape of its own."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, images: Tensor) -> Tensor:
        return images.sum() * torch.ones(self.shape or (len(images), 1))


def inference_network() -> nn.Module:
    with torch.inference_mode():
        return network()


def half_elsewhere() -> nn.Module:
    model = network()
    model.head = model.head.to("meta")
    return model


def noisy(images: Tensor) -> Tensor:
    images = images.clone()
    images[7, 0, 2, 2] = torch.nan
    return images


def attacking(*arguments: Any, **settings: Any) -> Callable[[], Any]:
    handed_in = {0: network, 1: lambda: FLOATS, 2: lambda: LABELS}
    chosen = [*arguments, *(handed_in[place]() for place in range(len(arguments), 3))]
    return lambda: api.attack(*chosen, **{"epsilon": 0.5, "steps": 3, **settings})


def changed(index: int, value: int) -> Tensor:
    labels = LABELS.clone()
    labels[index] = value
    return labels


def constructing(*, model: Any = None, images: Any = FLOATS, **settings: Any) -> Callable[[], Any]:
    labels = None if isinstance(images, list) else LABELS[: len(images)]
    told = {"rule": "next_class", "epsilon": 0.5, "steps": 2, **settings}
    return lambda: api.construct(model or network(), images, labels, **told)


PERTURBED = (FLOATS + 0.5).clamp(0, 1)
WITH_ENSEMBLE = {"objective": "ensemble_penalised", "targets": LABELS}
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "floats in 0..255": (attacking(network(), EXACT), "images: found values from 0 to 255; .*by 255"),
    "floats in [-1, 1]": (attacking(network(), 2 * FLOATS - 1), r"look like \[-1, 1\]"),
    "normalised floats": (attacking(network(), (FLOATS - 0.5) / 0.2), "normalisation as the first part"),
    "construct, floats in 0..255": (constructing(images=EXACT), "divide them by 255"),
    "NaN in an image": (attacking(network(), noisy(FLOATS)), "images: number 7 holds NaN"),
    "an infinite image": (attacking(network(), FLOATS.masked_fill(FLOATS > 0.9, math.inf)), "infinite"),
    "int64 images": (attacking(network(), BYTES.long()), r"found torch.int64; expected uint8"),
    "one image": (attacking(network(), FLOATS[0], LABELS[:1]), r"expected \(N, C, H, W\), one image as"),
    "a list of images": (attacking(network(), [FLOATS[0]], None), "batches hold Tensor; expected pairs"),
    "a path": (attacking(network(), "images.npy", None), "images: found str"),
    "words": (attacking(network(), np.array([["a"]])), "expected numbers"),
    "a loader and labels": (attacking(network(), [(FLOATS, LABELS)]), "batches have labels of their own"),
    "an empty loader": (attacking(network(), [], None), "no batches"),
    "no labels": (attacking(network(), FLOATS, None), "labels: missing"),
    "too few labels": (attacking(network(), FLOATS, LABELS[1:]), r"found shape \(11,\); expected \(12,\)"),
    "one-hot labels": (attacking(network(), FLOATS, functional.one_hot(LABELS)), "hand over the argmax"),
    "labels of floats": (attacking(network(), FLOATS, LABELS.float()), "found torch.float32; expected whole"),
    "labels of -100": (attacking(network(), FLOATS, changed(3, -100)), "found -100 .*ignores"),
    "labels below 0": (attacking(network(), FLOATS, changed(3, -1)), r"found -1; allowed"),
    "labels out of range": (attacking(network(), FLOATS, changed(3, 4)), "found 4; the model has 4 classes"),
    "targets out of range": (attacking(targets=changed(0, 9)), "targets: found 9"),
    "names for labels": (attacking(network(), FLOATS, ["cat"] * 12), "expected whole numbers"),
    "channels": (attacking(network(), COLOUR, LABELS[:4]), r"cannot take images of shape \(4, 3, 32, 32\)"),
    "NaN logits": (attacking(NotANumber("always")), "not finite .* for the images as they are"),
    "NaN on the way": (attacking(NotANumber("moved")), "not finite .* on the way"),
    "NaN gradients": (attacking(NotANumber("gradient")), "not finite .* on the way"),
    "NaN on the way of an evaluation": (
        lambda: api.evaluate(NotANumber("moved"), FLOATS, LABELS, epsilon=0.5), "not finite"
    ),
    "no gradient": (attacking(Numb()), "no gradient with respect to the images"),
    "probabilities": (attacking(nn.Sequential(network(), nn.Softmax(1))), "gives probabilities"),
    "a tuple": (attacking(lambda images: (network()(images), None)), "gives a tuple of 2; expected a tensor"),
    "nothing": (attacking(lambda images: None), "gives a NoneType"),
    "one logit": (attacking(Sized()), r"shape \(12, 1\) for 12 images"),
    "logits of others": (attacking(Sized(3, 4)), r"shape \(3, 4\) for 12 images"),
    "no model": (attacking("resnet18"), "model: found str"),
    "a model of two devices": (attacking(half_elsewhere()), "lie on cpu and meta"),
    "an ensemble of another device": (
        attacking(**WITH_ENSEMBLE, ensemble=[network().to("meta")]), "another device"
    ),
    "a model of inference mode": (attacking(inference_network()), r"torch.inference_mode\(\)"),
    "batch_size=0": (attacking(batch_size=0), "batch_size: found 0; allowed: whole numbers from 1"),
    "batch_size=2.5": (attacking(batch_size=2.5), "batch_size: found 2.5"),
    "batch_size=True": (attacking(batch_size=True), "batch_size: found True"),
    "steps=0": (attacking(steps=0), "steps: found 0"),
    "a negative radius": (attacking(epsilon=-1), "epsilon: found -1"),
    "a radius of NaN": (attacking(epsilon=math.nan), "epsilon: found nan"),
    "a radius in words": (attacking(epsilon="0.5"), "epsilon: found '0.5'; expected a number"),
    "an infinite radius": (attacking(epsilon=math.inf), "then step_size is needed"),
    "evaluate, an infinite radius": (
        lambda: api.evaluate(network(), FLOATS, LABELS, epsilon=math.inf), "finite numbers"
    ),
    "step_size=-1": (attacking(step_size=-1), "step_size: found -1"),
    "an unknown norm": (attacking(norm="L2"), "norm: found 'L2'; allowed: l2, linf"),
    "an unknown objective": (attacking(objective="ce"), "objective: found 'ce'"),
    "a start outside the ball": (attacking(start=PERTURBED), "start: number 0 lies outside the ball"),
    "a start of another shape": (attacking(start=FLOATS[:3]), r"start: found shape \(3, 1, 6, 6\)"),
    "a start outside [0, 1]": (attacking(start=FLOATS * 255), "start: found values from"),
    "two starts": (attacking(start=FLOATS, random_start=True), "choose one"),
    "an objective with nothing to climb": (attacking(objective="prediction_divergence"), "gradient zero"),
    "an ensemble objective without an ensemble": (attacking(**WITH_ENSEMBLE), "needs models in `ensemble`"),
    "an ensemble without its objective": (attacking(ensemble=[network()]), "takes no ensemble"),
    "an ensemble without targets": (
        attacking(objective="ensemble_opposed", ensemble=[network()]), "needs targets"
    ),
    "an ensemble of other classes": (
        attacking(**WITH_ENSEMBLE, ensemble=[nn.Sequential(nn.Flatten(), nn.Linear(36, 7))]), "4 and 7"
    ),
    "a target without targets": (attacking(objective="targeted_margin"), "needs targets"),
    "targets without an aim": (attacking(objective="cw_margin", targets=LABELS), "aims at no class"),
    "inversion as an attack": (attacking(objective="representation_distance"), "rule='invert'"),
    "an unknown rule": (constructing(rule="det"), "allowed: random_class, next_class, invert"),
    "no radius": (constructing(epsilon=None), "epsilon: missing"),
    "inversion of what has no representation": (
        constructing(rule="invert", model=nn.Sequential(nn.Flatten(), nn.Linear(36, 4))),
        "layer: needed, since the model has no method `representation`; name one of its 2 layers.*: 0, 1",
    ),
    "inversion of a function": (constructing(rule="invert", model=functional_model()), "hand over an nn"),
    "a layer of a function": (
        constructing(rule="invert", model=functional_model(), layer="head"), "is a function"
    ),
    "an unknown layer": (
        constructing(rule="invert", layer="backbones"), "found 'backbones'; .*others: backbone"
    ),
    "a layer that is not used": (
        constructing(rule="invert", layer="unused", model=nn.ModuleDict({"unused": nn.Identity()})), "model: "
    ),
    "a layer of an attack": (constructing(layer="backbone"), "layer: only rule invert"),
    "an inversion's objective": (constructing(rule="invert", objective="cw_margin"), "has its own"),
    "an inversion of one image": (constructing(rule="invert", images=FLOATS[:1]), "no other image to start"),
    "an unknown start": (constructing(rule="invert", start="zeros"), "start: found 'zeros'"),
    "too few names": (constructing(classes=["cat"]), "classes: found 1 names; expected 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused(name: str) -> None:
    call, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as refused:
        call()
    assert isinstance(refused.value, ValueError)
    assert isinstance(refused.value, UserError)


def test_a_refused_model_keeps_its_modes() -> None:
    model = network()
    with pytest.raises(InputError):
        api.attack(model, FLOATS, changed(0, 99), epsilon=0.5)
    assert all(part.training for part in model.modules())


def test_half_precision_does_not_hide_probabilities() -> None:
    with pytest.raises(InputError, match="probabilities"):
        api.attack(nn.Sequential(network(), nn.Softmax(1)).bfloat16(), FLOATS, LABELS, epsilon=0.5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_model_elsewhere_gets_the_images_and_gives_them_back() -> None:
    found = api.attack(network().cuda(), FLOATS, LABELS, epsilon=0.5, steps=2)
    assert found.device.type == "cpu"
    assert (found - api.attack(network(), FLOATS, LABELS, epsilon=0.5, steps=2)).abs().max() < 1e-3


class HalfL2(L2Ball):
    """A ball of half the radius, for tests of balls of one's own."""

    def __init__(self, radius: float) -> None:
        super().__init__(radius / 2)


def first_logit(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Climb the logit of class 0, whatever the labels."""
    assert labels.shape == (len(images),)
    return model(images)[:, 0]


def test_ones_own_ball_and_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NORMS, "_table", dict(NORMS._table))
    monkeypatch.setattr(OBJECTIVES, "_table", dict(OBJECTIVES._table))
    for _ in range(2):  # the same again is no mistake
        api.register_norm("half_l2", HalfL2)
        api.register_objective("first_logit", first_logit)
    model = network()
    found = api.attack(model, FLOATS, LABELS, epsilon=1.0, norm="half_l2", objective="first_logit")
    moved = (found.double() - FLOATS).flatten(1).norm(dim=1)
    assert moved.max() <= 0.5
    assert (answers(model, found)[:, 0] > answers(model, FLOATS)[:, 0]).all()
    with pytest.raises(InputError, match="norm: 'l2' is taken"):
        api.register_norm("l2", HalfL2)
    with pytest.raises(InputError, match="at the top of a module"):
        api.register_objective("nameless", lambda model, images, labels: model(images)[:, 0])
    assert api.evaluate(model, FLOATS, LABELS, epsilon=0.1, norm="half_l2", steps=1)


@pytest.mark.slow
def test_torchvision_can_be_imported_after_ours() -> None:
    """Also where it was built for another torch, and without a word."""
    code = "import advex.api, torchvision; torchvision.models.resnet18(); torchvision.datasets.ImageFolder"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
