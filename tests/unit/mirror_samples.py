"""Mirrors for tests: zips, folders and arrays of a few small images, and loading them."""

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from advex.prepare.sources import Prepared, prepare

DOWNLOADS = tempfile.TemporaryDirectory(prefix="advex-downloads-")


def load(source: str, mirror: Path | str | None = None, **settings: object) -> Prepared:
    usual = {"downloads": DOWNLOADS.name, "train_images": None, "test_images": None}
    chosen: dict[str, object] = {**usual, **settings}
    return prepare(source, mirror=str(mirror) if mirror else None, **chosen)  # type: ignore[arg-type]


def picture(value: int = 7, mode: str = "RGB", size: int = 4, kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    shape = (size, size, 3) if mode == "RGB" else (size, size)
    dtype = np.uint16 if mode == "I;16" else np.uint8
    image = Image.fromarray(np.full(shape, value, dtype=dtype)).convert(mode)
    image.save(buffer, "JPEG" if kind == "jpg" else "PNG")
    return buffer.getvalue()


def encoded(pixels: np.ndarray) -> bytes:
    """Return pixels (H, W, 3) uint8 as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def tree(
    classes: tuple[str, ...] = ("cat", "dog"), kind: str = "png", mode: str = "RGB", size: int = 4
) -> dict[str, bytes]:
    """Two training and one test image of each class, whose value is 10 times its place in the names."""
    counts = {"train": 2, "test": 1}
    return {
        f"{split}/{name}/{number}.{kind}": picture(10 * place, mode, size, kind)
        for split, count in counts.items()
        for place, name in enumerate(classes)
        for number in range(count)
    }


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir()
    for name, data in files.items():
        folder = path / (name if name.endswith("/") else name.rpartition("/")[0])
        folder.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (path / name).write_bytes(data)
    return path


def arrays(**changed: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "x_train": np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2), "y_train": np.array([0, 1, 2] * 2),
        "x_test": np.zeros((3, 2, 2), np.uint8), "y_test": np.array([[0], [1], [2]], dtype=np.uint8),
    }  # fmt: skip
    return {name: array for name, array in {**usual, **changed}.items() if array is not None}
