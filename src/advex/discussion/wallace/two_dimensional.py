"""Learning from adversarial examples alone, in the plane (Wallace's comment, Fig. 2).

Random points with random labels are fitted by a perceptron; its adversarial examples, labelled with the
flipped prediction, train another one, which is tested on the original points. All repetitions are computed
at once, as a batch of networks.
"""

from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from advex.attack.loop import projected_gradient
from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.machine.devices import torch_generator
from advex.common.pictures import Picture
from advex.common.randomness import numpy_generator, stable_seed
from advex.common.settings import AttackSettings
from advex.train.optimizers import Adam

CLASSES = 2
_MOST_DRAWS = 100_000
_GRID = 64  # pixels of a drawn decision region, each way


def published_points(published: pd.DataFrame) -> tuple[Array, Array]:
    """Return the points read off the published drawing, (32, 2), and their labels: 0 blue, 1 red."""
    found = [published[published["key"].str.fullmatch(rf"figure2_{colour}\d+")] for colour in ("blue", "red")]
    points = np.concatenate([part[["x", "value"]].to_numpy(dtype=float) for part in found])
    return points, np.repeat([0, 1], [len(part) for part in found])


def draw_points(count: int, side: float, generator: np.random.Generator) -> Array:
    """Draw points uniformly from the unit square until ``count`` of their boxes of ``side`` do not overlap.

    A point that lies nearer than ``side`` to an earlier one, in the maximum norm, is rejected.

    Returns:
        (count, 2) float32 in [0, 1].

    Raises:
        UserError: so many boxes find no room.
    """
    kept = np.empty((0, 2))
    for _ in range(_MOST_DRAWS):
        point = generator.random(2)
        if not len(kept) or np.abs(kept - point).max(axis=1).min() >= side:
            kept = np.vstack([kept, point])
        if len(kept) == count:
            return kept.astype(np.float32)
    raise UserError(f"two_dimensional: no room for {count} boxes of side {side}; ask for fewer or smaller")


@dataclass(frozen=True)
class Fit:
    """How perceptrons are fitted: hidden layers of one width, and steps of Adam on all points at once.

    The learning rate falls linearly to 0.
    """

    width: int
    depth: int
    learning_rate: float
    steps: int


class Perceptrons(nn.Module):
    """A batch of S independent multilayer perceptrons from the plane to two logits, with rectifiers.

    Weights and biases are drawn as in common linear layers: uniformly from +-1 / sqrt(inputs).

    Args:
        count: S.
        width: of every hidden layer.
        depth: number of hidden layers.
        seed: of the draw.
    """

    def __init__(self, count: int, width: int, depth: int, seed: int) -> None:
        super().__init__()
        generator = torch_generator("perceptrons", seed)
        sizes = [2, *[width] * depth, CLASSES]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in pairwise(sizes):
            for parameters, rows in ((self.weights, inputs), (self.biases, 1)):
                drawn = 2 * torch.rand(count, rows, outputs, generator=generator) - 1
                parameters.append(nn.Parameter(drawn / inputs**0.5))

    @property
    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weights (S, inputs, outputs) and biases (S, 1, outputs) of each layer."""
        return list(zip(self.weights, self.biases, strict=True))

    def forward(self, points: Tensor) -> Tensor:
        """Return the logits of points, (S, N, 2) to (S, N, 2); those of the s-th row by the s-th network."""
        for index, (weights, biases) in enumerate(self.layers):
            points = torch.baddbmm(biases, points, weights)
            if index + 1 < len(self.weights):
                points = torch.relu(points)
        return points

    def chosen(self, rows: Tensor) -> "Perceptrons":
        """Return some of the networks, by their numbers (k,)."""
        some = deepcopy(self)
        for parameter in some.parameters():
            parameter.data = parameter.data[rows]
        return some


def fit(points: Tensor, labels: Tensor, counted: Tensor, how: Fit, seed: int) -> Perceptrons:
    """Fit one perceptron to each row of points by the mean cross-entropy of its points that count.

    Not by :class:`advex.train.training.Training`: S networks take each step at once, each with a mean of its
    own.

    Args:
        points: (S, N, 2).
        labels: (S, N) int64, 0 or 1.
        counted: (S, N) bool; other points have no influence.
        how: size and steps.
        seed: of the initial weights.

    Returns:
        S networks, whose parameters need no gradients.
    """
    networks = Perceptrons(len(points), how.width, how.depth, seed)
    optimizer = Adam(networks.parameters(), how.learning_rate, fused=True)
    weights = counted / counted.sum(1, keepdim=True).clamp_min(1)
    for step in range(how.steps):
        optimizer.learning_rate = how.learning_rate * (1 - step / how.steps)
        losses = functional.cross_entropy(networks(points).flatten(0, 1), labels.flatten(), reduction="none")
        optimizer.zero_grad()
        (losses * weights.flatten()).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return networks.requires_grad_(False)


def adversarial_points(
    networks: Perceptrons, points: Tensor, labels: Tensor, radius: float, steps: int
) -> Tensor:
    """Climb the cross-entropy of ``labels`` by sign steps within ``radius`` (maximum norm) and the square.

    Args:
        networks: S networks.
        points: (S, N, 2) float32 in [0, 1].
        labels: (S, N) int64.
        radius: of the balls.
        steps: each 2.5 radii over their number.

    Returns:
        (S, N, 2): for each point the last iterate.
    """
    ball = AttackSettings("linf", radius, steps, 2.5 * radius / steps, keep_best=False)
    return projected_gradient(_total_cross_entropy, networks, points, labels, ball)


def _total_cross_entropy(networks: nn.Module, points: Tensor, labels: Tensor) -> Tensor:
    """Return the summed cross-entropy of each network's points, (S,)."""
    losses = functional.cross_entropy(networks(points).flatten(0, 1), labels.flatten(), reduction="none")
    return losses.view_as(labels).sum(1)


