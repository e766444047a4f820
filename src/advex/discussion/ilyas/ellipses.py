"""Robustness and accuracy need not conflict: the two ellipses of Ilyas et al., Appendix D.10, Figure 14.

Two classes, each uniform in an ellipse with semi-axes 0.25 and 0.15 (measured in the figure), centred at
(0.5, 0.3) and (-0.5, -0.3). A linear classifier is the sign of w^T x + b. Its worst case is closed form: an
adversary of strength epsilon takes epsilon ||w||_q off every margin, q the dual norm (Hoelder).

The paper names no norm, epsilon or loss. The adversary here is l-infinity, because only that norm makes the
drawn robust boundary (vertical) more robust than the drawn standard one: its largest epsilon without error
is 0.250 against 0.217, whereas in l2 it is 0.250 against 0.270. Training against l2 is tabulated beside it.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.randomness import numpy_generator

CENTRE = np.array([0.5, 0.3])
SEMI_AXES = np.array([0.25, 0.15])
RIDGE = 1e-4  # weight decay; without it the logistic loss of separable data has no minimiser


def draw_ellipses(samples: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """Draw points, (samples, 2), with labels -1 or +1 of equal probability, (samples,)."""
    labels = generator.choice([-1.0, 1.0], samples)
    angle = generator.uniform(0, 2 * np.pi, samples)
    radius = np.sqrt(generator.uniform(0, 1, samples))[:, np.newaxis]
    disc = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return labels[:, np.newaxis] * CENTRE + SEMI_AXES * disc, labels


def dual_norm(weights: Array, norm: float) -> float:
    """Return what a perturbation of unit l2 (norm = 2) or l-infinity norm can change w^T x by."""
    return float(np.linalg.norm(weights, 1 if np.isinf(norm) else 2))


def fit_logistic(points: Array, labels: Array, epsilon: float = 0.0, norm: float = np.inf) -> Array:
    """Fit a linear classifier by the worst-case logistic loss; epsilon = 0 is plain risk minimisation.

    The loss is convex. Weights are split into positive and negative parts, so the l1 norm is linear and the
    optimum may have weights of exactly zero.

    Args:
        points: (N, 2) inputs.
        labels: (N,) -1 or +1.
        epsilon: strength of the adversary, in units of x.
        norm: norm of the adversary, 2 or infinity.

    Returns:
        (3,) weights w and bias b.
    """
    signed = labels[:, np.newaxis] * np.column_stack([points, np.ones_like(labels)])

    def objective(parts: Array) -> tuple[float, Array]:
        weights = parts[:2] - parts[2:4]
        if np.isinf(norm):
            size, positive, negative = float(parts[:4].sum()), np.ones(2), np.ones(2)
        else:
            size = float(np.linalg.norm(weights))
            positive = weights / max(size, 1e-12)
            negative = -positive
        margins = signed @ np.append(weights, parts[4]) - epsilon * size
        loss = float(np.logaddexp(0, -margins).mean()) + RIDGE / 2 * float((parts[:4] ** 2).sum())
        pull = -expit(-margins)
        in_classifier, in_size = (pull @ signed) / len(signed), -epsilon * float(pull.mean())
        in_weights, in_bias = in_classifier[:2], in_classifier[2:]
        gradient = np.concatenate(
            [in_weights + in_size * positive, -in_weights + in_size * negative, in_bias]
        )
        gradient[:4] += RIDGE * parts[:4]
        return loss, gradient

    start = np.concatenate([np.ones(2), np.zeros(3)])
    bounds = [(0, None)] * 4 + [(None, None)]
    options = {"gtol": 1e-9, "ftol": 1e-15, "maxiter": 2000}
    found = minimize(objective, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x
    return np.append(found[:2] - found[2:4], found[4])


def fit_least_squares(points: Array, labels: Array) -> Array:
    """Fit a linear classifier by the squared loss, another standard loss; returns (3,) w and b."""
    design = np.column_stack([points, np.ones_like(labels)])
    return np.asarray(np.linalg.lstsq(design, labels)[0])


def largest_robust_epsilon(classifier: Array, norm: float) -> float:
    """Return the largest epsilon at which no point of either ellipse can be misclassified (below 0: never).

    Exact, from the support function of the ellipses: ``(w^T c - |b| - ||A w||_2) / ||w||_q`` with centre c
    and semi-axes A.
    """
    weights, bias = classifier[:2], float(classifier[2])
    margin = float(weights @ CENTRE) - abs(bias) - float(np.linalg.norm(SEMI_AXES * weights))
    return margin / dual_norm(weights, norm)


def robust_accuracy(classifier: Array, points: Array, labels: Array, epsilon: float, norm: float) -> float:
    """Return the accuracy in percent under the exact worst case of strength epsilon."""
    margins = labels * (points @ classifier[:2] + classifier[2])
    return 100 * float((margins > epsilon * dual_norm(classifier[:2], norm)).mean())


def angle_from_vertical(classifier: Array) -> float:
    """Return the angle in degrees between the boundary and the x2 axis: 0 ignores x2, 90 ignores x1."""
    return float(np.degrees(np.arctan2(abs(classifier[1]), abs(classifier[0]))))


def robust_and_accurate_table(samples: int, epsilon: float, seed: int) -> pd.DataFrame:
    """Train on one draw of the two ellipses, with and without an adversary, and test on another draw.

    Args:
        samples: number of training points, and of test points.
        epsilon: strength of the adversary in training and testing, in units of x.
        seed: seed of both draws.

    Returns:
        One row per method (erm: logistic loss; erm_squared_loss; adversarial: logistic loss against the
        l-infinity adversary; adversarial_l2) and quantity: weight_1, weight_2 (of unit length), bias,
        boundary_angle_from_vertical_degrees, accuracy_percent, robust_accuracy_percent (l-infinity),
        robust_accuracy_l2_percent, largest_robust_epsilon (l-infinity), largest_robust_epsilon_l2. The
        column ``epsilon`` is the adversary trained against; robust accuracy always uses ``epsilon``.

    Raises:
        UserError: a setting is outside its range.
    """
    if samples < 10:
        raise UserError(f"robust_and_accurate: samples must be 10 or more, found {samples}")
    if not (np.isfinite(epsilon) and epsilon >= 0):
        raise UserError(f"robust_and_accurate: epsilon must be finite and 0 or more, found {epsilon}")
    generator = numpy_generator("robust_and_accurate", seed)
    train, test = draw_ellipses(samples, generator), draw_ellipses(samples, generator)
    methods: dict[str, tuple[float, Callable[[], Array]]] = {
        "erm": (0.0, lambda: fit_logistic(*train)),
        "erm_squared_loss": (0.0, lambda: fit_least_squares(*train)),
        "adversarial": (epsilon, lambda: fit_logistic(*train, epsilon, np.inf)),
        "adversarial_l2": (epsilon, lambda: fit_logistic(*train, epsilon, 2)),
    }
    rows = [
        (seed, trained_against, method, quantity, value)
        for method, (trained_against, fit) in methods.items()
        for quantity, value in _measured(fit(), *test, epsilon).items()
    ]
    return pd.DataFrame(rows, columns=["seed", "epsilon", "method", "quantity", "value"])


def _measured(classifier: Array, points: Array, labels: Array, epsilon: float) -> dict[str, float]:
    length = float(np.linalg.norm(classifier[:2]))
    if length == 0:
        raise UserError(
            f"robust_and_accurate: epsilon = {epsilon:g} leaves no signal, all weights are zero; "
            "choose a smaller epsilon (0.3 or less)"
        )
    classifier = classifier / length
    return {
        "weight_1": float(classifier[0]),
        "weight_2": float(classifier[1]),
        "bias": float(classifier[2]),
        "boundary_angle_from_vertical_degrees": angle_from_vertical(classifier),
        "accuracy_percent": robust_accuracy(classifier, points, labels, 0.0, 2),
        "robust_accuracy_percent": robust_accuracy(classifier, points, labels, epsilon, np.inf),
        "robust_accuracy_l2_percent": robust_accuracy(classifier, points, labels, epsilon, 2),
        "largest_robust_epsilon": largest_robust_epsilon(classifier, np.inf),
        "largest_robust_epsilon_l2": largest_robust_epsilon(classifier, 2),
    }
