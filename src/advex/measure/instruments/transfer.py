"""Transferability of adversarial examples (Figs. 3 and 13)."""

from collections.abc import Iterable

from advex.measure.bench import Bench, percent
from advex.measure.entries import MeasurementEntry, Row
from advex.measure.instruments.attacked import attacked
from advex.networks.predictions import predictions

_TRANSFER_OBJECTIVES = {
    "untargeted_transfer": "cross_entropy",
    "targeted_transfer": "targeted_cross_entropy",
}


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """Share of the source model's adversarial examples that transfer (Figs. 3 and 13).

    Of ``quantity`` untargeted_transfer: among test images that source and model both classify correctly
    and on which the attack fools the source, the share on which it also fools the model. Of
    targeted_transfer: among those that reach the next class in the source, the share that reach it in
    the model. The counts behind a share are in ``images``.
    """
    attack = entry.needed_attack
    loaded = bench.images(entry.dataset_path)
    source, model = bench.model(entry.needed_source), bench.model(entry.model_path)
    labels, targets = loaded.labels("true"), loaded.labels("next_class")
    targeted = entry.quantity == "targeted_transfer"
    images = attacked(
        bench,
        entry.needed_source,
        entry.dataset_path,
        attack,
        _TRANSFER_OBJECTIVES[entry.quantity],
        "next_class" if targeted else "true",
    )
    of_source = predictions(source, images, bench.device)
    of_model = predictions(model, images, bench.device)
    right = predictions(source, loaded.floats, bench.device) == labels
    right &= predictions(model, loaded.floats, bench.device) == labels
    fooled = right & (of_source == targets if targeted else of_source != labels)
    also = (of_model == targets) if targeted else (of_model != labels)
    count = int(fooled.sum().item())
    yield {
        "epsilon": attack.epsilon,
        "steps": attack.steps,
        "objective": _TRANSFER_OBJECTIVES[entry.quantity],
        "value": percent(also[fooled]) if count else float("nan"),
        "images": count,
    }
