import numpy as np
import pytest
from samples import random_set

from advex.common.errors import InputError
from advex.common.images import ImageSet
from advex.construct.image_folder import write_image_folder
from advex.networks.torchvision_import import torchvision


@pytest.mark.parametrize("channels", [1, 3])
def test_torchvision_reads_what_is_written(tmp_path, channels):
    images = random_set(30, channels=channels)
    folder = tmp_path / "set"
    assert write_image_folder(images, folder) == 0
    read = torchvision().datasets.ImageFolder(folder)
    assert read.classes == list(images.classes)
    order = np.argsort(images.labels, kind="stable")
    for place, (picture, label) in zip(order, read, strict=True):
        assert label == images.labels[place]
        pixels = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
        assert np.array_equal(pixels.reshape(6, 6, channels).transpose(2, 0, 1), images.images[place])


def test_fractions_are_rounded_and_the_change_is_told(tmp_path):
    pixels = np.full((2, 1, 4, 4), 10.4 / 255, np.float32)
    images = ImageSet(pixels, np.array([0, 1]), ("cat", "polar bear"))
    assert write_image_folder(images, tmp_path / "set") == pytest.approx(0.4 / 255, rel=1e-3)
    assert sorted(path.name for path in (tmp_path / "set").rglob("*.png")) == ["0.png", "1.png"]


@pytest.mark.parametrize(
    ("classes", "channels", "message"),
    [
        (("a", "../b"), 1, "'../b' cannot be a folder"),
        (("a", ".."), 1, "cannot be a folder"),
        (("a", "A"), 1, "two have one name"),
        (("a", "b"), 2, "found 2 channels"),
    ],
)
def test_what_cannot_be_a_folder_is_refused(tmp_path, classes, channels, message):
    images = ImageSet(np.zeros((1, channels, 4, 4), np.uint8), np.array([0]), classes)
    with pytest.raises(InputError, match=message):
        write_image_folder(images, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="name an empty folder"):
        write_image_folder(random_set(1), tmp_path)
