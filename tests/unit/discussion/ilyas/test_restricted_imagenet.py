"""Restricted ImageNet from a made-up folder of ImageNet's form, with the odd files that it has."""

import io
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from imagenet_samples import photograph, write_imagenet
from PIL import Image

from advex.common.artifacts import read_description
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.discussion.ilyas import restricted_imagenet
from advex.discussion.ilyas.restricted_imagenet import (
    SUPER_CLASSES,
    listed,
    prepare_restricted_imagenet,
    square,
)
from advex.discussion.ilyas.streamed_set import StreamedSet
from advex.networks.torchvision_import import torchvision
from advex.prepare.prepared import Request
from advex.registries import SOURCES

CLASSES = sum(last - first + 1 for first, last in SUPER_CLASSES.values())


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory) -> Path:
    return write_imagenet(tmp_path_factory.mktemp("imagenet"))


def prepared(imagenet: Path, folder: Path, **settings):
    """Prepare the whole folder at a side of 16; return both sets and their provenance."""
    outputs = {name: folder / f"{name}.safetensors" for name in ("train", "test")}
    usual = {"size": 16, "train_images": None, "test_images": None, "threads": 2}
    provenance = prepare_restricted_imagenet(imagenet, outputs, {"study": "small"}, **(usual | settings))
    return *(ImageSet.read(path) for path in outputs.values()), provenance


def test_super_classes_are_the_published_ranges() -> None:
    """203 classes with 50 validation images each: the 10,150 of the authors' library."""
    assert CLASSES == 203
    assert 50 * CLASSES == 10_150
    assert len(SUPER_CLASSES) == 9
    ranges = sorted(SUPER_CLASSES.values())
    assert all(one[1] < other[0] for one, other in pairwise(ranges))


def test_all_images_are_there_in_order(imagenet: Path, tmp_path: Path) -> None:
    train, test, provenance = prepared(imagenet, tmp_path)
    assert train.images.shape == (2 * CLASSES, 3, 16, 16)
    assert test.images.shape == (CLASSES, 3, 16, 16)
    assert train.classes == tuple(SUPER_CLASSES)
    sizes = [2 * (last - first + 1) for first, last in SUPER_CLASSES.values()]
    assert np.bincount(train.labels).tolist() == sizes
    file = listed(imagenet, "train").files[5]
    assert np.array_equal(train.images[5], square(file, 16))
    told = read_description(tmp_path / "train.safetensors")
    assert (told["study"], told["dataset"], told["sha256"]) == (
        "small",
        "natural_train",
        provenance["sha256"],
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test.safetensors", "train.safetensors"]


def test_the_file_is_that_of_any_other_set(imagenet: Path, tmp_path: Path) -> None:
    train, _, _ = prepared(imagenet, tmp_path)
    description = read_description(tmp_path / "train.safetensors")
    classes = description.pop("classes")
    train.write(tmp_path / "again.safetensors", description)
    assert classes == list(train.classes)
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "train.safetensors").read_bytes()


@pytest.mark.parametrize("how", [{}, {"mode": "L"}, {"mode": "CMYK"}, {"turned": True}, {"kind": "PNG"}])
def test_squares_are_those_of_torchvision(tmp_path: Path, how: dict) -> None:
    transforms = torchvision().transforms
    resize = transforms.Compose([transforms.Resize(37), transforms.CenterCrop(32)])
    for seed in range(12):
        file = tmp_path / "photograph.JPEG"
        file.write_bytes(photograph(seed, **how))
        wanted = np.asarray(resize(Image.open(io.BytesIO(file.read_bytes())).convert("RGB")))
        assert np.array_equal(square(file, 32).transpose(1, 2, 0), wanted)


