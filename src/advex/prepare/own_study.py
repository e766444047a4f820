"""Write a study's file for a person's own images: ``make new-study STUDY=pets DATA=data/pets.zip``.

What follows from the images (number, size, channels, classes, mean and deviation, a pair of classes) is found
out; all other sizes are those of another study, ``BASE=digits`` unless another is named.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.files import write_text
from advex.common.images import ImageSet
from advex.common.names.known import LARGEST_SIDE, source
from advex.common.plain_yaml import parse_yaml
from advex.prepare.sources import prepare

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_STUDIES = Path("config/studies")
_TOGETHER = 1000
"""Images summed at once."""
_OF_TEST_IMAGES = ("auto_attack", "fourier_noise", "layer_robustness")
"""Sections whose ``images`` are of the test images."""


class _Quoted(str):
    """Text that somebody else chose: in quotes, whatever it looks like."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)


def own_study(name: str, mirror: str, base: str, base_sizes: Mapping[str, Any]) -> str:
    """Return the text of a study's file for own images.

    Args:
        name: of the study.
        mirror: a zip, folder or ``.npz``, laid out as in ``docs/data.md``.
        base: the study whose sizes it takes.
        base_sizes: what that study's file says.

    Raises:
        UserError: the images cannot be read, or the other study is itself like another.
    """
    if "like" in base_sizes:
        raise UserError(f"BASE={base}: it is itself like {base_sizes['like']}; name that one")
    prepared = prepare("own", mirror=mirror, downloads="data", train_images=None, test_images=None)
    train, test = prepared.train, prepared.test
    _, channels, height, width = train.images.shape
    if height != width:
        raise UserError(f"{mirror}: its images are {width} x {height}; cut them to squares for a study")
    mean, deviation = moments(train)
    described = _Quoted(f"{name}, {width}x{height} {'grey' if channels == 1 else 'colour'}")
    sizes = {
        "title": _Quoted(name),
        "like": base,
        "data": {
            "source": "own",
            "description": described,
            "mirror": _Quoted(mirror),
            "train_images": len(train),
            "test_images": len(test),
            "channels": channels,
            "classes": len(train.classes),
            "mean": mean,
            "std": deviation,
        },
        **_changed(base_sizes, test, described),
    }
    classes = ", ".join(train.classes)
    text = yaml.dump(
        sizes, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    return (
        f"# {len(train)} training and {len(test)} test images of {classes}: see docs/data.md. What is not\n"
        f"# here is as in the study {base}: radii and epochs too, and only you can say whether they suit.\n"
        + text
    )


def moments(images: ImageSet) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation over all pixels of each channel, of values from 0 to 1, rounded."""
    total: Array = np.zeros((2, images.images.shape[1]))
    for start in range(0, len(images), _TOGETHER):
        part = ImageSet(
            images.images[start : start + _TOGETHER], images.labels[start : start + _TOGETHER], images.classes
        ).as_float()
        total += [(part.astype(np.float64) ** power).sum((0, 2, 3)) for power in (1, 2)]
    mean, square = total / (images.images.size / images.images.shape[1])
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return [round(float(value), 4) for value in mean], [
        max(round(float(value), 4), 0.001) for value in deviation
    ]


def _changed(base: Mapping[str, Any], test: ImageSet, described: str) -> dict[str, Any]:
    """Return the sections that speak of images, as they must be for these."""
    side, changed = test.images.shape[-1], dict[str, Any]()
    if base.get("sizes_are_published"):
        changed["sizes_are_published"] = False
    if base.get("second_test"):
        changed["second_test"] = None
    for name, section in base.items():
        if name != "data" and isinstance(section, Mapping) and "description" in section:
            changed[name] = {**section, "description": described}
    for name in _OF_TEST_IMAGES:
        if base.get(name, {}).get("images", 0) > len(test):
            changed[name] = {**base[name], "images": len(test)}
    narrow = [width for width in base.get("bandwidths", []) if width <= side]
    if narrow != base.get("bandwidths", []):
        changed["bandwidths"] = narrow or [1]
    if "goh_features" in changed:
        pair = [_Quoted(test.classes[0]), _Quoted(test.classes[1])]
        changed["goh_features"]["pairs"] = {"main": {"classes": pair}}
    if "data" in changed.get("other_dataset", {}):
        rows = changed["other_dataset"]["data"]
        changed["other_dataset"]["data"] = {other: _at_least(row, side) for other, row in rows.items()}
    return changed


def _at_least(row: Mapping[str, Any], side: int) -> dict[str, Any]:
    """Return other images as large as a study's own: packaged ones in another size, or photographs."""
    if row["source"] not in LARGEST_SIDE or row.get("image_size", 0) >= side:
        return dict(row)
    name = row["source"] if side <= LARGEST_SIDE[row["source"]] else "sample_images"
    there = source(name, side)
    assert there is not None, "packaged images are known"
    counts = {"train_images": there.train, "test_images": there.test}
    given = {key: min(row.get(key) or count, count) for key, count in counts.items()}
    return {**row, "source": name, **given, "image_size": side}


def main(study: str, mirror: str, base: str) -> None:
    """Write the file, unless there is one of that name."""
    file, base_file = _STUDIES / f"{study}.yaml", _STUDIES / f"{base}.yaml"
    try:
        if not _NAME.fullmatch(study):
            raise UserError(
                f"STUDY={study}: found {study!r}; allowed: small letters, digits and -, a letter first"
            )
        if file.exists():
            raise UserError(f"{file} exists; name another study, STUDY=..., or remove it")
        if not mirror:
            raise UserError("DATA: missing; name a zip, folder or .npz of your images (docs/data.md)")
        if not base_file.is_file():
            raise UserError(f"BASE={base}: there is no study of this name in {_STUDIES}")
        sizes = parse_yaml(base_file.read_text(encoding="utf-8"))
        write_text(file, own_study(study, mirror, base, sizes))
    except UserError as error:
        sys.exit(str(error))
    print(f"{file} is written. Look it over, then\n  make plan STUDY={study}\n  make STUDY={study}")


if __name__ == "__main__":
    main(*sys.argv[1:])
