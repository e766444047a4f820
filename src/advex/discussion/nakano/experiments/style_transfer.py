"""Images made by style transfer, and what is measured of them."""

from collections.abc import Mapping
from typing import Any

from advex.common.artifacts import read_table
from advex.common.machine.devices import Device
from advex.discussion.nakano.settings import StyleSettings
from advex.discussion.nakano.style_studies import SINGLE_LAYERS, TEXTURES, study_style
from advex.discussion.nakano.style_workshop import (
    CONTENT_NETWORK,
    FAMILIES,
    VGG_WITH_MAXIMUM,
    StyleSizes,
    Workshop,
)
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work
from advex.networks.folding import folded
from advex.networks.stored_models import read_model
from advex.prepare.photographs import is_file, load_photograph, title_of


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Make and measure them with one seed's networks, always in float32."""
    others = dict(settings)
    contents, styles, _, first_seed = (
        others.pop(name, None) for name in ("content", "style", "folder", "first_seed")
    )
    names = [*contents, *styles]
    files = dict(zip(filter(is_file, names), inputs.files, strict=True))
    device = Device.choose(threads=machine.threads)
    models = {name: folded(read_model(path, device)) for name, path in inputs.models.items()}
    photographs = {
        title_of(name): load_photograph(name, settings["image_size"], files.get(name)) for name in names
    }
    tables, picture = study_style(
        Workshop(models, photographs, StyleSizes(**others), seed, device),
        [title_of(name) for name in contents],
        [title_of(name) for name in styles],
        read_table(inputs.measurements["nakano/layer_robustness"]),
        shown=seed == first_seed,
    )
    return {**tables, "images": picture}


def work(inputs: Inputs, sizes: StyleSettings, meter: Meter) -> Work:
    """Count at most: every image runs through the whole networks of its style and its content."""
    one = {name: meter.passes(meter.family(path), sizes.image_size) for name, path in inputs.models.items()}
    one[VGG_WITH_MAXIMUM] = one["vgg"]
    alone = {network: passes.attack for network, passes in one.items()}
    total = len(sizes.content) * len(sizes.style) * sum(alone[name] for name in FAMILIES if name in one)
    total += 2 * len(sizes.style) * (alone["standard"] + alone["vgg"])
    total += len(sizes.style) * sum(alone[name] for name in TEXTURES)
    total += sum(one[name].layers * (alone[name] + alone[CONTENT_NETWORK]) for name in SINGLE_LAYERS)
    return Work(attack=sizes.evaluations * total)
