"""Restricted ImageNet (Appendix C): nine super-classes of ImageNet, decoded once, image by image.

A folder of ImageNet in its usual layout, ``train|val/<wnid>/*``, becomes two sets of ours. Tens of gigabytes
are never in memory at once: images go straight into the file of the set, which is mapped into memory, and a
run that was stopped goes on after those that are there.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.files import write_text
from advex.common.machine.progress import Progress
from advex.discussion.ilyas.streamed_set import StreamedSet
from advex.prepare.decoding import FORMATS, MOST_BYTES
from advex.prepare.prepared import Prepared, Request, balanced_indices

SUPER_CLASSES = {
    "dog": (151, 268),
    "cat": (281, 285),
    "frog": (30, 32),
    "turtle": (33, 37),
    "bird": (80, 100),
    "primate": (365, 382),
    "fish": (389, 397),
    "crab": (118, 121),
    "insect": (300, 319),
}
"""First and last class of each, numbered from 0 in the order of their wnids (Table 2 of the paper)."""
CLASSES_OF_IMAGENET = 1000
MOST = {"train": 1300, "val": 50}
"""Images of a class in ILSVRC 2012, at most; of validation images exactly so many."""
MOST_PIXELS = 1 << 27
"""Of an image: a few photographs of ImageNet are larger than what is read elsewhere."""

_WNID = re.compile(r"n\d{8}")
_SUFFIXES = (".jpeg", ".jpg", ".png")
_SHORT_SIDE = 256 / 224  # over the side that is cut out, as usual at 224 pixels
_AT_ONCE = 256
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Listing:
    """The files of a split that belong to a super-class.

    Attributes:
        files: in the order of super-classes, wnids and names.
        labels: (N,) int64, the super-class of each.
    """

    files: Sequence[Path]
    labels: Array

    def balanced(self, count: int | None, key: str) -> "Listing":
        """Keep ``count`` files, as equally many of each super-class as there are; None keeps all.

        Raises:
            UserError: there are not so many; ``key`` is the name of the setting.
        """
        if count is None:
            return self
        if not 0 < count <= len(self.files):
            raise UserError(f"{key}: {count} images asked for, the folder has {len(self.files)}")
        chosen = balanced_indices(self.labels, count)
        return Listing([self.files[index] for index in chosen], self.labels[chosen])


def load(request: Request) -> Prepared:
    """Refuse to hold Restricted ImageNet in memory.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"source {request.source}: it is prepared by the workflow alone, file to file: see docs/data.md"
    )


def listed(folder: Path, split: str) -> Listing:
    """List the images of a split, ``train`` or ``val``.

    Raises:
        UserError: there is no such folder, it has not the 1000 classes of ImageNet, or a class of a
            super-class is empty or has more images than it may have.
    """
    place = folder / split
    if not place.is_dir():
        raise UserError(
            f"{place}: no such folder; ImageNet is expected as train|val/<wnid>/*.JPEG (docs/data.md)"
        )
    classes = sorted(path for path in place.iterdir() if _WNID.fullmatch(path.name))
    if len(classes) != CLASSES_OF_IMAGENET:
        raise UserError(
            f"{place}: found {len(classes)} folders named as n01440764 is; expected the "
            f"{CLASSES_OF_IMAGENET} of ILSVRC 2012, since super-classes are ranges of their order"
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, (first, last) in enumerate(SUPER_CLASSES.values()):
        for one in classes[first : last + 1]:
            found = sorted(path for path in one.iterdir() if path.suffix.lower() in _SUFFIXES)
            if not 0 < len(found) <= MOST[split]:
                raise UserError(f"{one}: found {len(found)} images; expected 1 to {MOST[split]}")
            files += found
            labels += [label] * len(found)
    return Listing(files, np.array(labels, dtype=np.int64))


def square(path: Path, size: int) -> Array:
    """Decode a photograph as networks for ImageNet are tested on: (3, size, size) uint8.

    The shorter side is resized (bilinear, antialiased) to 256/224 of ``size`` and the centre cut out. Grey
    and CMYK files become RGB; a camera's notes on how it was held are not followed, as by torchvision.

    Raises:
        UserError: it cannot be read.
    """
    try:
        data = path.read_bytes()
        if len(data) > MOST_BYTES:
            raise ValueError(f"it has {len(data)} bytes")
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"it has {image.width} x {image.height} pixels")
            pixels = image.convert("RGB")
    except _UNREADABLE as error:
        raise UserError(f"{path}: not a readable PNG or JPEG ({error}); copy it again") from error
    short, long = sorted(pixels.size)
    side = round(size * _SHORT_SIDE)
    other = int(side * long / short)
    wanted = (side, other) if pixels.width <= pixels.height else (other, side)
    resized = pixels.resize(wanted, Image.Resampling.BILINEAR)
    left, top = (round((length - size) / 2.0) for length in wanted)
    array: Array = np.asarray(resized.crop((left, top, left + size, top + size))).transpose(2, 0, 1)
    return array


