"""The engine of style transfer, against closed forms, NumPy and torch's own optimisers."""

import numpy as np
import pytest
import torch
from samples import TINY, random_images
from torch import nn

from advex.common.errors import UserError
from advex.discussion.nakano.numerics.lbfgs import Lbfgs
from advex.discussion.nakano.style_transfer import (
    LossNetwork,
    content_losses,
    gram,
    noise_like,
    style_losses,
    transfer,
)
from advex.networks.classifier import build
from advex.networks.layers import Layers


@pytest.fixture(scope="module")
def network():
    model = build(TINY, "style", 0).eval().requires_grad_(False)
    return LossNetwork(Layers(model, ["stage1", "stage2"]), (0, 1))


def content_of(network):
    return LossNetwork(network.activations, (1,))


def run(network, styles, contents, start=None, **changes):
    settings = {"initial_style": 100.0, "evaluations": 12} | changes
    content = content_of(network)
    return transfer(network, content, styles, contents, contents if start is None else start, **settings)


STYLES, CONTENTS = random_images(3, size=16, seed=1), random_images(3, size=16, seed=2)


def test_gram_of_constant_channels():
    activations = torch.tensor([2.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 5, 7)
    torch.testing.assert_close(gram(activations), torch.tensor([[[2.0, 3.0], [3.0, 4.5]]]))


def test_gram_of_channels_that_never_meet_is_diagonal():
    activations = torch.zeros(1, 2, 2, 2)
    activations[0, 0, 0, 0], activations[0, 1, 1, 1] = 2, 4
    torch.testing.assert_close(gram(activations), torch.tensor([[[0.5, 0.0], [0.0, 2.0]]]))


def test_gram_does_not_see_where_things_are():
    activations = random_images(2, channels=3, size=4)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    moved = activations.flatten(2)[:, :, order].view_as(activations)
    torch.testing.assert_close(gram(moved), gram(activations))


def test_losses_agree_with_an_independent_computation():
    activations = [random_images(2, channels=c, size=s, seed=c) for c, s in ((3, 4), (5, 2))]
    targets = [random_images(2, channels=c, size=s, seed=c + 9) for c, s in ((3, 4), (5, 2))]
    found = style_losses(activations, [gram(target) for target in targets])
    for layer, (ours, theirs) in enumerate(zip(activations, targets, strict=True)):
        grams = [np.einsum("nchw,ndhw->ncd", a, a) / a[0].size for a in (ours.numpy(), theirs.numpy())]
        expected = ((grams[0] - grams[1]) ** 2).mean(axis=(1, 2))
        np.testing.assert_allclose(found[:, layer], expected, rtol=1e-5)
    expected = ((activations[0].numpy() - targets[0].numpy()) ** 2).reshape(2, -1).mean(1)
    np.testing.assert_allclose(content_losses(activations[0], targets[0]), expected, rtol=1e-5)


def test_gradients_are_those_of_differences():
    target = gram(random_images(1, channels=2, size=3).double())
    start = random_images(2, channels=2, size=3, seed=4).double().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda images: style_losses([images], [target]).sum(), start)
    other = random_images(2, channels=2, size=3, seed=6).double()
    assert torch.autograd.gradcheck(lambda images: content_losses(images, other), start)


def bowls(x):
    """Three problems of different curvature whose minima lie in part outside [0, 1]."""
    curvature = torch.tensor([[1.0, 10.0, 0.3, 4.0], [0.01, 1.0, 5.0, 2.0], [30.0, 20.0, 10.0, 1.0]])
    minimum = torch.tensor([[0.3, 0.9, -0.2, 1.4], [0.5, 0.1, 0.7, 0.2], [1.2, 0.4, 0.6, -0.5]])
    return (curvature.to(x) * (x - minimum.to(x)) ** 2).sum(1) + (x**4).sum(1)


@pytest.mark.parametrize("problem", range(3))
def test_each_problem_takes_the_steps_of_torchs_lbfgs(problem):
    start = random_images(3, size=2, seed=5).view(3, 4).double()
    alone = start[problem : problem + 1].clone().requires_grad_(True)
    seen = []
    optimiser = torch.optim.LBFGS([alone])

    def closure():
        with torch.no_grad():
            alone.clamp_(0, 1)
        optimiser.zero_grad()
        seen.append(alone.detach().clone())
        value = bowls(alone.expand(3, 4))[problem]
        value.backward()
        return value

    optimiser.step(closure)  # 20 evaluations
    together, memory = start.clone(), Lbfgs()
    for evaluation in seen[:12]:
        together.clamp_(0, 1)
        torch.testing.assert_close(together[problem : problem + 1], evaluation, rtol=1e-6, atol=1e-9)
        variables = together.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(bowls(variables).sum(), variables)
        together += memory.step(gradient)


def test_lbfgs_finds_the_minimum_and_stays_there():
    x, memory = torch.full((2, 3), 0.5, dtype=torch.float64), Lbfgs()
    for _ in range(40):
        x += memory.step(2 * torch.tensor([1.0, 10.0, 100.0]) * (x - 0.2))
    torch.testing.assert_close(x, torch.full_like(x, 0.2), rtol=0, atol=1e-5)
    assert not memory.step(torch.zeros(2, 3, dtype=torch.float64)).any()


