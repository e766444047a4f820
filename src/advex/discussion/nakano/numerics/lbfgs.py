"""L-BFGS for many images at once, each with its own history, as if each were optimised alone.

A joint L-BFGS over a batch is another algorithm: its inner products run over all images, so every image would
steer every other. Here they run within an image. For one image the steps are those of ``torch.optim.LBFGS``
with its default settings (step length 1, no line search, Liu and Nocedal's two loops), and nothing waits for
the device.
"""

import torch
from torch import Tensor

_TOLERANCE_GRADIENT = 1e-7  # torch's: an image whose gradient is nowhere larger stands still
_TOLERANCE_CHANGE = 1e-9  # torch's: likewise one whose loss would hardly fall along the step
_LEAST_CURVATURE = 1e-10  # torch's: a pair of less curvature is not used


class Lbfgs:
    """The memory of one optimisation of N independent problems.

    Args:
        history: how many pairs are remembered; one that was not used still takes its place.
        learning_rate: length of a step in units of the quasi-Newton step.
    """

    def __init__(self, history: int = 100, learning_rate: float = 1.0) -> None:
        self._history, self._learning_rate = history, learning_rate
        self._pairs: list[tuple[Tensor, Tensor, Tensor]] = []
        self._last: tuple[Tensor, Tensor] | None = None  # gradient, and the step that was taken there
        self._scale = torch.ones(1, 1)

    def step(self, gradient: Tensor) -> Tensor:
        """Return what to add to each problem's variables, given the gradient at them.

        Args:
            gradient: (N, ...) where the variables are now.

        Returns:
            Of the same shape.
        """
        flat = gradient.detach().flatten(1)
        if self._last is None:
            self._scale = flat.new_ones(len(flat), 1)
            length = (1 / flat.abs().sum(1, keepdim=True)).clamp(max=1)
        else:
            self._remember(flat, *self._last)
            length = torch.ones_like(self._scale)
        direction = self._direction(flat)
        moves = (flat.abs().amax(1, keepdim=True) > _TOLERANCE_GRADIENT) & (
            _dot(flat, direction) <= -_TOLERANCE_CHANGE
        )
        step = torch.where(moves, direction * (self._learning_rate * length), 0.0)
        self._last = flat.clone(), step
        return step.view_as(gradient)

    def _remember(self, flat: Tensor, gradient: Tensor, step: Tensor) -> None:
        """Add what the last step taught about the curvature."""
        change = flat - gradient
        curvature = _dot(change, step)
        used = curvature > _LEAST_CURVATURE
        # A weight of zero leaves an image's direction as it would be without the pair.
        weight = torch.where(used, 1 / torch.where(used, curvature, 1.0), 0.0)
        self._scale = torch.where(used, curvature / _dot(change, change), self._scale)
        self._pairs = [*self._pairs, (step, change, weight)][-self._history :]

    def _direction(self, flat: Tensor) -> Tensor:
        """Multiply the negative gradient with the approximate inverse Hessian: the two loops."""
        direction = -flat
        shares = []
        for step, change, weight in reversed(self._pairs):
            share = weight * _dot(step, direction)
            direction.addcmul_(change, share, value=-1)
            shares.append(share)
        direction *= self._scale
        for (step, change, weight), share in zip(self._pairs, reversed(shares), strict=True):
            direction.addcmul_(step, share - weight * _dot(change, direction))
        return direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Return inner products of rows, (N, 1)."""
    return (a * b).sum(1, keepdim=True)