def prepare_restricted_imagenet(
    folder: Path,
    outputs: Mapping[str, Path],
    description: Mapping[str, object],
    *,
    size: int,
    train_images: int | None,
    test_images: int | None,
    threads: int,
) -> dict[str, str]:
    """Write the training and the test set; those of ``val`` are the test images.

    Args:
        folder: of ImageNet.
        outputs: the files of the sets, ``train`` and ``test``.
        description: what both say of themselves; their provenance is added.
        size: height and width.
        train_images: size of a class-balanced subset; None for all.
        test_images: the same for the test images.
        threads: how many images are decoded at once.

    Returns:
        The provenance, as :class:`advex.prepare.prepared.Prepared` has it.

    Raises:
        UserError: a folder or an image is not as expected.
    """
    listings = {
        "train": listed(folder, "train").balanced(train_images, "train_images"),
        "test": listed(folder, "val").balanced(test_images, "test_images"),
    }
    sets = {name: _streamed(outputs[name], listing, size) for name, listing in listings.items()}
    for name, listing in listings.items():
        _fill(sets[name], listing, size, threads, f"decode {name} images")
    digest = hashlib.sha256()
    for each in sets.values():
        for block in each.blocks():
            digest.update(block.data)
    counts = ", ".join(f"{len(listing.files)} {name}" for name, listing in listings.items())
    provenance = {
        "source": "restricted_imagenet",
        "origin": f"a folder of ImageNet, {size} x {size}, {counts} images",
        "sha256": digest.hexdigest(),
        "sha256_of": "train images, labels, test images, labels, decoded",
    }
    for name, each in sets.items():
        each.finish({**description, **provenance, "dataset": f"natural_{name}"})
    return provenance


def _streamed(path: Path, listing: Listing, size: int) -> StreamedSet:
    return StreamedSet(path, listing.labels, tuple(SUPER_CLASSES), (3, size, size))


def _fill(images: StreamedSet, listing: Listing, size: int, threads: int, what: str) -> None:
    """Decode what is not there yet; every now and then note how far that is."""
    names = [f"{path.parent.name}/{path.name} {path.stat().st_size}" for path in listing.files]
    key = hashlib.sha256("\n".join([str(size), *names]).encode()).hexdigest()
    note = images.partial.with_suffix(".json")
    done = _done(note, key) if images.opened_again else 0
    progress = Progress(what, total=len(names), unit="image", done=done)
    with ThreadPoolExecutor(threads) as pool:
        for batch in _batches(done, len(names)):
            decoded = list(pool.map(lambda path: square(path, size), listing.files[batch]))
            images.put(batch.start, np.stack(decoded))
            write_text(note, json.dumps({"key": key, "done": batch.start + len(decoded)}))
            progress.advance(len(decoded))
    note.unlink(missing_ok=True)


def _batches(first: int, count: int) -> Iterator[slice]:
    yield from (slice(start, min(start + _AT_ONCE, count)) for start in range(first, count, _AT_ONCE))


def _done(note: Path, key: str) -> int:
    """Return how many images an earlier attempt has put there, of the same files."""
    try:
        told = json.loads(note.read_text())
    except (OSError, json.JSONDecodeError):
        return 0
    return int(told["done"]) if told.get("key") == key else 0
