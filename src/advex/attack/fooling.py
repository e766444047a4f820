"""Which images an attack fools a model with, at any of its steps: those are not attacked any further."""

import torch
from torch import Tensor, nn

from advex.attack.loop import climbed, start_perturbation, started, stepped
from advex.attack.objectives import Objective
from advex.attack.threat_models import threat_model
from advex.common.machine.devices import torch_generator
from advex.common.machine.progress import Progress
from advex.common.settings import AttackSettings
from advex.networks.folding import folded

LEAVING_EVERY = 3
"""After how many steps fooled images leave the batch: each time the host waits for the device once."""


class _Heard(nn.Module):
    """A network that keeps its last logits: what an objective asks for need not be asked again."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.logits = torch.empty(0)

    def forward(self, images: Tensor) -> Tensor:
        """Return the network's logits of images."""
        logits: Tensor = self.network(images)
        self.logits = logits.detach()
        return logits


def standing(
    objective: Objective,
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    *,
    seed: int | None = None,
    batch_size: int = 1024,
    what: str = "attack",
) -> Tensor:
    """Tell which images a model classifies correctly at every step of an attack, the first and the last too.

    The steps are those of :func:`advex.attack.loop.attack`; only, an image whose prediction was wrong once is
    an adversarial example, whatever comes after, and leaves. ``keep_best`` has no meaning here.

    Args:
        objective: what the attack climbs, through logits.
        model: the model under attack.
        images: (N, C, H, W) float32 in [0, 1].
        targets: one row per image, for the objective.
        labels: (N,) int64, what a correct prediction is.
        settings: the ball and the steps.
        seed: of random starts, which depend on an image's place in ``images``.
        batch_size: how many images are attacked at once.
        what: what is done, for progress.

    Returns:
        (N,) bool.

    Raises:
        ValueError: a random start without a seed.
    """
    if settings.random_start and seed is None:
        raise ValueError("an attack with a random start needs a seed")
    start = start_perturbation(images, settings, torch_generator("start", seed or 0))
    network = _Heard(folded(model))
    progress = Progress(what, total=-(-len(images) // batch_size) * settings.steps)
    stands = torch.ones(len(images), dtype=torch.bool, device=images.device)
    for first in range(0, len(images), batch_size):
        batch = slice(first, first + batch_size)
        stands[batch] = _standing(
            objective,
            network,
            images[batch],
            targets[batch],
            labels[batch],
            settings,
            None if start is None else start[batch],
            progress,
        )
    return stands


def _standing(
    objective: Objective,
    network: _Heard,
    images: Tensor,
    targets: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    start: Tensor | None,
    progress: Progress,
) -> Tensor:
    ball = threat_model(settings.norm, settings.epsilon)
    result = torch.zeros(len(images), dtype=torch.bool, device=images.device)
    places = torch.arange(len(images), device=images.device)
    stands = torch.ones_like(result)
    current = started(images, start)
    for step in range(settings.steps):
        if step % LEAVING_EVERY == 0 and step:
            left = stands.nonzero()[:, 0]
            if len(left) < len(stands):
                places, images, targets, labels = (each[left] for each in (places, images, targets, labels))
                current, stands = current[left], stands[left]
        if len(places):
            _, gradient = climbed(objective, network, current, targets)
            stands = stands & (network.logits.argmax(1) == labels)
            current = stepped(ball, images, current, gradient, settings.step_size)
        progress.advance()
    if len(places):
        with torch.no_grad():
            result[places] = stands & (network(current).argmax(1) == labels)
    return result
