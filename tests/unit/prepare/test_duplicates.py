"""Test images that are training images too."""

import logging
from pathlib import Path

import numpy as np
import pytest
from mirror_samples import load, tree, write_zip
from samples import random_set

from advex.common.images import ImageSet
from advex.prepare.duplicates import NEAR, shared_images


def sets(size: int, dtype: type, count: int = 300) -> tuple[ImageSet, ImageSet]:
    """Return images without a pattern: of such, no two are alike."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count + 40, 3, size, size), dtype=np.uint8)
    images = images if dtype == np.uint8 else (images / 255).astype(np.float32)
    labels, classes = np.zeros(count + 40, np.int64), ("one",)
    return ImageSet(images[:count], labels[:count], classes), ImageSet(
        images[count:], labels[count:], classes
    )


def changed(image: np.ndarray, by: float) -> np.ndarray:
    """Move every value by as much, up or down, within what there is."""
    top = 255 if image.dtype == np.uint8 else 1
    step = by * top
    moved = np.where(image > top / 2, image.astype(float) - step, image.astype(float) + step)
    return moved.round().astype(np.uint8) if image.dtype == np.uint8 else moved.astype(np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("size", [2, 8, 9, 32])
def test_exact_and_near_duplicates_are_counted(size: int, dtype: type) -> None:
    train, test = sets(size, dtype)
    assert list(shared_images(train, test).values()) == [0, 0]
    for at, (there, by) in enumerate([(7, 0.0), (7, 0.0), (250, 0.016), (251, 0.024), (0, 0.016)]):
        test.images[at] = changed(train.images[there], by) if by else train.images[there]
    assert shared_images(train, test) == {"test_images_in_train": 2, "test_images_nearly_in_train": 2}


def test_against_every_pair() -> None:
    """Images of little contrast, so that many are near each other: none is missed by looking at means."""
    train, test = random_set(200), random_set(60)
    near = [
        ImageSet((one.images * 0.07).astype(np.float32), one.labels, one.classes) for one in (train, test)
    ]
    differences = near[0].images[:, None] - near[1].images[None]
    closest = np.sqrt((differences.astype(float) ** 2).mean((2, 3, 4))).min(0)
    exact = int((closest == 0).sum())
    assert shared_images(*near) == {
        "test_images_in_train": exact,
        "test_images_nearly_in_train": int((closest < NEAR).sum()) - exact,
    }


def test_they_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = load("own", write_zip(tmp_path / "own.zip", tree()))
    assert own.provenance["test_images_in_train"] == 2
    assert "2 are training images too" in caplog.text
    caplog.set_level(logging.INFO)


def test_digits_share_none() -> None:
    assert load("digits").provenance["test_images_in_train"] == 0
