"""The data sets that are downloaded from their authors, read without ever loading a pickle."""

import gzip
import logging
import tarfile
import zlib
from pathlib import Path

import numpy as np

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.networks.torchvision_import import torchvision
from advex.prepare.downloads import Download, fetch
from advex.prepare.prepared import Prepared, Request, files_sha256

_DIGITS = tuple(str(digit) for digit in range(10))
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

CLASSES = {"cifar10": _CIFAR10, "mnist": _DIGITS, "fashion_mnist": _FASHION}
"""The official class names in the official order."""

SHAPES = {"cifar10": (3, 32, 32), "mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28)}
"""The shape of an image, (C, H, W)."""
COUNTS = {"cifar10": (50_000, 10_000), "mnist": (60_000, 10_000), "fashion_mnist": (60_000, 10_000)}
"""How many training and test images there are."""

# The "binary version", not the "python version" that torchvision uses, which is a pickle.
_CIFAR10_FILE = Download(
    "cifar-10-binary.tar.gz",
    "c32a1d4ab5d03f1284b67883e8d87530",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
)
_CIFAR10_TRAIN = tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6))
_CIFAR10_TEST = ("cifar-10-batches-bin/test_batch.bin",)
_CIFAR10_ROW = 1 + 3 * 32 * 32

_log = logging.getLogger(__name__)


def official_files(source: str) -> tuple[Download, ...]:
    """Return the files of a data set with their checksums and addresses.

    For the MNIST family these are torchvision's: train images, train labels, test images, test labels.
    """
    if source == "cifar10":
        return (_CIFAR10_FILE,)
    datasets = torchvision().datasets
    known = {"mnist": datasets.MNIST, "fashion_mnist": datasets.FashionMNIST}[source]
    return tuple(
        Download(name, md5, tuple(address + name for address in known.mirrors))
        for name, md5 in known.resources
    )


def load_cifar10(request: Request) -> Prepared:
    """Load CIFAR-10: 50,000 training and 10,000 test images, (N, 3, 32, 32) uint8.

    Raises:
        UserError: the download failed or is not the binary version of CIFAR-10.
    """
    (path,) = _fetch_all(request)
    try:
        with tarfile.open(path, "r:gz") as archive:
            train, test = (_cifar10_set(archive, names) for names in (_CIFAR10_TRAIN, _CIFAR10_TEST))
    except (tarfile.TarError, OSError, EOFError, zlib.error, KeyError, ValueError) as error:
        raise _not_readable(path, error) from error
    return Prepared(train, test, _provenance(request, [path]))


def _cifar10_set(archive: tarfile.TarFile, names: tuple[str, ...]) -> ImageSet:
    batches = []
    for name in names:
        file = archive.extractfile(name)
        if file is None:
            raise ValueError(f"{name} is not a file")
        batches.append(np.frombuffer(file.read(), dtype=np.uint8).reshape(-1, _CIFAR10_ROW))
    rows = np.concatenate(batches)
    return ImageSet(rows[:, 1:].reshape(-1, 3, 32, 32).copy(), rows[:, 0].astype(np.int64), _CIFAR10)


def load_idx(request: Request) -> Prepared:
    """Load MNIST or Fashion-MNIST: 60,000 training and 10,000 test images, (N, 1, 28, 28) uint8.

    Raises:
        UserError: a download failed or is not an idx file.
    """
    paths = _fetch_all(request)
    arrays = [_idx(path, dimensions) for path, dimensions in zip(paths, (3, 1, 3, 1), strict=True)]
    train, test = (
        ImageSet(images[:, None], labels.astype(np.int64), CLASSES[request.source])
        for images, labels in (arrays[:2], arrays[2:])
    )
    return Prepared(train, test, _provenance(request, paths))


def _idx(path: Path, dimensions: int) -> np.ndarray:
    """Read a gzipped idx file of uint8: two zero bytes, type 8, dimensions, big-endian sizes, values."""
    try:
        data = gzip.decompress(path.read_bytes())
        if data[:4] != bytes([0, 0, 8, dimensions]):
            raise ValueError(f"starts with {data[:4].hex()}, expected 000008{dimensions:02x}")
        sizes = np.frombuffer(data, dtype=">u4", count=dimensions, offset=4)
        return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(sizes.tolist()).copy()
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise _not_readable(path, error) from error


def _fetch_all(request: Request) -> list[Path]:
    folder = Path(request.downloads) / request.source
    return [fetch(download, folder) for download in official_files(request.source)]


def _provenance(request: Request, paths: list[Path]) -> dict[str, str]:
    return {
        "source": request.source,
        "origin": "official download",
        "sha256": files_sha256(*paths),
        "sha256_of": ", ".join(path.name for path in paths),
    }


def _not_readable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path}: not in the published format ({error}); delete it and try again")
