"""The Gaussian model of Ilyas et al., Section 4 and Appendix E: exact formulas and Monte Carlo checks.

Model (eq. 10): y is -1 or +1 with equal probability, x is drawn from N(y mu*, Sigma*), Sigma* diagonal. The
loss is the Gaussian negative log-likelihood (eq. 11). Multiplying x by y maps both classes onto one, so one
draw of y x - mu, shape (N, d), stands for both. Covariances are given by their diagonal, shape (d,).

Neither mu* nor Sigma* is printed in the paper; (-10, 1) and diag(25, 0.5) were measured in its Figure 4.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize

from advex.common.artifacts import Array
from advex.common.errors import UserError
from advex.common.randomness import numpy_generator

_NEWTON_STEPS = 30
_RELATIVE_TOLERANCE = 1e-10
_SMALLEST = 1e-12
_SEARCHED_DIRECTIONS = 512
_ROW = tuple[float, float, str, str, float]  # epsilon, penalty, method, quantity, value


def worst_case_perturbation(deviations: Array, variances: Array, epsilon: float) -> Array:
    """Solve the inner maximum of eq. (12) exactly: Lemma 1's delta = (lambda Sigma - I)^-1 v, one per row.

    lambda > 1 / min(Sigma) is set so that ||delta||_2 = epsilon, by Newton's method on 1 / ||delta||, which
    is nearly linear in t = lambda min(Sigma) - 1 and converges from the left. A deviation without component
    along the smallest variance is the hard case: that component then fills up the norm.

    Args:
        deviations: (N, d) v = y x - mu.
        variances: (d,) diagonal of the model's Sigma.
        epsilon: radius of the l2 ball, in units of x.

    Returns:
        (N, d) perturbations of norm epsilon.
    """
    if epsilon == 0:
        return np.zeros_like(deviations)
    ratios = variances / variances.min()
    smallest = int(np.argmin(variances))
    t = np.maximum(((np.abs(deviations) / epsilon + 1) / ratios - 1).max(axis=1), _SMALLEST)[:, np.newaxis]
    for _ in range(_NEWTON_STEPS):
        scale = (1 + t) * ratios - 1
        squares = (deviations / scale) ** 2
        norm = np.sqrt(squares.sum(axis=1, keepdims=True))
        slope = np.maximum((squares * ratios / scale).sum(axis=1, keepdims=True), _SMALLEST**2)
        step = np.where(norm > epsilon, (norm / epsilon - 1) * norm**2 / slope, 0.0)
        t = t + step
        if np.all(step <= _RELATIVE_TOLERANCE * t):
            break
    delta: Array = deviations / ((1 + t) * ratios - 1)
    rest = (np.delete(delta, smallest, axis=1) ** 2).sum(axis=1)
    sign = np.where(deviations[:, smallest] < 0, -1.0, 1.0)
    delta[:, smallest] = sign * np.sqrt(np.maximum(epsilon**2 - rest, 0))
    return delta


def worst_case_loss(
    inputs: Array, mean: Array, variances: Array, epsilon: float
) -> tuple[float, Array, Array]:
    """Compute the mean worst-case negative log-likelihood (eq. 12) and its gradient by the envelope theorem.

    Args:
        inputs: (N, d) draws of y x.
        mean: (d,) mu of the model.
        variances: (d,) diagonal of its Sigma.
        epsilon: radius of the l2 ball.

    Returns:
        The loss in nats, its gradient in mu and its gradient in log(variances), both (d,).
    """
    deviations = inputs - mean
    moved = deviations + worst_case_perturbation(deviations, variances, epsilon)
    squares = (moved**2).mean(axis=0) / variances
    loss = 0.5 * float((squares + np.log(2 * np.pi * variances)).sum())
    return loss, -moved.mean(axis=0) / variances, 0.5 * (1 - squares)


def fit_robust(inputs: Array, epsilon: float) -> tuple[Array, Array]:
    """Fit mean and diagonal covariance by robust maximum likelihood, eq. (12), to draws of y x, (N, d).

    In the natural parameters the worst-case loss is a maximum of convex functions, so the optimum is the
    global one. It may lie on a kink in mu, where the worst case of one draw changes sides, so the gradient
    there is of order 1 / N rather than zero. For epsilon = 0 this is the maximum likelihood estimate.
    """
    dimensions = inputs.shape[1]
    mean, variances = inputs.mean(axis=0), inputs.var(axis=0)
    if epsilon == 0:
        return mean, variances

    start = np.log(variances + epsilon * np.sqrt(variances) + epsilon**2 / 2)
    scale = np.exp(start / 2)

    def objective(parameters: Array) -> tuple[float, Array]:
        shift, log_variances = parameters[:dimensions], parameters[dimensions:]
        loss, in_mean, in_log = worst_case_loss(inputs, mean + scale * shift, np.exp(log_variances), epsilon)
        return loss, np.concatenate([scale * in_mean, in_log])

    first = np.concatenate([np.zeros(dimensions), start])
    options = {"gtol": 1e-8, "ftol": 1e-16}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", options=options).x
    return mean + scale * found[:dimensions], np.exp(found[dimensions:])


def relaxed_covariance(variances: Array, epsilon: float, squared: bool = True) -> tuple[Array, float]:
    """Compute Theorem 2's Sigma_r = Sigma*/2 + I/lambda + sqrt(Sigma*/lambda + Sigma*^2/4) and its lambda.

    lambda makes the expected squared norm of the relaxed adversary, the sum over i of
    Sigma*_ii / (lambda Sigma_ii - 1)^2 (Lemma 4, eq. 27), equal to epsilon^2, as the set in eq. (20) says, or
    to epsilon, as eq. (27) is printed.

    Args:
        variances: (d,) diagonal of Sigma*.
        epsilon: strength of the adversary.
        squared: whether the constraint is epsilon^2.

    Returns:
        The diagonal of Sigma_r, (d,), and lambda (infinite for epsilon = 0).
    """
    if epsilon == 0:
        return variances.copy(), float("inf")
    budget = epsilon**2 if squared else epsilon

    def excess(log_multiplier: float) -> float:
        product = np.exp(log_multiplier) * variances
        return float((variances / (product / 2 + np.sqrt(product + product**2 / 4)) ** 2).sum()) - budget

    highest = float(np.log(len(variances) / budget))  # each term is below 1 / lambda
    lowest = highest - 1
    while excess(lowest) < 0:
        lowest -= 2
    multiplier = float(np.exp(brentq(excess, lowest, highest + 1e-9, xtol=1e-13)))
    root = np.sqrt(variances / multiplier + variances**2 / 4)
    return variances / 2 + 1 / multiplier + root, multiplier


def boundary_slope(mean: Array, variances: Array) -> float:
    """Return dx2/dx1 of the decision boundary x^T Sigma^-1 mu = 0 in two dimensions (infinite: vertical)."""
    weights = mean / variances
    return float(-weights[0] / weights[1]) if weights[1] != 0 else float("inf")


def gradient_alignment(mean: Array, variances: Array) -> float:
    """Return the angle, in degrees, between the classifier's gradient Sigma^-1 mu and mu (Theorem 3)."""
    weights = mean / variances
    cosine = float(weights @ mean / (np.linalg.norm(weights) * np.linalg.norm(mean)))
    return float(np.degrees(np.arccos(min(1.0, cosine))))


