"""Attacked images, made once for all instruments of a job."""

from pathlib import PurePath

from torch import Tensor

from advex.attack.loop import attack
from advex.common.randomness import stable_seed
from advex.common.settings import AttackSettings
from advex.measure.bench import Bench
from advex.registries import OBJECTIVES


def _names(*paths: str) -> list[str]:
    """Return folder and name of artifacts, which say what they are wherever they lie."""
    return ["/".join(PurePath(path).with_suffix("").parts[-2:]) for path in paths]


def attacked(
    bench: Bench, model_path: str, dataset_path: str, settings: AttackSettings, objective: str, labels: str
) -> Tensor:
    """Attack a data set's images once for each model, attack and objective.

    Returns:
        The attacked images, (N, C, H, W) float32 in [0, 1], on the bench's device.
    """
    key = (model_path, dataset_path, settings, objective, labels)
    if key not in bench.attacked:
        images = bench.images(dataset_path)
        with bench.device.computing():
            bench.attacked[key] = attack(
                OBJECTIVES[objective],
                bench.model(model_path),
                images.floats,
                images.labels(labels),
                settings,
                seed=stable_seed("attack", *_names(model_path, dataset_path), objective, labels, bench.seed),
                what=f"attack {model_path}, {settings.norm} {settings.epsilon:g}",
            )
    return bench.attacked[key]