def two_dimensional(
    published_points: Array,
    published_labels: Array,
    *,
    repetitions: int,
    published_repetitions: int,
    points: int,
    side: float,
    radii: list[float],
    how: Fit,
    attack_steps: int,
    seed: int,
) -> tuple[pd.DataFrame, Picture]:
    """Run the experiment on random points and on the published ones.

    Args:
        published_points: (n, 2) the published points.
        published_labels: (n,) 0 or 1, their labels.
        repetitions: how many draws of random points.
        published_repetitions: how many networks for the published points.
        points: how many in each draw.
        side: of the boxes that must not overlap.
        radii: of the adversary.
        how: how perceptrons are fitted.
        attack_steps: of the adversary.
        seed: decides all randomness.

    Returns:
        A table with the columns ``seed`` (the repetition; one whose first network fits all points, but for
        ``fitted_by_first`` and ``first_fits_all``), ``points`` (random, published), ``radius``,
        ``quantity``, ``point``, ``x``, ``y``, ``value``, ``unit``; and the decision regions of the first
        repetition with the published points, at the first radius, as pictures of 0 and 1.
    """
    rows: list[pd.DataFrame] = []
    for kind, count in (("random", repetitions), ("published", published_repetitions)):
        generator = numpy_generator("two_dimensional", kind, seed)
        if kind == "random":
            drawn = np.stack([draw_points(points, side, generator) for _ in range(count)])
            given = generator.integers(CLASSES, size=drawn.shape[:2])
        else:
            drawn = np.repeat(published_points[np.newaxis].astype(np.float32), count, axis=0)
            given = np.repeat(published_labels[np.newaxis], count, axis=0)
        tables, regions = _experiment(kind, drawn, given, radii, how, attack_steps, seed)
        rows += tables
    table = pd.concat(rows, ignore_index=True)
    table = table[["seed", "points", "radius", "quantity", "point", "x", "y", "value", "unit"]]
    return table, Picture(regions[np.newaxis], ["published points"], ["first network", "second network"])