def test_a_subset_is_balanced_and_only_that_is_decoded(imagenet: Path, tmp_path: Path, monkeypatch) -> None:
    decoded = []
    monkeypatch.setattr(
        restricted_imagenet, "square", lambda path, size: decoded.append(path) or square(path, size)
    )
    train, _, _ = prepared(imagenet, tmp_path, train_images=45, test_images=9)
    assert np.bincount(train.labels)[[0, 1, 4]].tolist() == [5, 5, 5]
    assert len(decoded) == 45 + 9
    with pytest.raises(UserError, match="train_images: 9999 images asked for, the folder has 406"):
        prepared(imagenet, tmp_path, train_images=9999)


def test_a_run_that_was_stopped_goes_on(imagenet: Path, tmp_path: Path, monkeypatch) -> None:
    whole = prepared(imagenet, tmp_path / "whole")
    seen: list[Path] = []

    def stopping(path: Path, size: int):
        if len(seen) >= 300:
            raise KeyboardInterrupt
        seen.append(path)
        return square(path, size)

    monkeypatch.setattr(restricted_imagenet, "square", stopping)
    with pytest.raises(KeyboardInterrupt):
        prepared(imagenet, tmp_path / "stopped")
    assert not (tmp_path / "stopped/train.safetensors").exists()
    again: list[Path] = []
    monkeypatch.setattr(
        restricted_imagenet, "square", lambda path, size: again.append(path) or square(path, size)
    )
    prepared(imagenet, tmp_path / "stopped")
    assert len(again) == 406 + 203 - 256
    for name in ("train", "test"):
        files = [tmp_path / place / f"{name}.safetensors" for place in ("whole", "stopped")]
        assert files[0].read_bytes() == files[1].read_bytes()
    assert whole[2]["sha256"] == read_description(files[0])["sha256"]


def test_other_files_are_not_gone_on_with(imagenet: Path, tmp_path: Path, monkeypatch) -> None:
    copied = Path(shutil.copytree(imagenet, tmp_path / "imagenet"))
    seen: list[Path] = []

    def stopping(path: Path, size: int):
        seen.append(path)
        if len(seen) > 300:
            raise KeyboardInterrupt
        return square(path, size)

    monkeypatch.setattr(restricted_imagenet, "square", stopping)
    with pytest.raises(KeyboardInterrupt):
        prepared(copied, tmp_path / "out")
    monkeypatch.undo()
    first = listed(copied, "train").files[0]
    first.write_bytes(photograph(777))
    train, _, _ = prepared(copied, tmp_path / "out")
    assert np.array_equal(train.images[0], square(first, 16))


def test_images_are_not_held_in_memory(tmp_path: Path) -> None:
    images = StreamedSet(tmp_path / "set.safetensors", np.arange(4), tuple("abcd"), (1, 2, 2))
    assert isinstance(images._images, np.memmap)
    images.put(2, np.full((2, 1, 2, 2), 7, np.uint8))
    assert (tmp_path / ".set.safetensors.partial").read_bytes() == bytes(8) + bytes([7] * 8)


def test_folders_of_another_form_are_refused(imagenet: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder; ImageNet is expected"):
        listed(tmp_path, "train")
    copied = Path(shutil.copytree(imagenet, tmp_path / "imagenet"))
    dog = copied / "train/n01000151"
    for file in dog.iterdir():
        file.unlink()
    with pytest.raises(UserError, match="n01000151: found 0 images; expected 1 to 1300"):
        listed(copied, "train")
    (copied / "val/n01000999").rmdir()
    with pytest.raises(UserError, match="found 999 folders"):
        listed(copied, "val")
    damaged = tmp_path / "damaged.JPEG"
    damaged.write_bytes(photograph(1)[:300])
    with pytest.raises(UserError, match=r"damaged.JPEG: not a readable PNG or JPEG"):
        square(damaged, 16)


def test_it_is_not_loaded_into_memory() -> None:
    with pytest.raises(UserError, match="prepared by the workflow alone"):
        SOURCES["restricted_imagenet"](Request("restricted_imagenet", None, "data", None))
