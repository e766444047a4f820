"""Accuracy under attacks of growing strength (Fig. 8)."""

from collections.abc import Iterable

from advex.common.settings import AttackSettings
from advex.measure.bench import Bench, share
from advex.measure.entries import MeasurementEntry, Row, Sweep
from advex.measure.instruments.attacked import attacked
from advex.networks.predictions import predictions


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy under attacks of growing strength: per objective and steps, the best of the step sizes.

    An image counts as robust if no step size fools the model, as when an attacker searches for it.
    """
    sweep, base = Sweep(**entry.sizes), entry.needed_attack
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    natural = predictions(model, loaded.floats, bench.device) == labels
    for objective in sweep.objectives:
        yield {"epsilon": base.epsilon, "steps": 0, "objective": objective, **share(natural)}
        for steps in sweep.steps:
            robust = natural
            for relative in sweep.relative_step_sizes:
                settings = AttackSettings(
                    base.norm, base.epsilon, steps, relative * base.epsilon / steps, base.random_start
                )
                images = attacked(
                    bench, entry.model_path, entry.dataset_path, settings, objective, entry.labels
                )
                robust = robust & (predictions(model, images, bench.device) == labels)
            yield {
                "epsilon": base.epsilon,
                "steps": steps,
                "objective": objective,
                **share(robust),
            }
