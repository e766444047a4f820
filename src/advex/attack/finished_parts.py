"""Finished parts of a long computation: a killed construction goes on after them, to the same bits."""

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from advex.common.artifacts import read_description, read_tensors, write_tensors
from advex.common.errors import UserError

_log = logging.getLogger(__name__)


class Parts:
    """Images finished so far, in the order in which they are made.

    Args:
        path: file they are kept in; delete it once the whole is written.
        made_from: what the computation depends on; parts made from something else are left alone.
        seconds: least time between two writes.
    """

    def __init__(self, path: Path, made_from: Sequence[bytes], seconds: float = 60.0) -> None:
        digest = hashlib.sha256()
        for one in made_from:
            digest.update(len(one).to_bytes(8, "big") + one)
        self._path = path
        self._made_from = digest.hexdigest()
        self._seconds = seconds
        self._saved = time.monotonic()

    def read(self, device: torch.device) -> list[Tensor]:
        """Return what an earlier attempt finished, (N, C, H, W) float32 on the device; empty if nothing."""
        if not self._path.exists():
            return []
        try:
            description, arrays = read_description(self._path), read_tensors(self._path)
        except UserError as error:
            _log.warning("start from the beginning: %s", error)
            return []
        if description.get("made_from") != self._made_from:
            _log.warning("start from the beginning: %s was made from other settings or data", self._path)
            return []
        _log.info("go on after %d images that are finished", len(arrays["images"]))
        return [torch.from_numpy(np.array(arrays["images"])).to(device)]

    def keep(self, finished: Sequence[Tensor]) -> None:
        """Write what is finished, unless that was done a moment ago."""
        if time.monotonic() - self._saved >= self._seconds:
            images = torch.cat([part.float().contiguous().cpu() for part in finished]).numpy()
            write_tensors(self._path, {"images": images}, {"made_from": self._made_from})
            self._saved = time.monotonic()
