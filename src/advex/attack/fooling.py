"""Which images an attack fools a network with, at any of its steps: those are not attacked any further."""

import torch
from torch import Tensor, nn

from advex.attack.loop import batches, climbed, started, stepped
from advex.attack.objectives import Objective
from advex.attack.threat_models import threat_model
from advex.common.machine.progress import Progress
from advex.common.settings import AttackSettings

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
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    *,
    seed: int | None = None,
    batch_size: int = 1024,
    what: str = "attack",
) -> tuple[Tensor, Tensor]:
    """Tell which images a network gives their label at every step of an attack, the first and the last too.

    The steps are those of :func:`advex.attack.loop.attack`; only, an image whose prediction was wrong once is
    an adversarial example, whatever comes after, and leaves. ``keep_best`` has no meaning here.

    Args:
        objective: what the attack climbs, through logits.
        network: what is attacked, in evaluation mode, as :func:`advex.networks.folding.folded` returns it.
        images: (N, C, H, W) float32 in [0, 1].
        targets: one row per image, for the objective.
        labels: (N,) int64, what a correct prediction is.
        settings: the ball and the steps.
        seed: of random starts, which depend on an image's place in ``images``.
        batch_size: how many images are attacked at once.
        what: what is done, for progress.

    Returns:
        Which stand, (N,) bool, and the highest value of the objective that any step reached, (N,) float32;
        of images that do not stand, the highest before they left.

    Raises:
        ValueError: a random start without a seed.
    """
    heard = _Heard(network)
    stands = torch.ones(len(images), dtype=torch.bool, device=images.device)
    highest = torch.full((len(images),), -torch.inf, device=images.device)
    for batch, start, progress in batches(images, settings, seed=seed, batch_size=batch_size, what=what):
        stands[batch], highest[batch] = _standing(
            objective, heard, images[batch], targets[batch], labels[batch], settings, start, progress
        )
    return stands, highest


def _standing(
    objective: Objective,
    network: _Heard,
    images: Tensor,
    targets: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    start: Tensor | None,
    progress: Progress,
) -> tuple[Tensor, Tensor]:
    ball = threat_model(settings.norm, settings.epsilon)
    all_stand = torch.zeros(len(images), dtype=torch.bool, device=images.device)
    all_highest = torch.full((len(images),), -torch.inf, device=images.device)
    places = torch.arange(len(images), device=images.device)
    stands, highest = ~all_stand, all_highest.clone()
    current = started(images, start)
    for step in range(settings.steps):
        if step % LEAVING_EVERY == 0 and step:
            left = stands.nonzero()[:, 0]
            if len(left) < len(stands):
                all_highest[places] = highest
                places, images, targets, labels = (each[left] for each in (places, images, targets, labels))
                current, stands, highest = (each[left] for each in (current, stands, highest))
        if len(places):
            values, gradient = climbed(objective, network, current, targets)
            stands = stands & (network.logits.argmax(1) == labels)
            highest = torch.maximum(highest, values)
            current = stepped(ball, images, current, gradient, settings.length(step))
        progress.advance()
    if len(places):
        with torch.no_grad():
            values = objective(network, current, targets)
        all_stand[places] = stands & (network.logits.argmax(1) == labels)
        all_highest[places] = torch.maximum(highest, values)
    return all_stand, all_highest
