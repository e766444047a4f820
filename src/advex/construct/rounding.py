"""Images in a ball that are still in it once they are stored with fewer digits."""

import numpy as np
import torch

from advex.attack.threat_models import ThreatModel
from advex.common.artifacts import Array, stored
from advex.common.errors import UserError

_HALVINGS = 24


def rounded_inside(images: Array, centres: Array, ball: ThreatModel, stored_as: str) -> Array:
    """Round images as they will be stored, towards the centres of their balls where they would leave them.

    Each value goes to the nearest that can be stored and is no farther from the centre's. Where there is none
    (few centres can be stored themselves) rows may still end outside a ball whose border they were at: those
    are moved towards the centre first, by the smallest of the shares 2^-24, 2^-23, ..., 1 that is enough.

    Args:
        images: (N, C, H, W) float32 in [0, 1].
        centres: (N, C, H, W) float32 in [0, 1].
        ball: the threat model around each centre.
        stored_as: float32 or float16.

    Returns:
        (N, C, H, W) float32 in [0, 1], exactly as they will be read back.

    Raises:
        UserError: a ball is so small that nothing that can be stored lies inside.
    """
    found = _towards(images, centres, stored_as)
    outside = np.flatnonzero(~_contained(found, centres, ball))
    for halvings in range(_HALVINGS, -1, -1):
        if not len(outside):
            return found
        some = centres[outside]
        moved = some + (images[outside] - some) * np.float32(1 - 2.0**-halvings)
        found[outside] = _towards(moved, some, stored_as)
        outside = outside[~_contained(found[outside], some, ball)]
    if len(outside):
        size = f"{ball.epsilon:g}"
        raise UserError(
            f"stored_as: {stored_as} is too coarse for perturbations up to {size}; set it to float32"
        )
    return found


def _towards(images: Array, centres: Array, stored_as: str) -> Array:
    """Round each value to one of its two neighbours: the nearest, unless only the other is no farther out."""
    nearest = stored(images, stored_as)
    beyond = images - nearest.astype(np.float32)
    neighbour = np.nextafter(nearest, np.copysign(np.inf, beyond).astype(nearest.dtype))
    other = np.where(beyond == 0, nearest, neighbour)
    allowed, near, far = (np.abs(values.astype(np.float64) - centres) for values in (images, nearest, other))
    rounded: Array = np.where((near > allowed) & (far < near), other, nearest).astype(np.float32)
    return rounded


def _contained(images: Array, centres: Array, ball: ThreatModel) -> Array:
    """Tell which images lie in their balls, in double precision and without tolerance; (N,) bool."""
    inside: Array = ball.contains(torch.from_numpy(images.astype(np.float64) - centres), 0.0).numpy()
    return inside
