"""A set of images that is written image by image, larger than memory: the same file as any other set's."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from advex.common.artifacts import Array

_BLOCK = 1 << 24


class StreamedSet:
    """The file of an :class:`advex.common.images.ImageSet` of uint8, in the making.

    It lies beside its place under another name until it is finished. What was put there stays when a run is
    stopped; whoever goes on knows how far that was.

    Args:
        path: where the set will be.
        labels: (N,) int64.
        classes: their names.
        shape: of an image, (C, H, W).
    """

    def __init__(self, path: Path, labels: Array, classes: tuple[str, ...], shape: tuple[int, ...]) -> None:
        self.path, self.partial = path, path.with_name(f".{path.name}.partial")
        self._labels, self._classes, self._shape = labels, classes, (len(labels), *shape)
        self.images_bytes = int(np.prod(self._shape))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.opened_again = self.partial.is_file() and self.partial.stat().st_size == self.images_bytes
        self._images = np.memmap(
            self.partial, np.uint8, "r+" if self.opened_again else "w+", shape=self._shape
        )

    def put(self, first: int, images: Array) -> None:
        """Write images (n, C, H, W) uint8 to their places from ``first`` on, and see them on the disk."""
        self._images[first : first + len(images)] = images
        self._images.flush()

    def blocks(self) -> Iterator[Array]:
        """Yield all images, then the labels, as bytes, some megabytes at a time."""
        flat = self._images.reshape(-1)
        yield from (flat[start : start + _BLOCK] for start in range(0, len(flat), _BLOCK))
        yield self._labels

    def finish(self, description: Mapping[str, object]) -> None:
        """Write the set with its description, byte for byte as ``ImageSet.write`` would, to its place."""
        labels_bytes = 8 * len(self._labels)
        text = json.dumps({**description, "classes": list(self._classes)}, sort_keys=True)
        header = {
            "__metadata__": {"advex": text},
            "labels": {"dtype": "I64", "shape": [len(self._labels)], "data_offsets": [0, labels_bytes]},
            "images": {
                "dtype": "U8",
                "shape": list(self._shape),
                "data_offsets": [labels_bytes, labels_bytes + self.images_bytes],
            },
        }
        encoded = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        encoded += b" " * (-len(encoded) % 8)
        whole = self.path.with_name(f".{self.path.name}.whole")
        with whole.open("wb") as file:
            file.write(len(encoded).to_bytes(8, "little") + encoded)
            file.write(self._labels.astype("<i8").tobytes())
            flat = self._images.reshape(-1)
            for start in range(0, len(flat), _BLOCK):
                file.write(flat[start : start + _BLOCK].data)
        whole.replace(self.path)
        self.partial.unlink()
