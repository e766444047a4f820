"""A frequency filter as the first layer, so that a network is trained and measured behind the same filter."""

from functools import cache

import torch
from torch import Tensor, nn

from advex.common.numbers.frequency import filter_mask
from advex.common.settings import FilterSettings


class FrequencyFilter(nn.Module):
    """Keep a square of frequencies of every channel; augmentation comes before, as it makes new ones.

    Args:
        settings: which square.
    """

    def __init__(self, settings: FilterSettings) -> None:
        super().__init__()
        self.settings = settings

    def forward(self, images: Tensor) -> Tensor:
        """Filter square images (N, C, H, W); same shape, not clipped."""
        mask = _mask(self.settings, images.shape[-1], images.device)
        filtered: Tensor = torch.fft.ifft2(torch.fft.fft2(images) * mask).real
        return filtered.contiguous(memory_format=torch.channels_last)


@cache
def _mask(settings: FilterSettings, size: int, device: torch.device) -> Tensor:
    return torch.from_numpy(filter_mask(settings.kind, settings.bandwidth, size)).to(device)