def _experiment(
    kind: str, drawn: Array, given: Array, radii: list[float], how: Fit, attack_steps: int, seed: int
) -> tuple[list[pd.DataFrame], Array]:
    points, labels = torch.from_numpy(drawn), torch.from_numpy(given.astype(np.int64))
    everything = torch.ones_like(labels, dtype=torch.bool)
    first = fit(points, labels, everything, how, stable_seed("two_dimensional", "first", kind, seed))
    fitted = (first(points).argmax(2) == labels).sum(1)
    complete = fitted == points.shape[1]
    everyone = torch.arange(len(points))
    share = 100 * complete.long()
    tables = [
        _per_repetition(kind, None, "fitted_by_first", everyone, fitted),
        _per_repetition(kind, None, "first_fits_all", everyone, share, "percent"),
    ]
    # The comment's first network makes no mistake, so what follows is of those that make none.
    chosen = everyone[complete]
    if not len(chosen):
        raise UserError(f"two_dimensional: no network fits the {kind} points; raise steps or width")
    points, labels, first = points[chosen], labels[chosen], first.chosen(chosen)
    largest_class = torch.stack([(labels == value).sum(1) for value in range(CLASSES)]).amax(0)
    tables.append(_per_repetition(kind, None, "majority_class", chosen, largest_class))
    tables.append(_shown(kind, None, "original", points[0], labels[0]))
    regions = [_region(first)]
    coins = torch_generator("two_dimensional", "coins", kind, seed)
    for radius in radii:
        moved = adversarial_points(first, points, labels, radius, attack_steps)
        now = first(moved).argmax(2)
        flipped = now != labels
        # Points that did not flip are put last and cut off, where none of any repetition is needed.
        order = torch.argsort((~flipped).long(), dim=1, stable=True)[:, : int(flipped.sum(1).max())]
        learnt, assigned = moved.gather(1, order.unsqueeze(2).expand(-1, -1, 2)), now.gather(1, order)
        counted = flipped.gather(1, order)
        second = fit(learnt, assigned, counted, how, stable_seed("two_dimensional", "second", kind, seed))
        correct = second(points).argmax(2) == labels
        quantities = {
            "adversarial_examples": flipped.sum(1),
            "fitted_by_second": ((second(learnt).argmax(2) == assigned) & counted).sum(1),
            "correct": correct.sum(1),
            "correct_above_majority": correct.sum(1) - largest_class,
            "correct_of_attacked": (correct & flipped).sum(1),
        }
        if radius == radii[-1]:
            # A control without the first network's word: the same points, each with a coin's label.
            tossed = torch.randint(CLASSES, assigned.shape, generator=coins)
            control = fit(learnt, tossed, counted, how, stable_seed("two_dimensional", "second", kind, seed))
            quantities["correct_with_coin_labels"] = (control(points).argmax(2) == labels).sum(1)
        tables += [_per_repetition(kind, radius, name, chosen, counts) for name, counts in quantities.items()]
        tables.append(_shown(kind, radius, "adversarial", moved[0][flipped[0]], now[0][flipped[0]]))
        if radius == radii[0]:
            regions.append(_region(second))
    return tables, np.stack(regions)


def _per_repetition(
    kind: str, radius: float | None, quantity: str, repetitions: Tensor, counts: Tensor, unit: str = "points"
) -> pd.DataFrame:
    columns = {"points": kind, "radius": radius, "quantity": quantity, "value": counts.tolist(), "unit": unit}
    return pd.DataFrame({"seed": repetitions.tolist(), **columns})


def _shown(kind: str, radius: float | None, quantity: str, points: Tensor, labels: Tensor) -> pd.DataFrame:
    """Return the points of the first repetition, one a row; their value is the label."""
    x, y = points.T.tolist()
    columns = {"point": range(len(labels)), "x": x, "y": y, "value": labels.tolist(), "unit": "label"}
    return pd.DataFrame({"seed": 0, "points": kind, "radius": radius, "quantity": quantity, **columns})


def _region(networks: Perceptrons) -> Array:
    """Return what the first network predicts over the square, (1, _GRID, _GRID), rows from y = 0 up."""
    centres = (torch.arange(_GRID) + 0.5) / _GRID
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    grid = torch.stack([x, y], -1).reshape(1, -1, 2)
    count = len(networks.layers[0][0])
    predicted: Tensor = networks(grid.expand(count, -1, -1))[0].argmax(1)
    return predicted.reshape(1, _GRID, _GRID).float().numpy()
