"""Images laid out as ``train|test/<class>/*``, in a folder or inside a zip."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.machine.progress import Progress
from advex.prepare.decoding import decode

_SUFFIXES = (".png", ".jpg", ".jpeg")
_JPEG = (".jpg", ".jpeg")
_LAYOUT = "train/<class>/*.png and test/<class>/*.png (or .jpg)"

_Classes = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Tree:
    """Files with contents.

    Attributes:
        where: the name of the whole, for messages.
        names: paths with ``/``; those of folders end in ``/``.
        read: returns the content of a file.
    """

    where: str
    names: Sequence[str]
    read: Callable[[str], bytes]


def read_tree(tree: Tree, official: tuple[str, ...] | None) -> tuple[ImageSet, ImageSet, bool]:
    """Read all images, sorted by class and name.

    Args:
        tree: with ``train`` and ``test`` at its top, or in its only top folder.
        official: class names in their order. Folders may be named after them, whatever their case
            and punctuation, or after their numbers. None: folders give the names, sorted naturally.

    Returns:
        Training and test images, (N, C, H, W) uint8, and whether any was a JPEG.

    Raises:
        UserError: a folder is missing or empty, a name stands there twice, classes or sizes differ, or an
            image is bad.
    """
    twice = sorted(name for name, count in Counter(tree.names).items() if count > 1)
    if twice:
        raise UserError(f"{tree.where}: holds {twice[0]} more than once; make it anew with each file once")
    splits = {split: _class_files(tree, split) for split in ("train", "test")}
    train_folders, test_folders = set(splits["train"]), set(splits["test"])
    if train_folders != test_folders:
        only_train, only_test = train_folders - test_folders, test_folders - train_folders
        raise UserError(
            f"{tree.where}: classes of train and test differ, "
            f"only in train: {', '.join(sorted(only_train)) or 'none'}, "
            f"only in test: {', '.join(sorted(only_test)) or 'none'}; make them equal"
        )
    folders = _ordered(tree.where, train_folders, official)
    files = {
        split: [(name, label) for label, folder in enumerate(folders) for name in classes[folder]]
        for split, classes in splits.items()
    }
    progress = Progress(f"read {tree.where}", sum(map(len, files.values())), "image")
    first: tuple[str, tuple[int, ...]] | None = None
    sets = []
    for rows in files.values():
        images: np.ndarray | None = None
        for position, (name, _) in enumerate(rows):
            image = decode(tree.where, name, tree.read(name))
            first = first or (name, image.shape)
            if image.shape != first[1]:
                raise UserError(
                    f"{tree.where}: {name} is {_size(image.shape)}, {first[0]} is {_size(first[1])}; "
                    "make all images equal in size and colour"
                )
            if images is None:
                images = np.empty((len(rows), *image.shape), dtype=np.uint8)
            images[position] = image
            progress.advance()
        assert images is not None  # no class is empty
        labels = np.array([label for _, label in rows], dtype=np.int64)
        sets.append(ImageSet(images, labels, official or tuple(folders)))
    jpeg = any(name.lower().endswith(_JPEG) for rows in files.values() for name, _ in rows)
    return sets[0], sets[1], jpeg


def _class_files(tree: Tree, split: str) -> dict[str, list[str]]:
    """Return the sorted images of each class folder of ``split``."""
    visible = [name for name in tree.names if not re.search(r"(^|/)(\.|__MACOSX/)", name)]
    tops = {name.split("/")[0] for name in visible}
    depth = 1 if len(tops) == 1 and not tops & {"train", "test"} else 0
    classes: dict[str, list[str]] = {}
    for name in visible:
        parts = name.split("/")[depth:]
        if len(parts) >= 3 and parts[0] == split:
            images = classes.setdefault(parts[1], [])
            if name.lower().endswith(_SUFFIXES):
                images.append(name)
    if not classes:
        found = sorted({name for name in (path.split("/", depth)[-1] for path in visible) if name})
        raise UserError(
            f"{tree.where}: no folder {split}/ with class folders, "
            f"found {', '.join(found[:3]) or 'nothing'}; expected {_LAYOUT}"
        )
    empty = sorted(folder for folder, images in classes.items() if not images)
    if empty:
        raise UserError(
            f"{tree.where}: no image in {', '.join(f'{split}/{folder}' for folder in empty)}; "
            f"add {', '.join(_SUFFIXES)} files or remove the class"
        )
    return {folder: sorted(images, key=_natural) for folder, images in classes.items()}


def _ordered(where: str, folders: Iterable[str], official: tuple[str, ...] | None) -> list[str]:
    """Return the folders in the order of their labels."""
    names = sorted(folders, key=_natural)
    if official is None or names == [str(label) for label in range(len(official))]:
        return names
    plain = {_plain(name): name for name in names}
    wanted = [_plain(name) for name in official]
    if len(names) != len(official) or set(plain) != set(wanted):
        raise UserError(
            f"{where}: class folders are {', '.join(names)}; expected {', '.join(official)}, "
            f"or 0 to {len(official) - 1}"
        )
    return [plain[name] for name in wanted]


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} x {shape[1]} {'grey' if shape[0] == 1 else 'colour'}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _natural(name: str) -> tuple[list[int | str], str]:
    """Sort ``2`` before ``10``."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)], name


def layout(tree: Tree) -> tuple[list[str], dict[str, list[str]]]:
    """Return the classes in their order, and all images of ``train`` and ``test``; none is read.

    Raises:
        UserError: a folder is missing or empty, or train and test have other classes.
    """
    splits = {split: _class_files(tree, split) for split in ("train", "test")}
    in_one = sorted(set(splits["train"]) ^ set(splits["test"]))
    if in_one:
        raise UserError(
            f"{tree.where}: not in both train and test: {', '.join(in_one)}; give both the same classes"
        )
    files = {
        split: [name for names in classes.values() for name in names] for split, classes in splits.items()
    }
    return _ordered(tree.where, splits["train"], None), files
