"""Robust accuracy under the strongest attack we have: several, each on the images that still stand.

One run of projected gradient on the cross-entropy stops in local maxima: on small adversarially trained
networks it leaves many images standing that AutoAttack (Croce and Hein, 2020) fools. What finds them is
aiming at each other class in turn, with steps that start large and shrink, so an image counts as robust only
if no step of any attack fools the model.

How many steps are enough is a rule rather than a setting: attacks with twice the steps follow until one of
them changes next to nothing.
"""

import logging
from dataclasses import replace

import torch
from torch import Tensor

from advex.attack.fooling import standing
from advex.attack.objectives import Objective, cross_entropy, targeted_margin
from advex.common.machine.devices import Device
from advex.common.randomness import stable_seed
from advex.common.settings import AttackSettings
from advex.networks.classifier import Classifier
from advex.networks.folding import folded

CONVERGED = 0.002
"""The share of all images: a round that fools fewer is the last one."""
ROUNDS = 6
"""The most rounds, with 64 times the steps in the last: what has not converged then is said, not hidden."""

_log = logging.getLogger(__name__)


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

    The attacks, each with the same ball: cross-entropy away from the label; the margin towards each other
    class, the likeliest first; then rounds, each with twice the steps of the one before, of the margin
    towards the class that has come nearest to the label so far. The last round is the first that fools the
    model on fewer images than the share :data:`CONVERGED` of all.

    Args:
        model: the model under attack.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        settings: the ball, and the steps of the attacks before the rounds.
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
    margins = torch.full(others.shape, -torch.inf, device=images.device)
    made = 0

    def against(objective: Objective, targets: Tensor, used: AttackSettings) -> tuple[Tensor, Tensor]:
        """Attack the images that stand; return their places, and the highest value of each."""
        nonlocal made
        made += 1
        left = robust.nonzero()[:, 0]
        with device.computing():
            robust[left], highest = standing(
                objective,
                network,
                images[left],
                targets[left],
                labels[left],
                used,
                seed=stable_seed("attack", made, seed),
                what=f"{what}: attack {made}, {used.steps} steps",
            )
        return left, highest

    against(cross_entropy, labels, settings)
    for column, target in enumerate(others.unbind(1)):
        left, highest = against(targeted_margin, torch.stack([target, labels], 1), settings)
        margins[left, column] = highest
    for number in range(1, ROUNDS + 1):
        before = int(robust.sum().item())
        if not before:
            break
        more = replace(settings, steps=settings.steps * 2**number)
        nearest = margins.argmax(1, keepdim=True)
        targets = torch.cat([others.gather(1, nearest), labels[:, None]], 1)
        left, highest = against(targeted_margin, targets, more)
        margins[left, nearest[left, 0]] = torch.maximum(highest, margins[left, nearest[left, 0]])
        fooled = before - int(robust.sum().item())
        if fooled < CONVERGED * len(images):
            break
    else:
        _log.warning("%s: the last round of %d steps still fooled it on %d images", what, more.steps, fooled)
    return robust
