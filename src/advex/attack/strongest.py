"""Robust accuracy under the strongest attack we have: several, each on the images that still stand.

One run of projected gradient on the cross-entropy stops in local maxima: on small adversarially trained
networks it leaves many images standing that AutoAttack (Croce and Hein, 2020) fools. What finds them is
aiming at each other class in turn, so an image counts as robust only if no step of any attack fools the
model.
"""

import torch
from torch import Tensor

from advex.attack.fooling import standing
from advex.attack.objectives import Objective, cross_entropy, targeted_margin
from advex.common.machine.devices import Device
from advex.common.randomness import stable_seed
from advex.common.settings import AttackSettings
from advex.networks.classifier import Classifier
from advex.networks.folding import folded


def robust_images(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    device: Device,
    what: str,
    seed: int = 0,
) -> Tensor:
    """Tell which images the model classifies correctly at every step of all attacks.

    The attacks, each with the same ball and steps: cross-entropy away from the label, then the margin
    towards each other class, the likeliest first.

    Args:
        model: the model under attack.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        settings: the ball and the steps of each attack.
        device: where to compute.
        what: what is measured, for progress.
        seed: of random starts, with the number of each attack.

    Returns:
        (N,) bool.
    """
    network = folded(model)
    with torch.no_grad(), device.computing():
        logits = torch.cat([network(batch).float() for batch in torch.split(images, 2048)])
    robust = logits.argmax(1) == labels
    others = logits.scatter(1, labels[:, None], -torch.inf).argsort(1, descending=True)[:, :-1]
    objectives: list[tuple[Objective, Tensor]] = [(cross_entropy, labels)]
    objectives += [(targeted_margin, torch.stack([target, labels], 1)) for target in others.unbind(1)]
    for number, (objective, targets) in enumerate(objectives, start=1):
        left = robust.nonzero()[:, 0]
        if not len(left):
            break
        with device.computing():
            robust[left] = standing(
                objective,
                network,
                images[left],
                targets[left],
                labels[left],
                settings,
                seed=stable_seed("attack", number, seed),
                what=f"{what}: attack {number} of {len(objectives)}",
            )
    return robust
