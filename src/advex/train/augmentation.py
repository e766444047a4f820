"""Data augmentation on the device: whole batches at once, drawn from one generator."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from advex.common.settings import AugmentationSettings


def augment(images: Tensor, settings: AugmentationSettings, generator: torch.Generator) -> Tensor:
    """Apply the settings to float images (N, C, H, W) in [0, 1]; every image is changed for itself."""
    if settings.crop_padding:
        images = random_crop(images, settings.crop_padding, generator)
    if settings.flip:
        images = random_flip(images, generator)
    if settings.colour_jitter:
        images = jitter_colours(images, settings.colour_jitter, generator)
    if settings.rotation_degrees:
        images = random_rotation(images, settings.rotation_degrees, generator)
    if settings.gaussian_noise:
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        deviation: float | Tensor = settings.gaussian_noise
        if settings.gaussian_noise_varies:
            shares = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
            deviation = shares * settings.gaussian_noise
        images = (images + deviation * noise).clamp(0, 1)
    return images


def random_crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Shift each image by up to ``padding`` pixels in each direction, filling with zeros."""
    count, _, height, width = images.shape
    padded = functional.pad(images, [padding] * 4)
    offsets = torch.randint(2 * padding + 1, (2, count, 1), generator=generator, device=images.device)
    rows = (offsets[0] + torch.arange(height, device=images.device))[:, :, None]
    columns = (offsets[1] + torch.arange(width, device=images.device))[:, None, :]
    picked = padded.permute(0, 2, 3, 1)[
        torch.arange(count, device=images.device)[:, None, None], rows, columns
    ]
    return picked.permute(0, 3, 1, 2)  # a channels-last tensor again


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each image left to right with probability one half."""
    flipped = torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) < 0.5
    return torch.where(flipped, images.flip(3), images)


def jitter_colours(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Scale brightness, contrast (about the mean grey) and, of colour images, saturation."""
    factors = torch.rand(3, len(images), 1, 1, 1, generator=generator, device=images.device)
    brightness, contrast, saturation = 1 + strength * (2 * factors - 1)
    images = (images * brightness).clamp(0, 1)
    mean = _grey(images).mean((2, 3), keepdim=True)
    images = (mean + contrast * (images - mean)).clamp(0, 1)
    if images.shape[1] == 3:
        grey = _grey(images)
        images = (grey + saturation * (images - grey)).clamp(0, 1)
    return images


def _grey(images: Tensor) -> Tensor:
    """Return luma by ITU-R 601, shape (N, 1, H, W)."""
    if images.shape[1] != 3:
        return images.mean(1, keepdim=True)
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def random_rotation(images: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Rotate each image about its centre by up to ``degrees`` either way."""
    angles = torch.rand(len(images), generator=generator, device=images.device)
    angles = (2 * angles - 1) * math.radians(degrees)
    cosines, sines, zeros = angles.cos(), angles.sin(), torch.zeros_like(angles)
    transforms = torch.stack([cosines, -sines, zeros, sines, cosines, zeros], 1).view(-1, 2, 3)
    grid = functional.affine_grid(transforms, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="nearest", align_corners=False)
