"""Images that an attack has fooled a model with leave its batch; the others go on as they would."""

from itertools import pairwise

import pytest
import torch
from samples import random_images
from torch import Tensor, nn

from advex.attack.fooling import LEAVING_EVERY, standing
from advex.attack.loop import projected_gradient
from advex.attack.objectives import cross_entropy, targeted_margin
from advex.common.settings import AttackSettings

CLASSES = 3


class Counting(nn.Module):
    """A linear network that notes how many images it is asked for."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.sizes = sizes
        self.weights = torch.randn(CLASSES, 16, generator=torch.Generator().manual_seed(3))

    def forward(self, images: Tensor) -> Tensor:
        self.sizes.append(len(images))
        return (images - 0.5).flatten(1) @ self.weights.T


def ever_wrong(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    objective: object,
) -> Tensor:
    """Return which images are wrong after 0, 1, ... steps of the attack, each run for itself."""
    wrong = torch.zeros(len(images), dtype=torch.bool)
    for steps in range(settings.steps + 1):
        fewer = AttackSettings(
            settings.norm, settings.epsilon, max(steps, 1), settings.step_size, keep_best=False
        )
        moved = projected_gradient(objective, model, images, targets, fewer) if steps else images
        wrong |= model(moved).argmax(1) != labels
    return wrong


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("aimed", [False, True])
@pytest.mark.parametrize("batch_size", [7, 1024])
def test_it_tells_which_images_stand_at_every_step(norm: str, aimed: bool, batch_size: int) -> None:
    model = Counting(sizes := [])
    images = random_images(40, 1, 4)
    labels = model(images).argmax(1)
    labels[:3] = (labels[:3] + 1) % CLASSES  # wrong before anything happens
    targets = torch.stack([(labels + 1) % CLASSES, labels], 1) if aimed else labels
    objective = targeted_margin if aimed else cross_entropy
    radius = 0.3 if norm == "l2" else 0.08
    settings = AttackSettings(norm, radius, 10, radius / 4)
    sizes.clear()
    stands, highest = standing(objective, model, images, targets, labels, settings, batch_size=batch_size)
    attacked = sizes.copy()
    assert torch.equal(stands, ~ever_wrong(model, images, targets, labels, settings, objective))
    assert 0 < stands.sum() < 37
    best = projected_gradient(objective, model, images, targets, settings)
    torch.testing.assert_close(highest[stands], objective(model, best, targets)[stands])
    if batch_size > len(images):
        assert attacked[0] == 40
        assert attacked[-1] < 40
        assert all(after <= before for before, after in pairwise(attacked))


def test_a_batch_without_images_left_is_not_computed() -> None:
    model = Counting(sizes := [])
    images = random_images(5, 1, 4)
    labels = (model(images).argmax(1) + 1) % CLASSES
    sizes.clear()
    settings = AttackSettings("l2", 0.1, 20, 0.1)
    assert not standing(cross_entropy, model, images, labels, labels, settings)[0].any()
    assert len(sizes) == LEAVING_EVERY


def test_a_random_start_needs_a_seed_and_is_that_of_the_place() -> None:
    model, images = Counting([]), random_images(30, 1, 4)
    labels = model(images).argmax(1)
    settings = AttackSettings("l2", 0.3, 2, 0.01, random_start=True)
    with pytest.raises(ValueError, match="needs a seed"):
        standing(cross_entropy, model, images, labels, labels, settings)
    found = [
        standing(cross_entropy, model, images, labels, labels, settings, seed=1, batch_size=size)[0]
        for size in (4, 30)
    ]
    assert torch.equal(*found)
    other, _ = standing(cross_entropy, model, images, labels, labels, settings, seed=2)
    assert not torch.equal(found[0], other)
