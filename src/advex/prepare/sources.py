"""The verb *prepare*: one way to get a data set, whatever its source.

A source is packaged with a library, downloaded from its authors, or read from a mirror: a zip, a
folder or an ``.npz`` that someone already has. See ``docs/data.md``.
"""

import logging

from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.prepare.duplicates import shared_images
from advex.prepare.mirrors.mirror import load_mirror
from advex.prepare.official import CLASSES
from advex.prepare.prepared import Prepared, Request, balanced_subset
from advex.registries import SOURCES

__all__ = ["PACKAGED", "Prepared", "own", "prepare"]

_log = logging.getLogger(__name__)


def own(request: Request) -> Prepared:
    """Refuse to load a person's own data from nowhere.

    Raises:
        UserError: always.
    """
    raise UserError(
        "mirror: not set, but source `own` is your own data; set `mirror` or ADVEX_MIRROR to a zip, "
        "folder or .npz as in docs/data.md"
    )


PACKAGED = ("digits", "sample_images", "natural_patches")
"""Sources that need no mirror and no network."""


def prepare(
    source: str,
    *,
    mirror: str | None,
    downloads: str,
    train_images: int | None,
    test_images: int | None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
) -> Prepared:
    """Load a data set.

    Args:
        source: one of :data:`advex.registries.SOURCES`.
        mirror: a zip, folder or ``.npz`` to read instead of downloading, or a folder of such; packaged
            sources ignore it.
        downloads: the folder that keeps official downloads; made when needed.
        train_images: size of a class-balanced subset that is the same every time; None for all images.
        test_images: the same for the test images.
        image_size: height and width of `sample_images`, 128 by default, and of `natural_patches`, 8 by
            default; other sources have their own.
        channels: how many channels the images must have; None for any.
        classes: how many classes there must be; None for any.

    Returns:
        Images of shape (N, C, H, W), uint8, or float32 in [0, 1] for `digits` and mirrors that hold
        fractions; C is 1 for grey, 3 for colour.

    Raises:
        UserError: a setting is wrong, or the data are missing, damaged, or not laid out as expected.
    """
    if source not in SOURCES:
        raise UserError(f"source: `{source}` is unknown; choose one of {', '.join(SOURCES)}")
    if image_size is not None and source not in ("sample_images", "natural_patches"):
        raise UserError(
            f"image_size: {image_size} given, but `{source}` has a size of its own; "
            "leave image_size out (only sample_images and natural_patches take it)"
        )
    request = Request(source, mirror, downloads, image_size)
    if mirror and source in PACKAGED:
        _log.info("%s is packaged with a library: the mirror is not needed", source)
    if mirror and source not in PACKAGED:
        whole = load_mirror(request, CLASSES.get(source))
    else:
        whole = SOURCES[source](request)
    found = {"channels": whole.train.images.shape[1], "classes": len(whole.train.classes)}
    for name, wanted in (("channels", channels), ("classes", classes)):
        if wanted not in (None, found[name]):
            raise UserError(
                f"data.{name}: {wanted} in the study's file, but the images of `{source}` have "
                f"{found[name]}; correct the study's file"
            )
    train = balanced_subset(whole.train, train_images, "train_images")
    test = balanced_subset(whole.test, test_images, "test_images")
    return Prepared(train, test, {**whole.provenance, **_shared(source, train, test)})


def _shared(source: str, train: ImageSet, test: ImageSet) -> dict[str, int]:
    """Count the test images that stand in the training set too, and warn of them."""
    if train is test:  # photographs to depict, of which nothing is learnt
        return {}
    found = shared_images(train, test)
    exact, near = found.values()
    if exact or near:
        _log.warning(
            "%s: of %d test images, %d are training images too, and %d more are nearly so",
            source, len(test), exact, near,
        )  # fmt: skip
    return found
