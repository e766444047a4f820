"""How far a small perturbation moves a layer, against how far two images lie apart there.

The response to comment 4 (Nakano) defines, for a layer f and images x, x1, x2 drawn from the data,

    R(f) = E[ max over x' near x of ||f(x') - f(x)|| ] / E[ ||f(x1) - f(x2)|| ],

in l2 norms of whole activations: lower is more robust. It does not say which ball x' lies in, nor how the
maximum was found; here both are those of an attack. Neither scaling f nor adding a constant changes R(f).

The instrument's rows have, besides the usual columns, ``layer`` and ``position`` (its place among the layers
that figures count, from 1), and ``relative_epsilon`` (the radius over that of the instrument's attack).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from advex.attack.loop import batches, projected_gradient
from advex.attack.objectives import representation_distance
from advex.common.errors import UserError
from advex.common.machine.devices import torch_generator
from advex.common.randomness import stable_seed
from advex.common.settings import AttackSettings, LayerSizes
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry, Row
from advex.networks.classifier import Classifier
from advex.networks.folding import folded
from advex.networks.layers import Layers, main_layers
from advex.networks.predictions import evaluating


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


class _Representation(nn.Module):
    """A layer's activations as the representation that :mod:`advex.attack.objectives` compares."""

    def __init__(self, model: Classifier, layer: str) -> None:
        super().__init__()
        self.layers = Layers(model, [layer])

    def representation(self, images: Tensor) -> Tensor:
        """Return the activations of images (N, C, H, W), flattened to (N, features)."""
        activations: Tensor = self.layers(images)[0]
        return activations.flatten(1)


def layer_robustness(
    model: Classifier,
    layers: Sequence[str],
    images: Tensor,
    settings: AttackSettings,
    *,
    pairs: int,
    seed: int = 0,
    batch_size: int = 256,
) -> dict[str, float]:
    """Return R(f) of named layers of a model, by name.

    Args:
        model: in the mode it is evaluated in.
        layers: names of :func:`advex.networks.layers.layer_names`.
        images: (N, C, H, W) float32 in [0, 1]; all of them are perturbed and pairs are drawn from them.
        settings: ball, steps and step size of the search for the maximum; it needs a random start.
        pairs: number of random pairs of different images.
        seed: decides starts and pairs.
        batch_size: images at a time.

    Raises:
        UserError: the search has no random start, or a layer maps all images to the same point.
    """
    distances = pair_distances(model, layers, images, pairs, seed=seed, batch_size=batch_size)
    return {
        layer: float(largest_changes(model, layer, images, settings, seed=seed, batch_size=batch_size).mean())
        / distances[layer]
        for layer in layers
    }


def largest_changes(
    model: Classifier,
    layer: str,
    images: Tensor,
    settings: AttackSettings,
    *,
    seed: int = 0,
    batch_size: int = 256,
) -> Tensor:
    """Return how far the search moves a layer, ||f(x') - f(x)||, for each image; shape (N,).

    The search is projected gradient ascent. At x itself the norm has no gradient, so it starts at a random
    point of the ball; it ends with the farthest point it saw, which is a lower bound of the maximum.

    Raises:
        UserError: the search has no random start.
    """
    if not settings.random_start:
        raise UserError("layer robustness: the distance to an image has no gradient there; set random_start")
    network = folded(_Representation(model, layer))
    changes = []
    for batch, start, progress in batches(
        images, settings, seed=seed, batch_size=batch_size, what=f"largest change of {layer}"
    ):
        with torch.no_grad():
            clean = network.representation(images[batch]).float()
        moved = projected_gradient(
            _distance, network, images[batch], clean, settings, start=start, progress=progress
        )
        with torch.no_grad():
            changes.append(_distance(network, moved, clean))
    return torch.cat(changes)


def pair_distances(
    model: Classifier,
    layers: Sequence[str],
    images: Tensor,
    pairs: int,
    *,
    seed: int = 0,
    batch_size: int = 256,
) -> dict[str, float]:
    """Return the mean distance ||f(x1) - f(x2)|| over random pairs of different images, by layer.

    Raises:
        UserError: a layer maps all images to the same point.
    """
    first, second = random_pairs(len(images), pairs, seed, images.device)
    network = Layers(model, layers)
    totals = torch.zeros(len(layers), dtype=torch.float64, device=images.device)
    with torch.no_grad(), evaluating(model):
        for some, others in zip(torch.split(first, batch_size), torch.split(second, batch_size), strict=True):
            activations = zip(network(images[some]), network(images[others]), strict=True)
            norms = [torch.linalg.vector_norm((one - other).flatten(1), dim=1) for one, other in activations]
            totals += torch.stack(norms).double().sum(1)
    found = dict(zip(layers, (totals / pairs).tolist(), strict=True))
    if constant := [layer for layer, distance in found.items() if not distance > 0]:
        raise UserError(f"layer robustness: {', '.join(constant)} tells no two images apart")
    return found


def pixel_distance(images: Tensor, pairs: int, *, seed: int = 0) -> float:
    """Return the mean l2 distance of the pairs of images themselves, that :func:`pair_distances` compares."""
    first, second = random_pairs(len(images), pairs, seed, images.device)
    return float((images[first] - images[second]).flatten(1).norm(dim=1).double().mean())


def random_pairs(count: int, pairs: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Draw ordered pairs of different indices below ``count``, uniformly; two tensors (pairs,) int64."""
    generator = torch_generator("pairs", seed)
    first = torch.randint(count, (pairs,), generator=generator)
    second = (first + torch.randint(1, count, (pairs,), generator=generator)) % count
    return first.to(device), second.to(device)


def _distance(network: nn.Module, images: Tensor, clean: Tensor) -> Tensor:
    """Return ||f(x') - f(x)|| of each image, the objective of the search; shape (N,)."""
    return -representation_distance(network, images, clean)
