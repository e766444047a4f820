"""Attacks that reach a target in one network but not in others (comment 5, Nakkiran)."""

from collections.abc import Iterable, Iterator

from torch import Tensor

from advex.attack.loop import attack
from advex.common.randomness import stable_seed
from advex.measure.bench import Bench, percent, share
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.predictions import predictions
from advex.registries import OBJECTIVES

UNPERTURBED, PLAIN, PENALISED, OPPOSED = (
    "none", "targeted_cross_entropy", "ensemble_penalised", "ensemble_opposed",
)  # fmt: skip


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """How often a model answers the target, and errs, on images made to reach the next class in the source.

    The attacks, in the column ``objective``: none at all, which is what happens by accident; the plain one;
    the one penalised by the first networks of an ensemble, for every number of them (column ``members``);
    and the variant of a footnote, with the largest number. Quantities, in percent:

    * targeted_rate, untargeted_rate: of all images, the share given the target, and not given the label.
      Where the model is the source itself, the first is the attack's success.
    * targeted_transfer, untargeted_transfer: of the images that both networks classify correctly and that
      reach the target in the source, the same shares, as in :mod:`advex.measure.instruments.transfer`. Their
      number is in ``images``; not a number where there is none.
    """
    used = entry.needed_attack
    loaded = bench.images(entry.dataset_path)
    source, model = bench.model(entry.needed_source), bench.model(entry.model_path)
    labels, targets = loaded.labels("true"), loaded.labels("next_class")
    right = predictions(source, loaded.floats, bench.device) == labels
    right &= predictions(model, loaded.floats, bench.device) == labels
    for objective, members, images in _attacked(entry, bench):
        reached = right & (predictions(source, images, bench.device) == targets)
        answers = predictions(model, images, bench.device)
        common = {
            "epsilon": used.epsilon,
            "steps": used.steps,
            "objective": objective,
            "norm": used.norm,
            "members": members,
        }
        for name, hits in (("targeted", answers == targets), ("untargeted", answers != labels)):
            yield {**common, "quantity": f"{name}_rate", **share(hits)}
            if objective != UNPERTURBED:
                count = int(reached.sum().item())
                value = percent(hits[reached]) if count else float("nan")
                yield {**common, "quantity": f"{name}_transfer", "value": value, "images": count}


def _attacked(entry: MeasurementEntry, bench: Bench) -> Iterator[tuple[str, int, Tensor]]:
    """Yield each attack's objective, number of penalising networks and images, made once for all models."""
    used, sizes = entry.needed_attack, entry.sizes["sizes"]
    loaded = bench.images(entry.dataset_path)
    source, ensemble = bench.model(entry.needed_source), bench.ensemble(entry.needed_ensemble)
    labels, targets = loaded.labels("true"), loaded.labels("next_class")
    aims = targets.new_empty((len(targets), 2))
    aims[:, 0], aims[:, 1] = targets, labels
    yield UNPERTURBED, 0, loaded.floats
    wanted = [(PLAIN, 0), *((PENALISED, size) for size in sizes), (OPPOSED, max(sizes))]
    for objective, size in wanted:
        key = (entry.source_path, entry.ensemble_path, entry.dataset_path, used, objective, size)
        if key not in bench.attacked:
            with bench.device.computing():
                bench.attacked[key] = attack(
                    OBJECTIVES[objective],
                    ensemble.against(source, size) if size else source,
                    loaded.floats,
                    aims if size else targets,
                    used,
                    seed=stable_seed("attack", entry.quantity, objective, size, bench.seed),
                    what=f"{objective} of {size} networks, {used.norm} {used.epsilon:g}",
                )
        yield objective, size, bench.attacked[key]
