"""Folded networks compute what networks compute in evaluation mode."""

import pytest
import torch
from samples import random_images
from torch import nn

from advex.attack.loop import attack
from advex.attack.objectives import cross_entropy
from advex.common.settings import ArchitectureSettings, AttackSettings, FilterSettings
from advex.networks.classifier import Classifier, build
from advex.networks.ensembles import Ensemble
from advex.networks.folding import folded
from advex.networks.layers import Layers, layer_names
from advex.registries import ARCHITECTURES

UNFOLDED = {"densenet121": 62, "imagenet_densenet121": 62}
"""How much batch normalisation is left: theirs is in front of rectifiers, before convolutions."""
NORMALISED = [name for name in ARCHITECTURES if "vgg" not in name or "imagenet" not in name]


def trained(name: str, filter_settings: FilterSettings | None = None) -> Classifier:
    """Return a network whose batch normalisation is far from doing nothing, in training mode."""
    mean, std = (0.5,) * 3, (0.25,) * 3
    model = build(ArchitectureSettings(name, {}, 3, 10, mean, std, filter_settings), "folded")
    generator = torch.Generator().manual_seed(0)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight.data, part.running_var):
                values.uniform_(0.5, 2, generator=generator)
            for values in (part.bias.data, part.running_mean):
                values.normal_(generator=generator)
    return model.train()


def norms(model: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in model.modules())


@pytest.mark.parametrize("name", NORMALISED)
@pytest.mark.slow
def test_every_architecture_computes_the_same(name: str) -> None:
    model = trained(name)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    network = folded(model)
    assert norms(network) == UNFOLDED.get(name, 0)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert all(part.training for part in model.modules())
    assert not any(part.training for part in network.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not any(value.requires_grad for value in network.state_dict(keep_vars=True).values())

    images = random_images(2, 3, 64 if "imagenet" in name else 32)
    with torch.no_grad():
        ours, theirs = network(images), model.eval()(images)
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()
    # Gradients jump where a rectifier's input is zero up to rounding: in double precision there is none.
    model, images = model.double(), images.double().requires_grad_(True)
    (ours, theirs) = (
        torch.autograd.grad(each(images).square().sum(), images)[0] for each in (folded(model), model)
    )
    assert (ours - theirs).abs().max() <= 1e-9 * theirs.abs().max()


def test_attacks_do_not_see_the_difference() -> None:
    # In double precision: steps along normalised gradients enlarge what rounding differs by.
    model = trained("small_resnet18").double()
    images, labels = random_images(8, 3, 16).double(), torch.arange(8)
    settings = AttackSettings("l2", 0.5, 5, 0.1, keep_best=False)
    ours = attack(cross_entropy, model, images, labels, settings)
    assert all(part.training for part in model.modules())
    model.eval()
    current = images
    for _ in range(settings.steps):  # the same attack on the network as it is
        current = current.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(cross_entropy(model, current, labels).sum(), current)
        norm = gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        moved = current.detach() + 0.1 * gradient / norm - images
        length = moved.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        current = (images + moved * (0.5 / length).clamp_max(1)).clamp(0, 1)
    torch.testing.assert_close(ours, current, rtol=0, atol=1e-7)


def test_what_holds_networks_is_folded_too() -> None:
    models = [trained("small_vgg"), trained("small_densenet", FilterSettings("low_pass", 3))]
    images = random_images(2, 3, 16)
    ensemble = Ensemble(models)
    network = folded(ensemble)
    assert norms(network) == 0
    assert norms(ensemble) > 0
    torch.testing.assert_close(network(images), ensemble.eval()(images))
    for model in models:
        names = layer_names(model)
        ours, theirs = Layers(folded(model), names)(images), Layers(model, names)(images)
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_normalisation_that_follows_no_convolution_or_keeps_no_statistics_stays() -> None:
    parts = [nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1)]
    parts.append(nn.BatchNorm2d(4, track_running_stats=False))
    network = folded(nn.Sequential(*parts))
    assert [type(part) for part in network] == [type(part) for part in parts]


def test_normalisation_without_weights_is_folded() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False))
    model(random_images(8, 3, 8))
    network = folded(model)
    assert norms(network) == 0
    torch.testing.assert_close(network(random_images(2, 3, 8)), model.eval()(random_images(2, 3, 8)))


class Crossed(nn.Module):
    """What it lists is not run in the order of the list."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 1)
        self.normalisation = nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.convolution(self.normalisation(images))


def test_a_module_whose_order_is_not_known_keeps_its_normalisation() -> None:
    model = Crossed()
    model(random_images(8, 3, 8))
    assert norms(folded(model)) == 1
    torch.testing.assert_close(folded(model)(random_images(2, 3, 8)), model.eval()(random_images(2, 3, 8)))
