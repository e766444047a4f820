"""Projected gradient ascent inside a threat model: the one loop behind every attack and inversion.

The loop knows no norm (see :mod:`advex.attack.threat_models`) and no loss (see
:mod:`advex.attack.objectives`).
"""

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
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    settings: AttackSettings,
    *,
    start: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Climb ``objective`` from ``images`` by projected gradient ascent, staying in the ball and in [0, 1].

    What is climbed is the model in evaluation mode, its batch normalisation folded; neither its parameters
    nor their gradients, nor its mode, change. No value is copied to the host inside the loop.

    Args:
        objective: gives one number per image, to be maximised.
        model: the model under attack.
        images: (N, C, H, W) float32 in [0, 1]; the centres of the balls.
        targets: one row per image, passed to the objective.
        settings: the ball and the steps.
        start: the perturbation to start from, in the ball; none starts at the images.
        progress: advanced by one after each step.

    Returns:
        The perturbed images, same shape, detached.
    """
    ball, network = threat_model(settings.norm, settings.epsilon), folded(model)
    current = started(images, start)
    best = current
    best_values = torch.full((len(images),), -torch.inf, device=images.device)
    for _ in range(settings.steps):
        values, gradient = climbed(objective, network, current, targets)
        if settings.keep_best:
            best, best_values = _better(best, best_values, current, values)
        current = stepped(ball, images, current, gradient, settings.step_size)
        if progress:
            progress.advance()
    if not settings.keep_best:
        return current
    with torch.no_grad():
        return _better(best, best_values, current, objective(network, current, targets))[0]


def started(images: Tensor, start: Tensor | None) -> Tensor:
    """Return where an attack starts: at the images, or at a perturbation of them, kept in [0, 1]."""
    return images.detach() if start is None else (images.detach() + start).clamp(0, 1)


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
    moved = current + ball.step(gradient, step_size)
    return (images + ball.project(moved - images)).clamp(0, 1)


def _better(best: Tensor, best_values: Tensor, images: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    better = values > best_values
    return torch.where(better.view(-1, 1, 1, 1), images, best), torch.where(better, values, best_values)


def start_perturbation(images: Tensor, settings: AttackSettings, generator: torch.Generator) -> Tensor | None:
    """Draw the start of an attack with a random start, uniformly from its ball; none for other attacks."""
    if not settings.random_start:
        return None
    return threat_model(settings.norm, settings.epsilon).random(images, generator)


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
    """Run :func:`projected_gradient` over any number of images in batches, with progress.

    The random start of an image depends on ``seed`` and on its place in ``images``, neither on the batches
    nor on the device.
    Images that are among ``parts`` already are not attacked again; those of each batch join them.

    Returns:
        (N, C, H, W) float32 in [0, 1].

    Raises:
        ValueError: a random start without a seed, which would be that of all others too.
    """
    if settings.random_start and seed is None:
        raise ValueError("an attack with a random start needs a seed")
    start = start_perturbation(images, settings, torch_generator("start", seed or 0))
    results = parts.read(images.device) if parts else []
    done = sum(map(len, results))
    progress = Progress(what, total=-(-(len(images) - done) // batch_size) * settings.steps)
    for first in range(done, len(images), batch_size):
        batch = slice(first, first + batch_size)
        results.append(
            projected_gradient(
                objective,
                model,
                images[batch],
                targets[batch],
                settings,
                start=None if start is None else start[batch],
                progress=progress,
            )
        )
        if parts:
            parts.keep(results)
    return torch.cat(results) if results else images.clone()
