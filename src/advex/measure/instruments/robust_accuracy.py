"""Accuracy under the strongest attack."""

from collections.abc import Iterable

from advex.attack.strongest import robust_images
from advex.common.randomness import stable_seed
from advex.measure.bench import Bench, share
from advex.measure.entries import MeasurementEntry, Row


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Accuracy under the strongest attack: see :func:`advex.attack.strongest.robust_images`.

    ``steps`` counts the gradient steps before the rounds that an image gets if no attack fools the model.
    """
    attack = entry.needed_attack
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    labels = loaded.labels(entry.labels)
    what = f"robust accuracy of {entry.model} on {entry.dataset}"
    seed = stable_seed("attack", entry.quantity, entry.model, entry.dataset, bench.seed)
    robust = robust_images(model, loaded.floats, labels, attack, bench.device, what, seed)
    yield {
        "epsilon": attack.epsilon,
        "steps": attack.steps * len(loaded.images.classes),
        "objective": "strongest",
        **share(robust),
    }
