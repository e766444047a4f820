from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mirror_samples import arrays, load, picture, tree, write_folder, write_zip
from sklearn.datasets import load_digits

from advex.common.errors import UserError
from advex.prepare import official, packaged
from advex.prepare.prepared import files_sha256

CIFAR, FASHION = official.CLASSES["cifar10"], official.CLASSES["fashion_mnist"]


def test_digits_are_exact_and_split_evenly() -> None:
    whole = load("digits", mirror="/nowhere")
    assert whole.train.images.shape == (1297, 1, 8, 8)
    assert whole.test.images.shape == (500, 1, 8, 8)
    sixteenths = whole.train.images * 16
    assert np.array_equal(sixteenths, sixteenths.round())
    assert sixteenths.max() == 16
    assert set(np.bincount(whole.test.labels)) == {50}
    assert whole.train.classes == tuple("0123456789")
    assert whole.provenance["origin"] == "packaged with scikit-learn"
    assert whole.provenance == load("digits").provenance


def test_the_digits_file_is_kept_and_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "digits" / "digits.csv.gz"
    whole = load("digits", downloads=str(tmp_path))
    assert whole.provenance["sha256"] == files_sha256(kept)
    kept.write_bytes(b"damaged")
    assert load("digits", downloads=str(tmp_path)).provenance == whole.provenance
    monkeypatch.setattr(packaged, "_DIGITS_FILE", replace(packaged._DIGITS_FILE, md5="0" * 32))
    with pytest.raises(UserError, match=r"digits.csv.gz is missing or not the file known here.*dvc pull"):
        load("digits", downloads=str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_the_digits_are_those_that_scikit_learn_loads() -> None:
    whole, digits = load("digits"), load_digits()
    images = np.concatenate([whole.train.images, whole.test.images])[:, 0]
    order = np.lexsort(images.reshape(len(images), -1).T)
    expected = np.lexsort(digits.images.reshape(len(images), -1).T)
    assert np.array_equal(images[order] * 16, digits.images[expected])
    labels = np.concatenate([whole.train.labels, whole.test.labels])
    assert np.array_equal(labels[order], digits.target[expected])


def test_subsets_are_balanced_and_always_the_same() -> None:
    first, second = (load("digits", train_images=203, test_images=20) for _ in range(2))
    assert sorted(np.bincount(first.train.labels)) == [20] * 7 + [21] * 3
    assert np.array_equal(first.train.images, second.train.images)
    whole = load("digits").train.images
    places = [int(np.flatnonzero((whole == image).all((1, 2, 3)))[0]) for image in first.train.images]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [({"channels": 3}, "data.channels: 3 .* have 1"), ({"classes": 7}, "data.classes: 7 .* have 10")],
)
def test_images_must_be_what_the_study_says(wanted: dict[str, int], message: str) -> None:
    assert len(load("digits", channels=1, classes=10).train.classes) == 10
    with pytest.raises(UserError, match=message):
        load("digits", **wanted)


def test_sample_images_are_square_and_colour() -> None:
    samples = load("sample_images", image_size=32)
    assert samples.train.images.shape == (12, 3, 32, 32)
    assert samples.train.images.dtype == np.uint8
    assert samples.train.classes[samples.train.labels[5]] == "coffee"
    assert samples.test is samples.train
    assert load("sample_images").train.images.shape == (12, 3, 128, 128)


