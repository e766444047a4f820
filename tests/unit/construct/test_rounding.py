"""Stored images lie in their balls: not nearly, and whatever the norm, the radius and the centre."""

import numpy as np
import pytest
import torch

from advex.attack.threat_models import threat_model
from advex.common.artifacts import stored
from advex.common.errors import UserError
from advex.construct.rounding import rounded_inside

RADII = [("l2", 0.5), ("l2", 1.25), ("l2", 2.0), ("linf", 8 / 255), ("linf", 0.4)]
COUNT = 60


def perturbed(norm, epsilon, shape, seed):
    """Images of 256 levels, and others at the border of their balls, as an attack in float32 leaves them."""
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(256, (COUNT, *shape), generator=generator)
    centres = levels.float() / 255
    centres[::3] = (levels[::3] > 128).float()
    ball = threat_model(norm, epsilon)
    sparse = torch.rand(centres.shape, generator=generator) < (0.1 if seed % 2 else 1.0)
    moves = ball.project(100 * epsilon * sparse * torch.randn(centres.shape, generator=generator))
    return (centres + moves).clamp(0, 1).numpy(), centres.numpy()


def outside(images, centres, norm, epsilon):
    """How far the farthest lies outside its ball, computed in double precision."""
    moves = (images.astype(np.float64) - centres.astype(np.float64)).reshape(len(images), -1)
    sizes = np.sqrt((moves**2).sum(1)) if norm == "l2" else np.abs(moves).max(1)
    return (sizes - epsilon).max()


@pytest.mark.parametrize("stored_as", ["float16", "float32"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32)], ids=str)
@pytest.mark.parametrize(("norm", "epsilon"), RADII)
@pytest.mark.parametrize("seed", range(4))
def test_every_stored_image_lies_in_its_ball(norm, epsilon, shape, stored_as, seed):
    images, centres = perturbed(norm, epsilon, shape, seed)
    before = images.copy()
    found = rounded_inside(images, centres, threat_model(norm, epsilon), stored_as)
    assert np.array_equal(images, before)
    assert found.dtype == np.float32
    assert np.array_equal(stored(found, stored_as).astype(np.float32), found)
    assert outside(found, centres, norm, epsilon) <= 0
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.abs(found - images).max() < (2e-3 if stored_as == "float16" else 1e-5)


@pytest.mark.parametrize(("norm", "epsilon"), [("l2", 0.5), ("linf", 8 / 255)])
def test_rounding_to_the_nearest_would_leave_some_outside(norm, epsilon):
    images, centres = perturbed(norm, epsilon, (1, 8, 8), 0)
    assert outside(stored(images, "float16").astype(np.float32), centres, norm, epsilon) > 1e-6


def test_what_lies_well_inside_is_rounded_no_farther_than_to_a_neighbour():
    images, centres = perturbed("l2", 0.5, (1, 8, 8), 0)
    found = rounded_inside(images, centres, threat_model("l2", 0.6), "float16")
    spacing = np.spacing(stored(images, "float16")).astype(np.float32)
    assert (np.abs(found - images) <= spacing).all()
    assert (np.abs(found - centres) <= np.maximum(np.abs(images - centres), spacing)).all()
    nearest = stored(images, "float16").astype(np.float32)
    assert np.array_equal(
        found == nearest, ~(np.abs(nearest - centres) > np.abs(images - centres)) | (found == nearest)
    )


def test_no_perturbation_is_exact_where_the_centre_can_be_stored():
    centres = np.float32([0, 0.25, 0.5, 1]).reshape(4, 1, 1, 1)
    assert np.array_equal(rounded_inside(centres, centres, threat_model("linf", 0.0), "float16"), centres)


def test_a_ball_in_which_nothing_can_be_stored_is_refused():
    centre = np.full((1, 1, 2, 2), 1 / 3, np.float32)
    with pytest.raises(UserError, match="stored_as: float16 is too coarse for perturbations up to 1e-06"):
        rounded_inside(centre, centre, threat_model("linf", 1e-6), "float16")
