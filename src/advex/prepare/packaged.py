"""Images that arrive with libraries advex needs anyway: no network, no files to keep."""

import io
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from advex.common.errors import UserError
from advex.common.files import atomic_path
from advex.common.images import ImageSet
from advex.prepare.decoding import opened
from advex.prepare.downloads import Download, file_md5
from advex.prepare.prepared import Prepared, Request, arrays_provenance, balanced_indices, files_sha256

_DIGITS_TEST = 500
_DIGITS_FILE = Download("digits.csv.gz", "9b335364a7bfd63947c7480a5bd51f2d", ())
_DEFAULT_SIZE = 128

# Package that holds the file, file. Files are named one by one, because newer versions of the
# packages may hold others.
_SAMPLES = (
    ("skimage.data", "astronaut.png"),
    ("skimage.data", "brick.png"),
    ("skimage.data", "camera.png"),
    ("skimage.data", "chelsea.png"),
    ("sklearn.datasets.images", "china.jpg"),
    ("skimage.data", "coffee.png"),
    ("skimage.data", "coins.png"),
    ("sklearn.datasets.images", "flower.jpg"),
    ("skimage.data", "grass.png"),
    ("skimage.data", "gravel.png"),
    ("skimage.data", "hubble_deep_field.jpg"),
    ("skimage.data", "rocket.jpg"),
)

# Further ones, for style transfer.
_TEXTURES = (("skimage.data", "ihc.png"),)


def load_digits(request: Request) -> Prepared:
    """Load scikit-learn's digits: 1297 training and 500 test images, (N, 1, 8, 8) float32 in [0, 1].

    The values are the original ones, 0..16, divided by 16: exact in float32. The file they are read from is
    kept with the downloads, so that it can be versioned, and is verified each time.

    Raises:
        UserError: neither the kept file nor the package's is the one known here.
    """
    path = _kept(_DIGITS_FILE, "sklearn.datasets.data", Path(request.downloads) / request.source)
    table = np.loadtxt(path, delimiter=",")
    images = (table[:, :-1].reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    labels = table[:, -1].astype(np.int64)
    in_test = np.zeros(len(labels), dtype=bool)
    in_test[balanced_indices(labels, _DIGITS_TEST)] = True
    classes = tuple(str(digit) for digit in range(10))
    train = ImageSet(images[~in_test], labels[~in_test], classes)
    test = ImageSet(images[in_test], labels[in_test], classes)
    provenance = {
        "source": request.source,
        "origin": "packaged with scikit-learn",
        "sha256": files_sha256(path),
        "sha256_of": path.name,
    }
    return Prepared(train, test, provenance)


def load_sample_images(request: Request) -> Prepared:
    """Load 12 photographs, (12, 3, S, S) uint8, each a class of its own, the same for train and test.

    Raises:
        UserError: the size asked for exceeds the smallest photograph, or the libraries lack a file.
    """
    size = _DEFAULT_SIZE if request.image_size is None else request.image_size
    images = np.stack([_square(package, name, size) for package, name in _SAMPLES])
    classes = tuple(name.rsplit(".", 1)[0] for _, name in _SAMPLES)
    samples = ImageSet(images, np.arange(len(images), dtype=np.int64), classes)
    provenance = {
        "source": request.source,
        "origin": f"packaged with scikit-image and scikit-learn, cropped, resized to {size} x {size}",
    }
    return Prepared(samples, samples, {**provenance, **arrays_provenance(samples, samples)})


def _kept(file: Download, package: str, folder: Path) -> Path:
    """Return the path in ``folder`` of a package's file, copied there unless it is there and whole."""
    target = folder / file.name
    # Found first, though often not needed: the libraries in a record must not depend on what is kept.
    packaged = resources.files(package).joinpath(file.name)
    if target.is_file() and file_md5(target) == file.md5:
        return target
    with resources.as_file(packaged) as source:
        if not source.is_file() or file_md5(source) != file.md5:
            raise UserError(
                f"{package}: its {file.name} is missing or not the file known here (MD5 {file.md5}); install "
                f"the versions of requirements.lock, or bring the file back with `dvc pull {target}`"
            )
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
    return target


def sample_photograph(name: str, size: int) -> np.ndarray:
    """Load one photograph by its name, (3, S, S) uint8.

    Raises:
        UserError: no photograph has this name, the size exceeds it, or the libraries lack its file.
    """
    files = {file.rsplit(".", 1)[0]: (package, file) for package, file in (*_SAMPLES, *_TEXTURES)}
    if name not in files:
        raise UserError(f"sample photograph: found {name!r}; allowed: {', '.join(sorted(files))}")
    return _square(*files[name], size)


def _square(package: str, name: str, size: int) -> np.ndarray:
    """Return the centre of a photograph as (3, size, size) uint8."""
    try:
        data = resources.files(package).joinpath(name).read_bytes()
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise UserError(
            f"sample_images: {package} holds no {name}; install the versions of requirements.lock"
        ) from error
    with opened(io.BytesIO(data)) as image:
        return centre_square(image, name, size)


def centre_square(image: Image.Image, name: str, size: int) -> np.ndarray:
    """Return the centre of an image, antialiased, as (3, size, size) uint8.

    Raises:
        UserError: the image, called ``name``, is smaller.
    """
    if not 1 <= size <= min(image.size):
        raise UserError(
            f"image_size: {size} asked for, but {name} has only {min(image.size)} pixels a side; "
            f"ask for 1 to {min(image.size)}"
        )
    square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.LANCZOS)
    return np.asarray(square).transpose(2, 0, 1)