@pytest.mark.parametrize(
    ("source", "settings", "message"),
    [
        ("cifar11", {}, "`cifar11` is unknown; choose one of digits, sample_images"),
        ("own", {}, "mirror: not set, but source `own`"),
        ("digits", {"train_images": 1298}, "train_images: 1298 images asked for, the source has 1297"),
        ("digits", {"test_images": 0}, "test_images: 0 images"),
        ("digits", {"image_size": 8}, "image_size: 8 given, but `digits`"),
        ("sample_images", {"image_size": 301}, "image_size: 301 asked for, but chelsea.png has only 300"),
    ],
)
def test_wrong_settings(source: str, settings: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load(source, **settings)


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize("top", ["", "wrapped/"])
@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1), ("P", 3), ("LA", 1), ("RGBA", 3)])
def test_own_images(
    tmp_path: Path, write: Callable[[Path, dict[str, bytes]], Path], top: str, mode: str, channels: int
) -> None:
    files = {top + name: data for name, data in tree(("c2", "c10"), mode=mode).items()}
    noise = {"__MACOSX/._x": b"", ".DS_Store": b"", f"{top}train/c2/labels.txt": b""}
    # A folder is found inside the mirror by its name, a zip is named itself.
    path = write(tmp_path / ("own_pets.zip" if write is write_zip else "own_pets"), {**files, **noise})
    own = load("own", path if write is write_zip else tmp_path)
    assert own.train.classes == ("c2", "c10")
    assert own.train.labels.tolist() == [0, 0, 1, 1]
    assert own.test.images.shape == (2, channels, 4, 4)
    if mode != "P":  # the palette has no exact colour for every value
        assert own.train.images[:, 0, 0, 0].tolist() == [0, 0, 10, 10]
    assert own.provenance["origin"] == f"mirror {path.name}"
    assert str(tmp_path) not in str(own.provenance)
    assert len(own.provenance["sha256"]) == 64
    assert "note" not in own.provenance


@pytest.mark.parametrize(
    ("source", "folders", "mode", "size", "whole"),
    [
        ("cifar10", CIFAR, "RGB", 32, "50,000 + 10,000"),
        (
            "fashion_mnist",
            tuple(name.lower().replace("/", "_") for name in FASHION),
            "L",
            28,
            "60,000 + 10,000",
        ),
        ("mnist", tuple("0123456789"), "L", 28, "60,000 + 10,000"),
        ("cifar10", tuple("0123456789"), "RGB", 32, "50,000 + 10,000"),
    ],
)
def test_classes_of_known_sources_are_official(
    tmp_path: Path, source: str, folders: tuple[str, ...], mode: str, size: int, whole: str
) -> None:
    write_zip(tmp_path / f"{source}0.zip", {})  # another data set: cifar100 is not cifar10
    write_zip(tmp_path / f"{source}_small.zip", tree(folders, "jpg", mode, size))
    known = load(source, tmp_path, train_images=10)
    assert known.train.classes == official.CLASSES[source]
    assert np.abs(known.train.images.mean((1, 2, 3)) - 10 * known.train.labels).max() < 3
    assert known.provenance["note"] == f"only 20 + 10 of {whole} images, images are lossy JPEG copies"
    write_zip(tmp_path / f"{source}_small.zip", tree(folders, "jpg", mode, 2 * size))
    with pytest.raises(UserError, match=rf"{2 * size}, {2 * size}\), channels x .*; name the right mirror"):
        load(source, tmp_path)


@pytest.mark.parametrize(
    ("changed", "shape", "dtype"),
    [
        ({}, (6, 1, 2, 2), np.uint8),
        ({"x_train": np.zeros((6, 2, 2, 3)), "x_test": np.ones((3, 2, 2, 3))}, (6, 3, 2, 2), np.float32),
    ],
)
def test_npz(tmp_path: Path, changed: dict[str, object], shape: tuple[int, ...], dtype: type) -> None:
    np.savez(tmp_path / "own.npz", **arrays(**changed))
    own = load("own", tmp_path)
    assert own.train.images.shape == shape
    assert own.train.images.dtype == dtype
    assert own.train.classes == ("0", "1", "2")
    assert own.test.labels.tolist() == [0, 1, 2]
    np.savez(tmp_path / "own.npz", **arrays(**changed, classes=np.array(["a", "b", "c"])))
    assert load("own", tmp_path / "own.npz").test.classes == ("a", "b", "c")


