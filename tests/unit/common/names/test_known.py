"""What planning says of sources and architectures without looking is what they are."""

from importlib import resources
from itertools import product
from pathlib import Path

import pytest
import torch
from PIL import Image

from advex.common.errors import UserError
from advex.common.names.known import (
    LARGEST_SIDE,
    OF_ONE_SIZE,
    PHOTOGRAPHS,
    arguments,
    layers,
    mistakes_in_architecture,
    source,
)
from advex.common.settings import ArchitectureSettings
from advex.networks.classifier import Classifier, build
from advex.networks.layers import layer_names
from advex.prepare import official, packaged
from advex.prepare.sources import PACKAGED, prepare
from advex.registries import ARCHITECTURES, LOSSES, SOURCES

SMALL = sorted(name for name in ARCHITECTURES if name.startswith("small_"))


@pytest.mark.parametrize(("name", "size"), [("digits", None), ("sample_images", 32), *(
    ("natural_patches", size) for size in (5, 8, 31, 32)
)])  # fmt: skip
def test_packaged_sources_hold_what_is_said(name: str, size: int | None, tmp_path: Path) -> None:
    whole = prepare(
        name, mirror=None, downloads=str(tmp_path), train_images=None, test_images=None, image_size=size
    )
    said = source(name, size)
    assert said is not None
    assert (len(whole.train), len(whole.test)) == (said.train, said.test)
    assert whole.train.images.shape[1:] == (said.channels, said.side, said.side)
    assert whole.train.classes == said.classes


def test_official_sources_hold_what_is_said() -> None:
    assert set(official.COUNTS) | set(PACKAGED) | {"own", "restricted_imagenet"} == set(SOURCES)
    for name, counts in official.COUNTS.items():
        said = OF_ONE_SIZE[name]
        assert (said.train, said.test) == counts
        assert (said.channels, said.side, said.side) == official.SHAPES[name]
        assert said.classes == official.CLASSES[name]
        assert source(name, mirror="a.zip") is None


def test_photographs_are_those_that_are_packaged() -> None:
    files = {name.rsplit(".", 1)[0]: (package, name) for package, name in
             (*packaged._SAMPLES, *packaged._TEXTURES)}  # fmt: skip
    assert files.keys() == PHOTOGRAPHS.keys()
    for name, (package, file) in files.items():
        with resources.as_file(resources.files(package).joinpath(file)) as path, Image.open(path) as image:
            assert min(image.size) == PHOTOGRAPHS[name]


@pytest.mark.parametrize("name", sorted(LARGEST_SIDE))
def test_larger_images_than_the_largest_are_refused(name: str, tmp_path: Path) -> None:
    def load(size: int) -> None:
        prepare(
            name, mirror=None, downloads=str(tmp_path), train_images=None, test_images=None, image_size=size
        )

    load(LARGEST_SIDE[name])
    with pytest.raises(UserError, match="image_size"):
        load(LARGEST_SIDE[name] + 1)


def built(name: str, options: dict[str, int], side: int, channels: int = 3) -> Classifier | None:
    """Return a network that takes images of a side; none if it cannot be built or run."""
    settings = ArchitectureSettings(name, options, channels, 10, (0.5,) * channels, (0.2,) * channels)
    try:
        with torch.device("meta"):
            model = build(settings, "known").eval()
            model(torch.zeros(1, channels, side, side))
    except (UserError, RuntimeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return model


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("name", SMALL)
def test_what_can_be_built_is_allowed_and_nothing_else(name: str) -> None:
    for width, stages, side in product((1, 2, 3, 8), (1, 2, 3, 4, 5), (4, 8, 14)):
        options = {"width": width, "stages": stages}
        refused = list(mistakes_in_architecture(name, options, 3, side))
        assert bool(refused) == (built(name, options, side) is None), (options, side, refused)


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in SMALL])
def test_options_that_do_not_exist_are_refused(name: str) -> None:
    assert list(mistakes_in_architecture(name, {}, 3, 32)) == []
    assert built(name, {"widht": 3}, 32) is None
    assert [key for key, *_ in mistakes_in_architecture(name, {"widht": 3}, 3, 32)] == ["options.widht"]
    if name.startswith("imagenet_"):
        assert [key for key, *_ in mistakes_in_architecture(name, {}, 1, 32)] == ["name"]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_layers_are_those_of_the_network(name: str) -> None:
    for options in [{"stages": stages} for stages in (1, 2, 3)] if name in SMALL else [{}]:
        said = layers(name, options)
        if said is not None:
            model = built(name, options, 64)
            assert model is not None
            assert set(said) == set(layer_names(model))


def test_arguments_are_read_where_they_are_defined() -> None:
    assert arguments(ARCHITECTURES, "small_perceptron") == {"width": 128, "stages": 2}
    assert arguments(LOSSES, "trades") == {"beta": 6.0}
    for name in LOSSES:
        assert arguments(LOSSES, name) == (LOSSES[name].__kwdefaults__ or {})
