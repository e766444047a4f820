"""How robust each layer is: R(f) of the response to comment 4 (Nakano).

Besides the usual columns, rows have ``layer`` and ``position`` (its place among the layers that figures
count, from 1), and ``relative_epsilon`` (the radius over that of the instrument's attack).
"""

from collections.abc import Iterable
from dataclasses import replace

from advex.common.randomness import stable_seed
from advex.common.settings import LayerSizes
from advex.discussion.nakano.layer_robustness import largest_changes, pair_distances, pixel_distance
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.layers import main_layers


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """R(f) of every layer at every radius, and of the images themselves (layer ``images``, position 0).

    Changes are searched for on the first images of the data set, distances are those of random pairs of all.
    The images' own value is the radius over their mean distance: what the identity has. All is computed in
    float32: small changes of activations vanish in bfloat16.
    """
    strongest, sizes = entry.needed_attack, LayerSizes(**entry.sizes)
    model, images = bench.model(entry.model_path), bench.images(entry.dataset_path).floats
    perturbed = images[: sizes.images]
    seed = stable_seed("layer robustness", bench.seed)
    names = main_layers(model)
    distances = pair_distances(model, names, images, sizes.pairs, seed=seed)
    own_distance = pixel_distance(images, sizes.pairs, seed=seed)
    for share in sizes.relative_epsilons:
        epsilon = share * strongest.epsilon
        attack = replace(strongest, epsilon=epsilon, step_size=share * strongest.step_size)
        common: Row = {
            "epsilon": epsilon,
            "relative_epsilon": share,
            "steps": attack.steps,
            "unit": "ratio",
            "images": len(perturbed),
        }
        yield {**common, "layer": "images", "position": 0, "value": epsilon / own_distance}
        for position, layer in enumerate(names, 1):
            changes = largest_changes(model, layer, perturbed, attack, seed=seed)
            value = changes.double().mean().item() / distances[layer]
            yield {**common, "layer": layer, "position": position, "value": value}
