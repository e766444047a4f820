"""Images that arrive with libraries advex needs anyway: no network, no files to keep."""

import io
from importlib import resources

import numpy as np
from PIL import Image, ImageOps

from advex.errors import UserError
from advex.images import ImageSet
from advex.sources.prepared import Prepared, Request, arrays_provenance, balanced_indices

_DIGITS_TEST = 500
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


def load_digits(request: Request) -> Prepared:
    """Load scikit-learn's digits: 1297 training and 500 test images, (N, 1, 8, 8) float32 in [0, 1].

    The values are the original ones, 0..16, divided by 16: exact in float32.
    """
    from sklearn import datasets  # noqa: PLC0415 (slow to import)

    digits = datasets.load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    in_test = np.zeros(len(labels), dtype=bool)
    in_test[balanced_indices(labels, _DIGITS_TEST)] = True
    classes = tuple(str(digit) for digit in range(10))
    train = ImageSet(images[~in_test], labels[~in_test], classes)
    test = ImageSet(images[in_test], labels[in_test], classes)
    provenance = {"source": request.source, "origin": "packaged with scikit-learn"}
    return Prepared(train, test, {**provenance, **arrays_provenance(train, test)})


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


def _square(package: str, name: str, size: int) -> np.ndarray:
    """Return the centre of a photograph, antialiased, as (3, size, size) uint8."""
    try:
        data = resources.files(package).joinpath(name).read_bytes()
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise UserError(
            f"sample_images: {package} holds no {name}; install the versions of requirements.lock"
        ) from error
    with Image.open(io.BytesIO(data)) as image:
        if not 1 <= size <= min(image.size):
            raise UserError(
                f"image_size: {size} asked for, but {name} has only {min(image.size)} pixels a side; "
                f"ask for 1 to {min(image.size)}"
            )
        square = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.LANCZOS)
    return np.asarray(square).transpose(2, 0, 1)
