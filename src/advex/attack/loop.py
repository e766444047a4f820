"""Projected gradient ascent inside a threat model: the one loop behind every attack and inversion.

The loop knows no norm (see :mod:`advex.attack.threat_models`) and no loss (see
:mod:`advex.attack.objectives`).
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from advex.attack.finished_parts import Parts
from advex.attack.objectives import Objective
from advex.attack.threat_models import ThreatModel, threat_model
from advex.common.machine.devices import torch_generator
from advex.common.machine.progress import Progress
from advex.common.settings import AttackSettings
from advex.networks.folding import folded


def projected_gradient(
    objective: Objective,
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    settings: AttackSettings,
    *,
    start: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Climb ``objective`` from ``images`` by projected gradient ascent, staying in the ball and in [0, 1].

    No value is copied to the host inside the loop.

    Args:
        objective: gives one number per image, to be maximised.
        network: what is attacked, in evaluation mode, as :func:`advex.networks.folding.folded` returns it.
        images: (N, C, H, W) float32 in [0, 1]; the centres of the balls.
        targets: one row per image, passed to the objective.
        settings: the ball and the steps.
        start: the perturbation to start from, in the ball; none starts at the images.
        progress: advanced by one after each step.

    Returns:
        The perturbed images, same shape, detached.
    """
    ball = threat_model(settings.norm, settings.epsilon)
    current = started(images, start)
    best = _Best(current) if settings.keep_best else None
    for step in range(settings.steps):
        values, gradient = climbed(objective, network, current, targets)
        if best:
            best.compare(current, values)
        current = stepped(ball, images, current, gradient, settings.length(step))
        if progress:
            progress.advance()
    if best is None or not settings.steps:
        return current
    with torch.no_grad():
        best.compare(current, objective(network, current, targets))
    return best.images


def started(images: Tensor, start: Tensor | None) -> Tensor:
    """Return where an attack starts: at the images, or at a perturbation of them, kept in [0, 1]."""
    return images.detach() if start is None else (images.detach() + start).clamp_(0, 1)


def climbed(
    objective: Objective, network: nn.Module, current: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """Return an objective's values (N,) and its gradient (N, C, H, W), both detached, at current images."""
    current = current.detach().requires_grad_(True)
    values = objective(network, current, targets)
    # Only the images' gradient is asked for, so none is computed for weights.
    (gradient,) = torch.autograd.grad(values.sum(), current)
    return values.detach(), gradient


def stepped(ball: ThreatModel, images: Tensor, current: Tensor, gradient: Tensor, step_size: float) -> Tensor:
    """Step from current images along a gradient; project into the ball around images, then into [0, 1]."""
    # What is made here is written over; operands keep their order, from which sums take their memory layout.
    moved = current + ball.step(gradient, step_size)
    moved.sub_(images)
    return (images + ball.project(moved)).clamp_(0, 1)


class _Best:
    """The images with the highest objective so far, overwritten in place."""

    def __init__(self, start: Tensor) -> None:
        self.images = start.clone()
        self._values = torch.full((len(start),), -torch.inf, device=start.device)

    def compare(self, images: Tensor, values: Tensor) -> None:
        """Take over the images whose values are higher."""
        better = values > self._values
        torch.where(better.view(-1, 1, 1, 1), images, self.images, out=self.images)
        torch.where(better, values, self._values, out=self._values)


def start_perturbation(images: Tensor, settings: AttackSettings, generator: torch.Generator) -> Tensor | None:
    """Draw the start of an attack with a random start, uniformly from its ball; none for other attacks."""
    if not settings.random_start:
        return None
    return threat_model(settings.norm, settings.epsilon).random(images, generator)


def batches(
    images: Tensor, settings: AttackSettings, *, seed: int | None, batch_size: int, what: str, done: int = 0
) -> Iterator[tuple[slice, Tensor | None, Progress]]:
    """Yield the batches of an attack: where each lies, its start, and the progress of all.

    The random start of an image depends on ``seed`` and on its place in ``images``, neither on the batches
    nor on the device.

    Args:
        images: (N, C, H, W), all that are attacked.
        settings: the ball, the steps and whether starts are random.
        seed: of random starts.
        batch_size: how many images are attacked at once.
        what: what is done, for progress.
        done: how many images, the first ones, are finished.

    Raises:
        ValueError: a random start without a seed, which would be that of all others too.
    """
    if settings.random_start and seed is None:
        raise ValueError("an attack with a random start needs a seed")
    start = start_perturbation(images, settings, torch_generator("start", seed or 0))
    progress = Progress(what, total=-(-(len(images) - done) // batch_size) * settings.steps)
    for first in range(done, len(images), batch_size):
        batch = slice(first, first + batch_size)
        yield batch, None if start is None else start[batch], progress


def attack(
    objective: Objective,
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    settings: AttackSettings,
    *,
    seed: int | None = None,
    batch_size: int = 1024,
    what: str = "attack",
    parts: Parts | None = None,
) -> Tensor:
    """Run :func:`projected_gradient` over any number of images, in :func:`batches` of them.

    What is attacked is the model in evaluation mode, its batch normalisation folded; neither its parameters
    nor their gradients, nor its mode, change.
    Images that are among ``parts`` already are not attacked again; those of each batch join them.

    Returns:
        (N, C, H, W) float32 in [0, 1].

    Raises:
        ValueError: a random start without a seed.
    """
    network = folded(model)
    results = parts.read(images.device) if parts else []
    done = sum(map(len, results))
    for batch, start, progress in batches(
        images, settings, seed=seed, batch_size=batch_size, what=what, done=done
    ):
        found = projected_gradient(
            objective, network, images[batch], targets[batch], settings, start=start, progress=progress
        )
        results.append(found)
        if parts:
            parts.keep(results)
    return torch.cat(results) if results else images.clone()
