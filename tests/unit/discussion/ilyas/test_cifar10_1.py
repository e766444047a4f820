"""CIFAR-10.1 from files of the published form, which stand in for the real ones."""

import pickle

import numpy as np
import pytest

from advex.common.errors import UserError
from advex.discussion.ilyas import cifar10_1
from advex.discussion.ilyas.cifar10_1 import COUNTS, FILES, load_cifar10_1
from advex.prepare.downloads import Download


def write(folder, version="v6", images=None, labels=None):
    folder.mkdir(parents=True, exist_ok=True)
    count = COUNTS[f"cifar10_1_{version}"]
    generator = np.random.default_rng(0)
    if images is None:
        images = generator.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
    if labels is None:
        labels = (np.arange(count) % 10).astype(np.int32)
    np.save(folder / f"cifar10.1_{version}_data.npy", images)
    np.save(folder / f"cifar10.1_{version}_labels.npy", labels)
    return images, labels


@pytest.mark.parametrize("version", ["v4", "v6"])
@pytest.mark.parametrize("inner", ["", "cifar10_1"])
def test_a_mirror_is_read_as_it_is(tmp_path, version, inner):
    images, labels = write(tmp_path / inner, version)
    found, provenance = load_cifar10_1(f"cifar10_1_{version}", str(tmp_path), "nowhere")
    assert np.array_equal(found.images.transpose(0, 2, 3, 1), images)
    assert found.labels.tolist() == labels.tolist()
    assert found.classes[:2] == ("airplane", "automobile")
    assert provenance["origin"] == "mirror"
    assert len(provenance["sha256"]) == 64


def test_without_a_mirror_both_files_are_fetched_and_verified(tmp_path, monkeypatch):
    asked = []

    def fetch(download: Download, folder):
        asked.append((download, folder))
        write(folder)
        return folder / download.name

    monkeypatch.setattr(cifar10_1, "fetch", fetch)
    empty = tmp_path / "mirror"
    for mirror in (None, str(empty)):
        asked.clear()
        _, provenance = load_cifar10_1("cifar10_1_v6", mirror, str(tmp_path))
        assert [download for download, _ in asked] == list(FILES["cifar10_1_v6"])
        assert {folder for _, folder in asked} == {tmp_path / "cifar10_1"}
        assert provenance["origin"] == "official download"


def test_a_file_that_is_not_the_published_one_has_another_checksum(tmp_path):
    write(tmp_path)
    for download in FILES["cifar10_1_v6"]:
        assert "SHA-256" in download.problem(tmp_path / download.name)
    assert all(
        len(file.sha256) == 64 and file.urls[0].endswith(file.name) for v in FILES.values() for file in v
    )


RIGHT = np.zeros((2000, 32, 32, 3), np.uint8)
DAMAGED = {
    "floats": ({"images": RIGHT.astype(np.float32)}, "of float32; expected"),
    "too few": ({"images": RIGHT[:1999]}, r"found \(1999, 32, 32, 3\)"),
    "channels first": ({"images": RIGHT.transpose(0, 3, 1, 2)}, "expected .* as published"),
    "labels out of range": ({"labels": np.full(2000, 10)}, "labels from 10 to 10; expected 0 to 9"),
    "labels of floats": ({"labels": np.zeros(2000)}, "of float64"),
    "labels of another number": ({"labels": np.zeros(3, np.int64)}, r"found \(3,\)"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_files_of_another_form_are_refused(tmp_path, name):
    written, message = DAMAGED[name]
    write(tmp_path, **written)
    with pytest.raises(UserError, match=message):
        load_cifar10_1("cifar10_1_v6", str(tmp_path), "nowhere")


def unpickled():
    raise AssertionError("a pickle was read")


class Acting:
    def __reduce__(self):
        return unpickled, ()


def test_no_pickle_is_read(tmp_path):
    write(tmp_path)
    file = tmp_path / "cifar10.1_v6_labels.npy"
    np.save(file, np.array([Acting()], dtype=object), allow_pickle=True)
    for content in (file.read_bytes(), pickle.dumps(Acting()), b"", b"\x93NUMPY", file.read_bytes()[:90]):
        file.write_bytes(content)
        with pytest.raises(UserError, match="not a plain array"):
            load_cifar10_1("cifar10_1_v6", str(tmp_path), "nowhere")


def test_several_arrays_are_refused(tmp_path):
    write(tmp_path)
    np.savez(tmp_path / "x.npz", RIGHT)
    (tmp_path / "x.npz").rename(tmp_path / "cifar10.1_v6_data.npy")
    with pytest.raises(UserError, match="several arrays"):
        load_cifar10_1("cifar10_1_v6", str(tmp_path), "nowhere")
