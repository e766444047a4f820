"""Small grey patches of natural photographs: images with nothing of a task's objects in them."""

from dataclasses import replace

import numpy as np

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.prepare.packaged import load_sample_images
from advex.prepare.prepared import Prepared, Request, arrays_provenance

_PHOTOGRAPH = 128  # pixels a side
_DEFAULT_SIZE = 8
_GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601


def load_natural_patches(request: Request) -> Prepared:
    """Cut the photographs of `sample_images` into patches, (N, 1, S, S) uint8, without overlap.

    The lowest quarter of each photograph gives the test images. A patch's class is its photograph.

    Raises:
        UserError: the patches asked for are too large, or the libraries lack a photograph.
    """
    size = _DEFAULT_SIZE if request.image_size is None else request.image_size
    if not 1 <= size <= _PHOTOGRAPH // 4:
        raise UserError(f"image_size: patches of {size} asked for; ask for 1 to {_PHOTOGRAPH // 4}")
    photographs = load_sample_images(replace(request, image_size=_PHOTOGRAPH)).train
    grey = np.tensordot(photographs.images, np.array(_GREY), ([1], [0])).round().astype(np.uint8)
    across = _PHOTOGRAPH // size
    rows = grey[:, : across * size, : across * size].reshape(len(grey), across, size, across, size)
    patches = rows.transpose(0, 1, 3, 2, 4)  # photograph, row, column
    lowest = across // 4
    train, test = (
        ImageSet(
            np.ascontiguousarray(part.reshape(-1, 1, size, size)),
            np.repeat(photographs.labels, part.shape[1] * part.shape[2]),
            photographs.classes,
        )
        for part in (patches[:, : across - lowest], patches[:, across - lowest :])
    )
    origin = f"photographs packaged with scikit-image and scikit-learn, patches of {size} x {size}"
    return Prepared(
        train, test, {"source": request.source, "origin": origin, **arrays_provenance(train, test)}
    )
