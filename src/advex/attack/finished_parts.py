"""Finished parts of a long computation: a killed construction goes on after them, to the same bits."""

import logging
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from advex.common.checkpoint import Checkpoint

_log = logging.getLogger(__name__)


class Parts:
    """Images finished so far, in the order in which they are made.

    Args:
        checkpoint: what they are kept in, of all that the computation depends on.
        seconds: least time between two writes.
    """

    def __init__(self, checkpoint: Checkpoint, seconds: float = 60.0) -> None:
        self._checkpoint = checkpoint
        self._seconds = seconds
        self._saved = time.monotonic()

    def read(self, device: torch.device) -> list[Tensor]:
        """Return what an earlier attempt finished, (N, C, H, W) float32 on the device; empty if nothing."""
        arrays, _ = self._checkpoint.read()
        if not arrays:
            return []
        _log.info("go on after %d images that are finished", len(arrays["images"]))
        return [torch.from_numpy(np.array(arrays["images"])).to(device)]

    def keep(self, finished: Sequence[Tensor]) -> None:
        """Write what is finished, unless that was done a moment ago."""
        if time.monotonic() - self._saved >= self._seconds:
            images = torch.cat([part.float().contiguous().cpu() for part in finished]).numpy()
            self._checkpoint.write({"images": images}, {})
            self._saved = time.monotonic()