def worst_case_cosine(variances: Array) -> float:
    """Return Lemma 8's least cosine between mu and Sigma^-1 mu over all mu, 2 sqrt(kappa) / (1 + kappa)."""
    condition = float(variances.max() / variances.min())
    return 2 * math.sqrt(condition) / (1 + condition)


def searched_worst_case_cosine(variances: Array, generator: np.random.Generator) -> float:
    """Find the least cosine between mu and Sigma^-1 mu by search: random mu, the worst one then optimised."""

    def cosine(mean: Array) -> Array:
        weights = mean / variances
        lengths: Array = np.linalg.norm(weights, axis=-1) * np.linalg.norm(mean, axis=-1)
        return np.asarray((weights * mean).sum(axis=-1) / lengths)

    directions = generator.standard_normal((_SEARCHED_DIRECTIONS, len(variances))) * np.sqrt(variances)
    worst = directions[np.argmin(cosine(directions))]
    return float(minimize(cosine, worst / np.linalg.norm(worst), method="Nelder-Mead").fun)


def closed_form_excess_loss(variances: Array, penalty: float) -> float:
    """Return Theorem 1's L_adv - L = tr[(I + (C Sigma* - I)^-1)^2] - d for the penalty C."""
    return float(((1 + 1 / (penalty * variances - 1)) ** 2 - 1).sum())


