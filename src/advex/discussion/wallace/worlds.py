"""Two worlds of the authors' response to Wallace's comment: do adversarial examples carry useful features?

Inputs have a robust feature of standard deviation 1, and a fine one, of a small standard deviation. Given
the label y = -1 or 1, both are normal with means y times their signal times their standard deviation. In
World 1 the fine feature is useless, its signal 0; in World 2 it is useful. A linear source model relies on
both as if the fine one were useful, in either world, so that adversarial perturbations change the fine one
nearly alone. A linear discriminant fitted to relabelled adversarial examples is tested on natural ones:
Takeaway 1 of the response says that it learns something in World 2 only.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.randomness import numpy_generator

TARGETS = ("random", "flipped")
"""Targets of the perturbation, which become the labels: a coin's, as in D_rand, or -y, as in D_det."""


def source_weights(robust_signal: float, assumed_fine_signal: float, fine_scale: float) -> Array:
    """Return the discriminant that would be best if the fine feature had the assumed signal, (2,)."""
    return np.array([robust_signal, assumed_fine_signal / fine_scale])


def discriminant_accuracy(weights: Array, mean: Array, deviations: Array) -> float:
    """Return the accuracy in percent of sign(w^T x) for x ~ N(y mean, diag(deviations^2)), exactly."""
    return 100 * float(ndtr(weights @ mean / np.linalg.norm(weights * deviations)))


def learnt_weights(source: Array, mean: Array, deviations: Array, epsilon: float, target: str) -> Array:
    """Return the discriminant of infinitely many adversarial examples ``x + epsilon t w / |w|``, label t.

    Random targets: their mean is t epsilon u and their covariance that of x over both classes. Flipped
    targets, t = -y: the mean is t (epsilon u - mean), the covariance that within a class.
    """
    moved = epsilon * source / np.linalg.norm(source)
    within = np.diag(deviations**2)
    if target == "random":
        return np.asarray(np.linalg.solve(within + np.outer(mean, mean), moved))
    return np.asarray(np.linalg.solve(within, moved - mean))


def fitted_weights(points: Array, labels: Array) -> Array:
    """Fit a linear discriminant through the origin, S^-1 m, to points (N, 2) with labels -1 or 1."""
    signed = points * labels[:, np.newaxis]
    return np.asarray(np.linalg.solve(np.cov(signed.T), signed.mean(0)))


def worlds_table(
    *,
    repetitions: int,
    samples: int,
    robust_signal: float,
    fine_signals: list[float],
    assumed_fine_signal: float,
    fine_scale: float,
    epsilon: float,
    seed: int,
) -> pd.DataFrame:
    """Simulate all worlds, and compute the same exactly.

    Args:
        repetitions: independent simulations.
        samples: adversarial examples learnt from, and natural examples tested on.
        robust_signal: mean over standard deviation of the robust feature.
        fine_signals: those of the fine feature; 0 is World 1.
        assumed_fine_signal: what the source model takes it for.
        fine_scale: the fine feature's standard deviation.
        epsilon: l2 radius of the perturbation.
        seed: decides all randomness.

    Returns:
        Columns ``seed`` (the repetition), ``fine_signal``, ``fine_accuracy`` (of the fine feature alone, in
        percent), ``target``, ``quantity``, ``value``, ``unit``. Quantities: source_success (adversarial
        examples that the source gives their target), accuracy (on natural examples, of what was learnt
        from adversarial ones), and ``..._exact``.

    Raises:
        UserError: fine_signals lacks 0.
    """
    if 0 not in fine_signals:
        raise UserError("worlds: fine_signals must hold 0, which is World 1")
    source = source_weights(robust_signal, assumed_fine_signal, fine_scale)
    deviations = np.array([1.0, fine_scale])
    direction = source / np.linalg.norm(source)
    rows: list[dict[str, object]] = []
    for signal in fine_signals:
        mean = np.array([robust_signal, signal]) * deviations
        alone = 100 * float(ndtr(signal))
        for target in TARGETS:
            learnt = learnt_weights(source, mean, deviations, epsilon, target)
            exact = {
                "accuracy_exact": discriminant_accuracy(learnt, mean, deviations),
                "source_success_exact": _success(source, mean, deviations, epsilon, target),
            }
            for repetition in range(repetitions):
                generator = numpy_generator("worlds", f"signal {signal:g}", repetition, seed)
                points, labels = _draw(mean, deviations, samples, generator)
                targets = generator.choice([-1.0, 1.0], samples) if target == "random" else -labels
                moved = points + epsilon * targets[:, np.newaxis] * direction
                weights = fitted_weights(moved, targets)
                test, truth = _draw(mean, deviations, samples, generator)
                found = {
                    "accuracy": 100 * float(np.mean((test @ weights) * truth > 0)),
                    "source_success": 100 * float(np.mean((moved @ source) * targets > 0)),
                }
                place = {"fine_signal": signal, "fine_accuracy": alone, "target": target}
                for quantity, value in (found | exact).items():
                    row = {"seed": repetition, **place, "quantity": quantity, "value": value}
                    rows.append(row | {"unit": "percent"})
    return pd.DataFrame(rows)


def _draw(
    mean: Array, deviations: Array, samples: int, generator: np.random.Generator
) -> tuple[Array, Array]:
    labels = generator.choice([-1.0, 1.0], samples)
    return labels[:, np.newaxis] * mean + deviations * generator.normal(size=(samples, 2)), labels


def _success(source: Array, mean: Array, deviations: Array, epsilon: float, target: str) -> float:
    """Return how often the source gives an adversarial example its target, in percent, exactly."""
    spread = np.linalg.norm(source * deviations)
    moved, clean = epsilon * np.linalg.norm(source), float(source @ mean)
    against, along = ndtr((moved - clean) / spread), ndtr((moved + clean) / spread)
    return 100 * float(against if target == "flipped" else (against + along) / 2)
