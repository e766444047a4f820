"""What comment 4 (Nakano) finds wrong in a study: photographs and layers that are not there."""

from collections.abc import Iterator
from typing import Any

from advex.common.names.known import PHOTOGRAPHS, beyond_the_test_images, layers
from advex.discussion.nakano.settings import StyleSettings

EXPERIMENT = "nakano/style_transfer"
_FAMILIES = {"resnet": ("standard", "robust", "on_robust"), "vgg": ("vgg",), "alexnet": ("alexnet",)}
"""Which of the experiment's models have the layers of a family."""


def mistakes(plan: Any, study: str) -> Iterator[str]:
    """Yield mistakes in a study's sizes, ``key: found ...; allowed: ...``."""
    yield from beyond_the_test_images(plan.study(study), "layer_robustness")
    sizes = plan.study(study).section("style_transfer")
    if isinstance(sizes, StyleSettings):
        yield from _photographs(sizes)
        yield from _layers(plan, study, sizes)


def _photographs(sizes: StyleSettings) -> Iterator[str]:
    for key in ("content", "style"):
        for name in getattr(sizes, key):
            place = f"style_transfer.{key}"
            if "/" in name or "\\" in name:
                yield f"{place}: found {name!r}; allowed: the name of a file in folder, not a path"
            elif "." not in name and name not in PHOTOGRAPHS:
                yield f"{place}: found {name!r}; allowed: files, {', '.join(PHOTOGRAPHS)}"
            elif PHOTOGRAPHS.get(name, sizes.image_size) < sizes.image_size:
                yield (
                    f"style_transfer.image_size: found {sizes.image_size}; allowed: at most "
                    f"{PHOTOGRAPHS[name]}, the smaller side of {name}"
                )


def _layers(plan: Any, study: str, sizes: StyleSettings) -> Iterator[str]:
    if EXPERIMENT not in plan.experiments.experiments:
        return
    used, models = plan.experiment(EXPERIMENT).models, plan.models(study)
    for family, keys in _FAMILIES.items():
        asked = getattr(sizes.layers, family)
        names = [models[used[key]].architecture for key in keys if used.get(key) in models]
        rows = [plan.study(study).architectures[name] for name in dict.fromkeys(names)]
        for row in rows:
            there = layers(row.name, row.options)
            for place, name in [("content", asked.content), *(("style", name) for name in asked.style)]:
                if there is not None and name not in there:
                    yield (
                        f"style_transfer.layers.{family}.{place}: found {name!r}; allowed: "
                        f"{', '.join(there)}, the layers of {row.name}"
                    )