def adversarial_excess_loss(deviations: Array, variances: Array, penalty: float, literal: bool) -> float:
    """Measure L_adv - L against the penalised adversary delta = (C Sigma* - I)^-1 v on draws v, (N, d).

    Theorem 1's formula is met by the quadratic form v^T Sigma*^-1 v alone. With ``literal`` the loss is the
    negative log-likelihood with its 1/2 and the adversary pays C/2 ||delta||^2, the penalty whose optimum
    this delta is. (The penalty C ||delta|| of the theorem's text has no optimum: the loss grows faster.)
    """
    delta = deviations / (penalty * variances - 1)
    excess = (((deviations + delta) ** 2 - deviations**2) / variances).sum(axis=1)
    if literal:
        excess = 0.5 * (excess - penalty * (delta**2).sum(axis=1))
    return float(excess.mean())


def gaussian_table(
    mean: Sequence[float], variances: Sequence[float], epsilons: Sequence[float], *, samples: int, seed: int
) -> pd.DataFrame:
    """Fit the robust classifier at each epsilon (Fig. 4), once by Monte Carlo and by Theorem 2's formula.

    Args:
        mean: mu*, two numbers.
        variances: diagonal of Sigma*, two numbers.
        epsilons: radii of the l2 ball.
        samples: number of draws behind the Monte Carlo fit, shared by all epsilons.
        seed: seed of the draws.

    Returns:
        One row per epsilon, method (true, monte_carlo, relaxation_squared, relaxation_as_printed) and
        quantity (mean_1, mean_2, covariance_11, covariance_22, boundary_slope, gradient_alignment_degrees).
        The true parameters stand at epsilon = 0.

    Raises:
        UserError: a setting is outside its range.
    """
    truth = true_mean, true_variances = _checked(mean, variances, epsilons, samples)
    inputs = _draw(true_mean, true_variances, samples, numpy_generator("gaussian", seed))
    rows = _described(0.0, "true", true_mean, true_variances)
    for epsilon in epsilons:
        for method, robust_mean, covariance, _ in _solutions(inputs, *truth, epsilon):
            rows += _described(epsilon, method, robust_mean, covariance)
    return _tabulated(rows, seed).drop(columns="penalty")


