"""Threat models as objects: which perturbations are allowed, and how to step and project in their geometry.

All methods work on a batch of perturbations (N, ...) and treat each row for itself.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from advex.common.errors import UserError
from advex.registries import NORMS


class ThreatModel(Protocol):
    """A set of allowed perturbations around the origin."""

    @property
    def epsilon(self) -> float:
        """Radius of the set, in units of images in [0, 1]; infinite for no constraint."""

    def project(self, perturbation: Tensor) -> Tensor:
        """Return the nearest allowed perturbation in l2 distance."""

    def step(self, gradient: Tensor, step_size: float) -> Tensor:
        """Return the step of size ``step_size`` in this geometry that climbs ``gradient`` most steeply."""

    def contains(self, perturbation: Tensor, tolerance: float = 1e-6) -> Tensor:
        """Tell, for each row, whether it is allowed up to ``tolerance``; shape (N,), bool."""

    def random(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Draw one perturbation per row, uniformly from the set, where the generator is.

        Raises:
            UserError: the set is infinite.
        """


def _rows(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *[1] * (like.ndim - 1))


def _row_norms(perturbation: Tensor) -> Tensor:
    """Return the l2 norm of each row, shape (N,)."""
    norms: Tensor = torch.linalg.vector_norm(perturbation.flatten(1), dim=1)
    return norms


def _check_epsilon(epsilon: float) -> None:
    if not epsilon >= 0:
        raise UserError(f"epsilon: found {epsilon}; a threat model's radius must be 0 or more")


def _check_finite(epsilon: float) -> None:
    if math.isinf(epsilon):
        raise UserError(
            f"epsilon: found {epsilon}; nothing is drawn uniformly from an infinite ball: "
            "set random_start to false, or a finite epsilon"
        )


@dataclass(frozen=True)
class L2Ball:
    """All perturbations of l2 norm up to ``epsilon``."""

    epsilon: float

    def __post_init__(self) -> None:
        _check_epsilon(self.epsilon)

    def project(self, perturbation: Tensor) -> Tensor:
        """Scale rows that are too long back to length epsilon."""
        scale = (self.epsilon / _row_norms(perturbation).clamp_min(1e-12)).clamp_max(1.0)
        return perturbation * _rows(scale, perturbation)

    def step(self, gradient: Tensor, step_size: float) -> Tensor:
        """Return the normalised gradient times ``step_size``; zero where the gradient is zero."""
        return gradient * _rows(step_size / _row_norms(gradient).clamp_min(1e-12), gradient)

    def contains(self, perturbation: Tensor, tolerance: float = 1e-6) -> Tensor:
        """Compare each row's l2 norm, computed in double precision, with epsilon."""
        return _row_norms(perturbation.double()) <= self.epsilon + tolerance

    def random(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Draw uniformly from the ball: a Gaussian direction, a radius with density growing as r^(d-1)."""
        _check_finite(self.epsilon)
        direction = torch.randn(
            like.shape, generator=generator, device=generator.device, dtype=like.dtype
        ).to(like.device)
        uniform = torch.rand(len(like), generator=generator, device=generator.device, dtype=like.dtype).to(
            like.device
        )
        radius = self.epsilon * uniform ** (1 / math.prod(like.shape[1:]))
        return direction * _rows(radius / _row_norms(direction).clamp_min(1e-12), like)


@dataclass(frozen=True)
class LinfBall:
    """All perturbations whose every entry is at most ``epsilon`` in absolute value."""

    epsilon: float

    def __post_init__(self) -> None:
        _check_epsilon(self.epsilon)

    def project(self, perturbation: Tensor) -> Tensor:
        """Clamp every entry to [-epsilon, epsilon]."""
        return perturbation.clamp(-self.epsilon, self.epsilon)

    def step(self, gradient: Tensor, step_size: float) -> Tensor:
        """Return the gradient's sign times ``step_size``."""
        return gradient.sign() * step_size

    def contains(self, perturbation: Tensor, tolerance: float = 1e-6) -> Tensor:
        """Compare each row's largest absolute entry with epsilon."""
        return perturbation.abs().flatten(1).amax(1) <= self.epsilon + tolerance

    def random(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Draw every entry uniformly from [-epsilon, epsilon]."""
        _check_finite(self.epsilon)
        uniform = torch.rand(like.shape, generator=generator, device=generator.device, dtype=like.dtype).to(
            like.device
        )
        return (2 * uniform - 1) * self.epsilon


def threat_model(norm: str, epsilon: float) -> ThreatModel:
    """Return the ball of radius ``epsilon`` in ``norm``.

    Raises:
        UserError: unknown norm, or a negative or undefined radius.
    """
    if norm not in NORMS:
        raise UserError(f"norm: found {norm!r}; allowed: {', '.join(NORMS)}")
    return NORMS[norm](epsilon)
