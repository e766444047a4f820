"""What a mirror of a person's own data holds, without reading more of it than that takes.

Planning asks for it whenever the configuration is read, so that what does not fit is
said before anything runs.
"""

from functools import cache
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from advex.common.errors import UserError
from advex.common.names.known import Source
from advex.prepare.decoding import decode
from advex.prepare.mirrors.archives import read_arrays
from advex.prepare.mirrors.image_tree import layout
from advex.prepare.mirrors.mirror import find, tree_of

_LABELS = ("y_train", "y_test")


def look(mirror: str) -> Source:
    """Return what a mirror of own data holds: the names of files or labels, and the size of one image.

    Args:
        mirror: a zip, folder or ``.npz``, or a folder of such.

    Raises:
        UserError: it does not exist, is not laid out as in ``docs/data.md``, or its images are not square.
    """
    path = find(Path(mirror).expanduser(), "own")
    state = path.stat()
    return _looked_at(path, state.st_mtime_ns, state.st_size)


@cache
def _looked_at(path: Path, _changed: int, _size: int) -> Source:
    if path.suffix.lower() == ".npz":
        classes, train, test, shape = _arrays(path)
    else:
        with tree_of(path) as tree:
            names, files = layout(tree)
            classes, (train, test) = tuple(names), (len(files["train"]), len(files["test"]))
            first = files["train"][0]
            shape = decode(tree.where, first, tree.read(first)).shape
    channels, height, width = shape
    if height != width:
        raise UserError(f"{path}: its images are {width} x {height}; cut them to squares for a study")
    return Source(train, test, height, channels, classes)


def _arrays(path: Path) -> tuple[tuple[str, ...], int, int, tuple[int, ...]]:
    """Return classes, numbers of training and test images, and an image's shape (C, H, W) of an ``.npz``."""
    arrays = read_arrays(path, _LABELS, ("classes",))
    labels = [arrays[key].reshape(-1) for key in _LABELS]
    count = max((int(each.max(initial=0)) for each in labels), default=0) + 1
    classes = tuple(map(str, arrays.get("classes", np.arange(count))))
    try:
        with ZipFile(path) as archive, archive.open("x_train.npy") as file:
            np.lib.format.read_magic(file)
            shape, _, _ = np.lib.format.read_array_header_1_0(file)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise UserError(f"{path}: x_train is no array ({error}); save it with numpy.savez") from error
    if len(shape) not in (3, 4):
        raise UserError(
            f"{path}: x_train has shape {shape}; expected (N, H, W), (N, H, W, 1) or (N, H, W, 3)"
        )
    channels = 1 if len(shape) == 3 else shape[3]
    return classes, len(labels[0]), len(labels[1]), (channels, shape[1], shape[2])
