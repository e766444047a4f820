"""Small networks, photographs and a table of layers, of which tests of style transfer are made."""

import pandas as pd

from advex.common.settings import ArchitectureSettings
from advex.discussion.nakano.style_workshop import FAMILIES, StyleSizes, Workshop
from advex.networks.classifier import build
from advex.prepare.photographs import load_photograph

LAYERS = {
    "resnet": {"style": ["stage1", "stage2"], "content": "stage1"},
    "vgg": {"style": ["conv1", "conv2", "conv3", "conv4"], "content": "conv3"},
    "alexnet": {"style": ["conv1", "conv2", "conv3", "conv4"], "content": "conv3"},
}
ARCHITECTURE = {"vgg": "small_vgg", "alexnet": "small_alexnet", "judge": "small_densenet"}


def model(name, channels=1):
    architecture = ARCHITECTURE.get(name, "small_resnet18")
    settings = ArchitectureSettings(
        architecture, {"width": 4, "stages": 2}, channels, 10, (0.3,) * channels, (0.4,) * channels
    )
    return build(settings, name, 0).eval().requires_grad_(False)


def workshop(cpu, seed=0, channels=1, images_at_once=3, **changes):
    models = {name: model(name, channels) for name in (*FAMILIES, "judge")}
    photographs = {name: load_photograph(name, 32) for name in ("astronaut", "brick", "gravel")}
    sizes = {"image_size": 32, "evaluations": 3, "optimiser": "lbfgs", "initial_style": 100.0, "period": 2}
    return Workshop(
        models,
        photographs,
        StyleSizes(**(sizes | changes), images_at_once=images_at_once, layers=LAYERS),
        seed,
        cpu,
    )


def robustness():
    counts = {"standard_vgg16": 4, "standard_alexnet": 5, "standard": 2, "robust": 2}
    rows = [
        {"model": name, "layer": f"{'conv' if count > 3 else 'stage'}{place}", "value": place + 0.1 * count}
        for name, count in counts.items()
        for place in range(1, count + 1)
    ]
    return pd.DataFrame(rows).assign(relative_epsilon=0.5)