def gaussian_theory_table(
    mean: Sequence[float],
    variances: Sequence[float],
    epsilons: Sequence[float],
    penalties: Sequence[float],
    *,
    samples: int,
    seed: int,
) -> pd.DataFrame:
    """Check Theorems 1-3 by numbers; arguments as :func:`gaussian_table`, ``penalties`` are Theorem 1's C.

    Returns:
        As :func:`gaussian_table`, with a column ``penalty``. Theorem 1 has a penalty and no epsilon:
        closed_form_excess_loss (formula) and adversarial_excess_loss (monte_carlo, monte_carlo_literal), and
        both again with the suffix _isotropic for the isotropic covariance of equal trace. Theorem 2 adds
        mean_error (||mu_r - mu*||_2) and multiplier (lambda, relaxations at epsilon > 0). Theorem 3 adds
        worst_case_cosine and worst_case_cosine_searched.

    Raises:
        UserError: a setting is outside its range.
    """
    truth = true_mean, true_variances = _checked(mean, variances, epsilons, samples, penalties)
    isotropic = np.full_like(true_variances, true_variances.mean())
    generator = numpy_generator("gaussian_theory", seed)
    inputs = _draw(true_mean, true_variances, samples, generator)
    noise = (inputs - true_mean) / np.sqrt(true_variances)
    rows: list[_ROW] = []
    for penalty in penalties:
        for suffix, spread in (("", true_variances), ("_isotropic", isotropic)):
            deviations = noise * np.sqrt(spread)
            closed = closed_form_excess_loss(spread, penalty)
            rows.append((np.nan, penalty, "formula", f"closed_form_excess_loss{suffix}", closed))
            for method, literal in (("monte_carlo", False), ("monte_carlo_literal", True)):
                measured = adversarial_excess_loss(deviations, spread, penalty, literal)
                rows.append((np.nan, penalty, method, f"adversarial_excess_loss{suffix}", measured))
    for epsilon in epsilons:
        for method, robust_mean, covariance, multiplier in _solutions(inputs, *truth, epsilon):
            further = {
                "mean_error": float(np.linalg.norm(robust_mean - true_mean)),
                "multiplier": multiplier,
                "worst_case_cosine": worst_case_cosine(covariance),
                "worst_case_cosine_searched": searched_worst_case_cosine(covariance, generator),
            }
            rows += _described(epsilon, method, robust_mean, covariance)
            rows += [(epsilon, np.nan, method, *each) for each in further.items() if np.isfinite(each[1])]
    return _tabulated(rows, seed)


def _solutions(
    inputs: Array, mean: Array, variances: Array, epsilon: float
) -> list[tuple[str, Array, Array, float]]:
    """Return method, mu_r, diagonal of Sigma_r and lambda (NaN where there is no single one)."""
    return [
        ("monte_carlo", *fit_robust(inputs, epsilon), np.nan),
        ("relaxation_squared", mean, *relaxed_covariance(variances, epsilon, squared=True)),
        ("relaxation_as_printed", mean, *relaxed_covariance(variances, epsilon, squared=False)),
    ]


def _draw(mean: Array, variances: Array, samples: int, generator: np.random.Generator) -> Array:
    """Draw y x ~ N(mu*, Sigma*), shape (samples, d)."""
    noise = generator.standard_normal((samples, len(mean)))
    return mean + np.sqrt(variances) * noise


def _described(epsilon: float, method: str, mean: Array, variances: Array) -> list[_ROW]:
    names = ("mean_1", "mean_2", "covariance_11", "covariance_22")
    values = dict(zip(names, [*mean, *variances], strict=True))
    values["boundary_slope"] = boundary_slope(mean, variances)
    values["gradient_alignment_degrees"] = gradient_alignment(mean, variances)
    return [(epsilon, np.nan, method, quantity, float(value)) for quantity, value in values.items()]


def _tabulated(rows: list[_ROW], seed: int) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["epsilon", "penalty", "method", "quantity", "value"])
    table.insert(0, "seed", seed)
    return table


def _checked(
    mean: Sequence[float],
    variances: Sequence[float],
    epsilons: Sequence[float],
    samples: int,
    penalties: Sequence[float] = (),
) -> tuple[Array, Array]:
    if len(mean) != 2 or len(variances) != 2:
        raise UserError(f"gaussian: mean and variances must be two numbers each, found {mean}, {variances}")
    if not all(np.isfinite(value) and value > 0 for value in variances):
        raise UserError(f"gaussian: variances must be finite and above 0, found {list(variances)}")
    if not all(np.isfinite(value) and value >= 0 for value in epsilons):
        raise UserError(f"gaussian: epsilons must be finite and 0 or more, found {list(epsilons)}")
    if samples < 2:
        raise UserError(f"gaussian: samples must be 2 or more, found {samples}")
    least = 1 / min(variances)
    if not all(penalty > least for penalty in penalties):
        raise UserError(
            f"gaussian: penalties must be above 1 / (smallest variance) = {least:g}, "
            f"found {list(penalties)}; Theorem 1's loss is infinite there"
        )
    return np.asarray(mean, dtype=float), np.asarray(variances, dtype=float)