def test_lbfgs_forgets_what_is_old():
    memory = Lbfgs(history=3)
    for number in range(6):
        memory.step(torch.full((1, 2), 1.0 / (number + 1)))
    assert len(memory._pairs) == 3


@pytest.mark.parametrize("optimiser", ["lbfgs", "adam"])
def test_images_are_independent_of_their_neighbours(network, optimiser):
    together = run(network, STYLES, CONTENTS, optimiser=optimiser)
    alone = run(network, STYLES[1:2], CONTENTS[1:2], optimiser=optimiser)
    torch.testing.assert_close(together.images[1:2], alone.images, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(together.style[:, 1:2], alone.style, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimiser", ["lbfgs", "adam"])
def test_the_style_comes_nearer(network, optimiser):
    made = run(network, STYLES, CONTENTS, optimiser=optimiser, evaluations=40)
    assert (made.style[0] == 1).all()
    assert (made.style[-1] < 0.2).all()
    assert (made.content[0] < 1e-9).all()
    assert (made.content[-1] > 0).all()
    assert made.images.min() >= 0
    assert made.images.max() <= 1
    assert made.style.shape == (41, 3)


def test_adam_is_torchs(network):
    made = run(network, STYLES[:1], CONTENTS[:1], optimiser="adam", evaluations=1)
    moved = (made.images - CONTENTS[:1]).abs()
    assert moved.max() == pytest.approx(0.01, rel=1e-3)  # Adam's first step has the learning rate's length


def test_the_first_step_of_lbfgs_has_length_one(network):
    made = run(network, STYLES[:1], CONTENTS[:1], evaluations=1, initial_style=1e6)
    assert (made.images - CONTENTS[:1]).abs().sum() == pytest.approx(1, rel=0.05)  # less what was clamped


def test_weights_follow_the_rule(network):
    made = run(network, STYLES, CONTENTS, evaluations=1, initial_style=7.0)
    with torch.no_grad():
        layers = network.activations(CONTENTS)
        grams = [gram(layer) for layer in network.activations(STYLES)]
        raw = style_losses(layers, grams).sum(1)
    torch.testing.assert_close(made.style_weights * raw, torch.full((3,), 7.0))


def test_the_scale_of_activations_does_not_matter(network):
    layers = network.activations
    larger = LossNetwork(lambda images: [10 * layer for layer in layers(images)], network.layers)
    torch.testing.assert_close(
        run(larger, STYLES, CONTENTS).images, run(network, STYLES, CONTENTS).images, rtol=1e-2, atol=1e-3
    )


def test_one_layer_alone_comes_nearer_than_with_others(network):
    alone = transfer(
        LossNetwork(network.activations, (1,)), None, STYLES, CONTENTS, CONTENTS,
        initial_style=100.0, evaluations=12,
    )  # fmt: skip
    assert (alone.style[-1] < 0.1).all()
    assert not torch.allclose(alone.images, run(network, STYLES, CONTENTS).images, atol=1e-2)


def test_style_alone_from_noise_ignores_the_content(network):
    start = noise_like(CONTENTS, 3)
    settings = {"initial_style": 100.0, "evaluations": 25}  # fewer can end within a line search
    one, other = (transfer(network, None, STYLES, each, start, **settings) for each in (CONTENTS, STYLES))
    assert torch.equal(one.images, other.images)
    assert (one.content == 0).all()
    assert (one.style[-1] < 1).all()


def test_content_may_come_from_another_network(network):
    pixels = LossNetwork(lambda images: [images], (0,))
    close, far = (
        transfer(
            network, pixels, STYLES, CONTENTS, CONTENTS,
            initial_style=weight, evaluations=30, optimiser="adam",
        )
        for weight in (1e-3, 1e3)
    )  # fmt: skip
    assert (close.content[-1] < far.content[-1]).all()


def test_noise_is_standard_normal_and_seeded():
    noise = noise_like(torch.zeros(4, 1, 64, 64), 0)
    assert noise.mean() == pytest.approx(0, abs=0.03)
    assert noise.std() == pytest.approx(1, abs=0.03)
    assert torch.equal(noise, noise_like(torch.ones(4, 1, 64, 64), 0))
    assert not torch.equal(noise, noise_like(torch.zeros(4, 1, 64, 64), 1))


def test_equal_runs_give_equal_bits(network):
    assert torch.equal(run(network, STYLES, CONTENTS).images, run(network, STYLES, CONTENTS).images)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"evaluations": 0}, "evaluations: found 0"),
        ({"optimiser": "sgd"}, "optimiser: found 'sgd'"),
        ({"initial_style": float("nan"), "optimiser": "adam"}, "no numbers"),
        ({"start": STYLES}, "has the Gram matrices of its style"),
    ],
)
def test_mistakes_are_explained(network, changes, words):
    with pytest.raises(UserError, match=words):
        run(network, STYLES, CONTENTS, **changes)


def test_content_is_one_layer(network):
    with pytest.raises(UserError, match="content layers: found 2"):
        transfer(network, network, STYLES, CONTENTS, CONTENTS, initial_style=1.0, evaluations=1)


def test_any_callable_is_a_network():
    convolution = nn.Conv2d(1, 4, 3).requires_grad_(False)
    made = run(LossNetwork(lambda images: [convolution(images)] * 2, (0, 1)), STYLES, CONTENTS)
    assert (made.style[-1] < 1).all()
