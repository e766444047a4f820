"""What is known of sources of images and of architectures before anything is loaded or built.

Planning imports neither torch nor images; tests compare what is said here with what is.
"""

import ast
import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from advex.common.names.registry import Registry
from advex.registries import ARCHITECTURES, LOOKS

_DIGITS = tuple("0123456789")
_CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

PHOTOGRAPHS = {
    "astronaut": 512, "brick": 512, "camera": 512, "chelsea": 300, "china": 427, "coffee": 400, "coins": 303,
    "flower": 427, "grass": 512, "gravel": 512, "hubble_deep_field": 872, "ihc": 512, "rocket": 427,
}  # fmt: skip
"""Packaged photographs and their smaller sides in pixels."""
_TEXTURES = ("ihc",)  # only for style transfer
_SAMPLES = tuple(name for name in PHOTOGRAPHS if name not in _TEXTURES)
_PATCHED_SIDE = 128  # of photographs that are cut into patches


class Source(NamedTuple):
    """What a source holds; ``side`` is of its images where a study does not choose it."""

    train: int
    test: int
    side: int
    channels: int
    classes: tuple[str, ...]


OF_ONE_SIZE: Mapping[str, Source] = {
    "digits": Source(1297, 500, 8, 1, _DIGITS),
    "cifar10": Source(50_000, 10_000, 32, 3, _CIFAR10),
    "mnist": Source(60_000, 10_000, 28, 1, _DIGITS),
    "fashion_mnist": Source(60_000, 10_000, 28, 1, _FASHION),
}
LARGEST_SIDE = {"sample_images": min(PHOTOGRAPHS[name] for name in _SAMPLES), "natural_patches": 32}
"""Of sources whose images a study chooses the size of."""


def source(name: str, image_size: int | None = None, mirror: str | None = None) -> Source | None:
    """Return what a source holds; none where only the images can tell, and they are not at hand.

    Raises:
        UserError: it is known by its mirror alone, and that is not as it must be.
    """
    if name in LOOKS:
        return LOOKS[name](mirror) if mirror and Path(mirror).expanduser().exists() else None
    if name == "sample_images":
        return Source(len(_SAMPLES), len(_SAMPLES), image_size or 128, 3, _SAMPLES)
    if name == "natural_patches":
        side = min(image_size or 8, LARGEST_SIDE[name])
        across = _PATCHED_SIDE // side
        tests = across * (across // 4) * len(_SAMPLES)
        return Source(across * across * len(_SAMPLES) - tests, tests, side, 1, _SAMPLES)
    return None if mirror else OF_ONE_SIZE.get(name)


def known_source(study: Any) -> Source | None:
    """Return what is known of a study's own images before they are there."""
    return source(study.data.source, study.data.image_size, mirror_of(study))


def mirror_of(study: Any) -> str | None:
    """Return where this machine has a study's images: as its file says, or else the environment for all."""
    mirror: str | None = study.data.mirror
    return mirror or os.environ.get("ADVEX_MIRROR") or None


def side_of(study: Any) -> int | None:
    """Return the side of a study's images, if it is known."""
    known = known_source(study)
    return known.side if known else study.data.image_size


def beyond_the_test_images(study: Any, name: str) -> Iterator[str]:
    """Find a section, an instrument's, that asks for more images than a study has test images."""
    section, tests = study.section(name), study.data.test_images
    if tests is None and (known := known_source(study)):
        tests = known.test
    if section is not None and tests is not None and section.images > tests:
        yield f"{name}.images: found {section.images}; allowed: at most {tests}, the test images"


_LARGEST = {"width": 4096, "stages": 10}
_HALVED = ("small_vgg", "small_densenet", "small_inception", "small_alexnet")
"""Networks that halve images between stages and cannot halve a single pixel."""
_SPLIT = ("small_densenet", "small_inception")
"""Networks that halve their width."""
_ALEXNET_POOLED = 5  # convolutions, each of which can be followed by a halving


def mistakes_in_architecture(
    name: str, options: Mapping[str, int], channels: int | None, side: int | None
) -> Iterator[tuple[str, object, str]]:
    """Find options that an architecture does not take, or cannot be built or run with.

    Args:
        name: an entry of :data:`advex.registries.ARCHITECTURES`.
        options: the arguments it is given.
        channels: of its images.
        side: of its images; none if it is not known.

    Yields:
        The option (``name`` for the architecture itself), what was found, and what is allowed.
    """
    known = arguments(ARCHITECTURES, name)
    for option, value in options.items():
        if option not in known:
            allowed = ", ".join(known) or f"none, {name} has no options"
            yield f"options.{option}", value, f"unknown; allowed: {allowed}"
        elif value > _LARGEST.get(option, value):
            yield f"options.{option}", value, f"allowed: at most {_LARGEST[option]}"
    if name.startswith("imagenet_") and channels not in (None, 3):
        yield "name", name, "allowed for images with 3 channels only"
    values = {**known, **options}
    stages, width = values.get("stages"), values.get("width")
    if name in _SPLIT and width is not None and width < 2:
        yield "options.width", width, "allowed: at least 2"
    if name in _HALVED and stages is not None and side is not None:
        halved = min(stages, _ALEXNET_POOLED + 1) - 1 if name == "small_alexnet" else stages - 1
        if side >> halved < 1:
            most = side.bit_length()
            yield "options.stages", stages, f"images of {side} pixels allow at most {most}"


_BLOCK_STAGES = {"resnet18": 4, "resnet50": 4, "imagenet_resnet50": 4}
_CONVOLUTIONS = {
    "vgg16": 13, "vgg19": 16, "alexnet": 5, "imagenet_vgg16": 13, "imagenet_vgg19": 16, "imagenet_alexnet": 5,
    "small_alexnet": 5,
}  # fmt: skip


def layers(name: str, options: Mapping[str, int]) -> tuple[str, ...] | None:
    """Return the names that :func:`advex.networks.layers.layer_names` gives; none if they are not known."""
    stages = {**arguments(ARCHITECTURES, name), **options}.get("stages", 0)
    blocks = stages if name in ("small_resnet18", "small_resnet50") else _BLOCK_STAGES.get(name)
    if blocks:
        return ("stem", *(f"stage{number}" for number in range(1, blocks + 1)))
    count = 2 * stages if name == "small_vgg" else _CONVOLUTIONS.get(name)
    if not count:
        return None
    numbers = range(1, count + 1)
    return (*(f"conv{number}" for number in numbers), *(f"conv{number}_preactivation" for number in numbers))


def arguments(registry: Registry[object], name: str) -> dict[str, int]:
    """Return the arguments that an entry of a registry can be told, with their defaults, but for its inputs.

    Those are the arguments that have a default; the entry is a function of one of our modules, which is read
    and not imported.
    """
    module, _, function = registry.reference(name).partition(":")
    for node in _parsed(module).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            given, every = node.args.defaults, node.args.args
            pairs = [*zip(every[len(every) - len(given) :], given, strict=True)]
            pairs += [
                (argument, value)
                for argument, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                if value is not None
            ]
            return {argument.arg: ast.literal_eval(value) for argument, value in pairs}
    return {}


@cache
def _parsed(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec is not None, f"there is no module {module}"
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_bytes())