X, Y = np.zeros((3, 2, 2), np.uint8), np.arange(3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_test": None}, "lacks y_test, holds x_train, y_train, x_test; expected x_train"),
        ({"x_test": X[0]}, r"x_test has shape \(2, 2\); expected \(N, H, W\)"),
        ({"x_test": X[..., None].repeat(2, -1)}, r"x_test has shape \(3, 2, 2, 2\)"),
        ({"x_test": X.astype(np.int64)}, "x_test is int64; expected uint8"),
        ({"x_train": np.full((6, 2, 2), np.nan)}, r"x_train has values in \[nan, nan\]; expected \[0, 1\]"),
        ({"x_train": np.full((6, 2, 2), 255.0)}, r"x_train has values in \[255.0, 255.0\]"),
        ({"x_test": np.zeros((3, 2, 3), np.uint8)}, "make images of equal size"),
        ({"y_test": Y[:2]}, r"y_test has shape \(2,\) of int64; expected \(3,\) of integers"),
        ({"y_test": Y / 1}, r"y_test has shape \(3,\) of float64"),
        ({"y_test": Y - 1}, r"y_test has labels -1..1; expected 0..2"),
        ({"y_test": np.array([None] * 3)}, "not a whole .npz of plain arrays .*allow_pickle"),
    ],
)
def test_bad_npz(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "own.npz", **arrays(**changed))
    with pytest.raises(UserError, match=rf"own\.npz: .*{message}"):
        load("own", tmp_path / "own.npz")


def test_truncated_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    write_zip(tmp_path / "a.zip", tree())
    for name, message in (("a.npz", "not a whole .npz"), ("a.zip", "not a whole zip")):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-60])
        with pytest.raises(UserError, match=rf"{name}: {message}"):
            load("own", path)


def test_damage_inside_a_zip(tmp_path: Path) -> None:
    files = tree()
    path = write_zip(tmp_path / "a.zip", files)
    data, inside = path.read_bytes(), files["train/dog/1.png"]
    assert data.count(inside) > 0
    place = data.rindex(inside, 0, data.index(b"test/cat")) + len(inside) // 2
    path.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
    with pytest.raises(UserError, match=r"a\.zip: cannot read train/dog/1\.png \(Bad CRC"):
        load("own", path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no folder train/ with class folders, found nothing; expected train/<class>"),
        ({"train/a/1.png": picture()}, "no folder test/ with class folders, found train/"),
        ({**tree(), "train/emu/": b"", "test/emu/1.png": picture()}, "no image in train/emu; add .png"),
        ({**tree(), "test/emu/1.png": picture()}, "differ, only in train: none, only in test: emu; make"),
        ({**tree(), "test/dog/big.png": picture(size=5)}, "big.png is 5 x 5 colour, train/cat/0.png is"),
        ({**tree(), "test/dog/grey.png": picture(mode="L")}, "grey.png is 4 x 4 grey"),
        ({**tree(), "test/dog/x.png": b"no image"}, r"x.png is not a readable .*\(no known format\)"),
        ({**tree(), "test/dog/x.png": picture()[:48]}, "x.png is not a readable"),
        ({**tree(), "test/dog/x.png": picture(mode="I;16")}, "x.png is not .*more than 8 bits"),
    ],
)
@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_bad_trees(
    tmp_path: Path, write: Callable[[Path, dict[str, bytes]], Path], files: dict[str, bytes], message: str
) -> None:
    write(tmp_path / ("own" if write is write_folder else "own.zip"), files)
    with pytest.raises(UserError, match=rf"own(\.zip)?: .*{message}"):
        load("own", tmp_path)


def test_mirrors_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.rar").write_bytes(b"")
    for mirror, message in (
        (tmp_path / "none.zip", "does not exist; correct `mirror` or ADVEX_MIRROR"),
        (tmp_path / "a.rar", "is neither a folder nor a .zip or .npz"),
        (tmp_path, r"holds neither train/ nor mnist\*.zip, mnist\*.npz"),
    ):
        with pytest.raises(UserError, match=message):
            load("mnist", mirror)
    write_zip(tmp_path / "cifar10.zip", tree())
    with pytest.raises(UserError, match=r"folders are cat, dog; expected airplane, .* or 0 to 9"):
        load("cifar10", tmp_path)
