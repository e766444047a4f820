import pytest
import torch
from samples import tiny_model
from torch import distributions, nn
from torch.nn import functional

from advex.attack.objectives import (
    cross_entropy,
    cw_margin,
    prediction_divergence,
    representation_distance,
    targeted_cross_entropy,
    targeted_margin,
)
from advex.networks.ensembles import Ensemble
from advex.registries import OBJECTIVES


class Logits(nn.Module):
    """A model whose images are its logits, and whose representation is twice that."""

    def forward(self, images):
        return images.flatten(1)

    def representation(self, images):
        return 2 * images.flatten(1)


# Logits of four images for three classes, and labels.
LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 3.5], [1.0, 2.0, 9.0]])
LABELS = torch.tensor([0, 2, 2, 1])


def test_cross_entropy_by_hand():
    expected = (LOGITS.exp().sum(1)).log() - LOGITS[torch.arange(4), LABELS]
    torch.testing.assert_close(cross_entropy(Logits(), LOGITS, LABELS), expected)
    assert cross_entropy(Logits(), LOGITS, LABELS)[1].item() == pytest.approx(1.0986123)


def test_targeted_cross_entropy_is_the_log_probability_of_the_target():
    expected = LOGITS.softmax(1)[torch.arange(4), LABELS].log()
    torch.testing.assert_close(targeted_cross_entropy(Logits(), LOGITS, LABELS), expected)


def test_cw_margin_by_hand():
    # Best wrong logit minus the label's: 0.5 - 2, 0 - 0, 4 - 3.5, 9 - 2.
    assert cw_margin(Logits(), LOGITS, LABELS).tolist() == [-1.5, 0.0, 0.5, 7.0]


def test_cw_margin_is_positive_exactly_where_the_model_is_fooled():
    logits = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 5
    assert torch.equal(cw_margin(Logits(), logits, labels) > 0, logits.argmax(1) != labels)


def test_representation_distance_by_hand():
    wanted = 2 * LOGITS.clone()
    wanted[1, :2] += torch.tensor([3.0, -4.0])
    wanted[3, 0] -= 2.0
    assert representation_distance(Logits(), LOGITS, wanted).tolist() == [0.0, -5.0, 0.0, -2.0]


def test_prediction_divergence_is_torchs_and_zero_for_equal_predictions():
    others = torch.tensor([[0.0, 1.0, 2.0], [5.0, 0.0, -5.0], [-3.0, 4.0, 3.5], [0.0, 0.0, 0.0]])
    p, q = distributions.Categorical(logits=others), distributions.Categorical(logits=LOGITS)
    found = prediction_divergence(Logits(), LOGITS, others)
    torch.testing.assert_close(found, distributions.kl_divergence(p, q))
    assert found[2] == 0
    assert (found[[0, 1, 3]] > 0.1).all()
    shifted = prediction_divergence(Logits(), LOGITS, LOGITS + torch.tensor([[7.0]]))
    torch.testing.assert_close(shifted, torch.zeros(4), rtol=0, atol=1e-6)


def test_gradient_of_the_prediction_divergence():
    """That of KL(p || q) for q's logits is q - p."""
    images, others = LOGITS.clone().requires_grad_(True), LOGITS.flip(0)
    prediction_divergence(Logits(), images, others).sum().backward()
    torch.testing.assert_close(images.grad, LOGITS.softmax(1) - others.softmax(1))


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (cross_entropy, LOGITS.softmax(1) - functional.one_hot(LABELS, 3)),
        (targeted_cross_entropy, functional.one_hot(LABELS, 3) - LOGITS.softmax(1)),
    ],
    ids=["cross_entropy", "targeted_cross_entropy"],
)
def test_gradients_of_cross_entropies(objective, expected):
    images = LOGITS.clone().requires_grad_(True)
    objective(Logits(), images, LABELS).sum().backward()
    torch.testing.assert_close(images.grad, expected)


def test_gradient_of_the_cw_margin():
    images = LOGITS[[0, 2, 3]].clone().requires_grad_(True)
    cw_margin(Logits(), images, LABELS[[0, 2, 3]]).sum().backward()
    assert images.grad.tolist() == [[-1.0, 0.0, 1.0], [0.0, 1.0, -1.0], [0.0, -1.0, 1.0]]


def test_targeted_margin_by_hand():
    pairs = torch.tensor([[1, 0], [0, 1], [2, 2], [2, 0]])
    rows = torch.arange(4)
    wanted = LOGITS[rows, pairs[:, 0]] - LOGITS[rows, pairs[:, 1]]
    assert targeted_margin(Logits(), LOGITS, pairs).tolist() == wanted.tolist()


def targets_for(name, labels, representations):
    """Return targets of the form an objective takes."""
    if name == "prediction_divergence":
        return functional.one_hot(labels).float()
    if name == "targeted_margin" or name.startswith("ensemble_"):
        return torch.stack([(labels + 1) % 3, labels], 1)
    return representations if name == "representation_distance" else labels


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("model", ["linear", "perceptron", "convolutional"])
def test_one_float_per_image_and_images_do_not_mix(name, model):
    single = tiny_model(model).eval()
    model = Ensemble([single, tiny_model(model, seed=1).eval()]) if name.startswith("ensemble_") else single
    images = torch.rand(5, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 0])
    targets = targets_for(name, labels, single.representation(images).detach() + 1)
    values = OBJECTIVES[name](model, images, targets)
    assert values.shape == (5,)
    assert values.dtype == torch.float32
    alone = [OBJECTIVES[name](model, images[i : i + 1], targets[i : i + 1]) for i in range(5)]
    torch.testing.assert_close(values, torch.cat(alone))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_half_precision_models_give_float32_values(name):
    images = LOGITS.bfloat16()
    targets = targets_for(name, LABELS, torch.zeros(4, 3))
    model = Ensemble([Logits(), Logits()]) if name.startswith("ensemble_") else Logits()
    assert OBJECTIVES[name](model, images, targets).dtype == torch.float32
