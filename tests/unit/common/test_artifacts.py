"""Artifacts: equal content gives equal bytes, nothing half-written stays, damage is named."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors import SafetensorError

from advex.common import artifacts
from advex.common.artifacts import (
    read_description,
    read_table,
    read_tensors,
    stored,
    write_table,
    write_tensors,
)
from advex.common.errors import UserError
from advex.common.files import atomic_path, write_text
from advex.common.images import ImageSet
from advex.common.pictures import Picture, pick

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1, 2], dtype=np.int64)}


def test_tensors_and_description_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_tensors(path, TENSORS, {"study": "test", "seed": 3, "epsilon": float("inf")})
    assert {name: array.tolist() for name, array in read_tensors(path).items()} == {
        name: array.tolist() for name, array in TENSORS.items()
    }
    assert read_description(path) == {"study": "test", "seed": 3, "epsilon": float("inf")}


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    write_tensors(first, TENSORS, {"b": 1, "a": 2})
    write_tensors(second, dict(reversed(TENSORS.items())), {"a": 2, "b": 1})
    assert first.read_bytes() == second.read_bytes()


def test_arrays_that_are_views_are_written_as_they_look(tmp_path: Path) -> None:
    view = np.arange(12, dtype=np.float32).reshape(3, 4).T[::-1]
    write_tensors(tmp_path / "x", {"view": view}, {})
    assert np.array_equal(read_tensors(tmp_path / "x")["view"], view)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_text(path, "old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


DAMAGE: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-4]),
    "other": lambda path: path.write_text("not tensors"),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("read", [read_tensors, read_description, ImageSet.read])
def test_damaged_files_are_named(damage: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    write_tensors(path, TENSORS, {})
    DAMAGE[damage](path)
    with pytest.raises(UserError, match=r"x\.safetensors: "):
        read(path)


def test_a_file_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x", TENSORS, {})
    with pytest.raises(UserError, match="holds no images and no labels"):
        ImageSet.read(tmp_path / "x")


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (np.zeros((2, 1, 3, 3)), np.zeros(2, np.int64), "float64"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.int64), "shape"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(3, np.int64), "labels"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(2, np.int32), "int32"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.array([0, 2]), "0..1"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.array([-1, 0]), "0..1"),
    ],
)
def test_wrong_images_and_labels_are_refused(images: np.ndarray, labels: np.ndarray, says: str) -> None:
    with pytest.raises(UserError, match=says):
        ImageSet(images, labels, ("a", "b"))


def test_images_come_back_and_become_floats(tmp_path: Path) -> None:
    images = np.arange(18, dtype=np.uint8).reshape(2, 1, 3, 3) * 14
    original = ImageSet(images, np.array([1, 0]), ("a", "b"), {"start_indices": np.array([1, 0])})
    original.write(tmp_path / "x", {"study": "test"})
    again = ImageSet.read(tmp_path / "x")
    assert np.array_equal(again.images, images)
    assert again.classes == ("a", "b")
    assert again.extras["start_indices"].tolist() == [1, 0]
    assert again.as_float().dtype == np.float32
    assert again.as_float().max() == np.float32(238 / 255)


def test_tables_come_back_and_bad_ones_are_named(tmp_path: Path) -> None:
    table = pd.DataFrame({"seed": [0, 1], "value": [0.1, None], "name": ["a", None]})
    write_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_bytes() == b"seed,value,name\n0,0.1,a\n1,,\n"
    assert read_table(tmp_path / "t.csv")["value"].tolist()[0] == 0.1
    (tmp_path / "t.csv").write_bytes(b"")
    for name in ("t.csv", "none.csv"):
        with pytest.raises(UserError, match=name):
            read_table(tmp_path / name)


def test_pictures_align_by_image_or_by_label(tmp_path: Path) -> None:
    def images(labels: list[int], offset: int) -> ImageSet:
        values = (np.arange(len(labels)) + offset).astype(np.uint8)
        return ImageSet(values.reshape(-1, 1, 1, 1), np.array(labels), ("a", "b", "c"))

    rows = {"one": images([2, 0, 1, 0], 10), "two": images([0, 1, 2, 2], 20)}
    by_image = pick(rows, 3, "image")
    assert (by_image.images[:, :, 0, 0, 0] * 255).round().tolist() == [[11, 12, 10], [21, 22, 20]]
    by_label = pick(rows, 3, "label")
    assert (by_label.images[1, :, 0, 0, 0] * 255).round().tolist() == [20, 21, 22]
    by_label.write(tmp_path / "p")
    again = Picture.read(tmp_path / "p")
    assert (again.rows, again.columns) == (["one", "two"], ["a", "b", "c"])


def test_half_precision_halves_and_rounds(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((3, 1, 4, 4), dtype=np.float32)
    original = ImageSet(images, np.arange(3), ("a", "b", "c"), {"start_indices": np.arange(3)})
    original.write(tmp_path / "whole", {})
    original.write(tmp_path / "half", {}, "float16")
    assert read_tensors(tmp_path / "half")["images"].dtype == np.float16
    read = ImageSet.read(tmp_path / "half")
    assert read.images.dtype == np.float32
    assert np.abs(read.images - images).max() <= 2**-12
    assert np.array_equal(read.images, original.rounded("float16").images)
    assert np.array_equal(read.extras["start_indices"], np.arange(3))
    assert np.array_equal(ImageSet.read(tmp_path / "whole").images, images)
    grey = ImageSet(np.zeros((1, 1, 2, 2), np.uint8), np.zeros(1, np.int64), ("a",))
    assert grey.rounded("float16") is grey


def test_half_precision_refuses_what_it_cannot_hold() -> None:
    assert stored(np.array([1, 2]), "float16").dtype == np.int64
    assert stored(np.array([1.5], np.float32), "float16").tolist() == [1.5]
    assert np.isinf(stored(np.array([np.inf], np.float32), "float16"))
    with pytest.raises(UserError, match=r"stored_as: float16 cannot hold 70000; set it to float32"):
        stored(np.array([7e4], np.float32), "float16")


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library wraps it in one of its own, of which nobody could tell whose fault it is."""

    def full(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(artifacts, "save_file", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_tensors(tmp_path / "x.safetensors", TENSORS, {})
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "x.safetensors")
    assert not list(tmp_path.iterdir())
