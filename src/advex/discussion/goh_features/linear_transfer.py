"""The next-class experiment for linear features: which of them teach anything that holds on natural images.

Goh's comment notes, and the authors' reply stresses, that the data set of next-class examples tells two kinds
of useful, non-robust features apart. Here the source model is one linear feature f of two classes: every
training input is moved against its label by the shortest step that makes a given share of them cross f = 0,
and labelled with the other class. A linear learner sees those examples only. All is exact: no gradient and no
sampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from advex.common.artifacts import Array
from advex.discussion.goh_features.linear_features import SingularVectors

Learner = Literal["least_squares", "difference_of_means"]
LEARNERS: tuple[Learner, ...] = ("least_squares", "difference_of_means")


@dataclass(frozen=True)
class NextClassSet:
    """Moments of the constructed inputs x + t epsilon a / ||a||_2 with labels t = -y, in the eigenbasis.

    Attributes:
        epsilon: length of every step, in units of x.
        direction: (k,) a / ||a||_2.
        natural: (k,) E[y z] of the natural inputs, z_i = a_i^T x.
        variances: (k,) E[z_i^2] of the natural inputs.
    """

    epsilon: float
    direction: Array
    natural: Array
    variances: Array

    def learn(self, learner: Learner, seen: Array) -> Array:
        """Fit a linear learner to the coordinates where ``seen`` (k,) is true; 0 elsewhere; shape (k,).

        The set has E[t z'] = epsilon u - g and E[z' z'^T] = diag(v) - epsilon (g u^T + u g^T) + epsilon^2 u
        u^T, with g = E[y z]: a diagonal and two more directions, so least squares has a short closed form.
        """
        direction, natural, variances = (
            array[seen] for array in (self.direction, self.natural, self.variances)
        )
        means = self.epsilon * direction - natural
        weights = np.zeros(len(seen))
        if learner == "difference_of_means":
            weights[seen] = means
            return weights
        pair = np.stack([natural, direction], axis=1)
        scaled = pair / variances[:, np.newaxis]
        change = np.array([[0.0, -self.epsilon], [-self.epsilon, self.epsilon**2]])
        # Woodbury's identity in a form that needs no inverse of ``change``.
        inner = np.eye(2) + change @ (pair.T @ scaled)
        weights[seen] = means / variances - scaled @ np.linalg.solve(inner, change @ (scaled.T @ means))
        return weights


def next_class_set(
    features: SingularVectors, coefficients: Array, margins: Array, success: float
) -> NextClassSet:
    """Attack a linear feature by the shortest common step that takes a share of the inputs across.

    Args:
        features: the singular vectors of the training inputs.
        coefficients: (k,) the source feature a in their basis.
        margins: (n,) y f(x) of the training inputs, f of variance one.
        success: share of the inputs to cross f = 0, above the share that is on the wrong side already.
    """
    _, robust = features.combine(coefficients)
    shift = max(float(np.quantile(margins, success)), 0.0)
    return NextClassSet(
        shift * float(robust),
        coefficients / np.linalg.norm(coefficients),
        features.usefulness * features.robustness,
        features.robustness**2,
    )


def accuracy(weights: Array, scores: Array, labels: Array) -> float:
    """Return the percentage of inputs, by their coordinates (n, k), whose sign is their label."""
    return 100 * float(np.mean(np.sign(scores @ weights) == labels))


def transfer_rows(
    features: SingularVectors,
    sources: dict[str, Array],
    train_scores: Array,
    train_labels: Array,
    test_scores: Array,
    test_labels: Array,
    successes: Sequence[float],
) -> list[dict[str, object]]:
    """Run the experiment for each source feature, learner and share of success.

    Args:
        features: the singular vectors.
        sources: (k,) coefficients of source features by name; their non-zero coordinates are their parts.
        train_scores: (n, k) coordinates of the training inputs.
        train_labels: (n,) -1 or +1.
        test_scores: coordinates of held-out natural inputs.
        test_labels: their labels.
        successes: shares of the training inputs that the attack takes across.

    Returns:
        Rows with name (the source), sees (parts: the coordinates the feature is made of; all: every one),
        learner, at (success), quantity, value. ``transfer_accuracy``: of the learner, on held-out inputs,
        in percent; ``source_accuracy``: of the source feature there; ``transfer_epsilon``: length of the
        step.
    """
    rows: list[dict[str, object]] = []
    for name, coefficients in sources.items():
        scores = train_scores @ coefficients
        margins = train_labels * scores / np.sqrt(np.mean(scores**2))
        found = accuracy(coefficients, test_scores, test_labels)
        rows.append({"name": name, "quantity": "source_accuracy", "value": found})
        for success in successes:
            constructed = next_class_set(features, coefficients, margins, success)
            rows.append(
                {"name": name, "at": success, "quantity": "transfer_epsilon", "value": constructed.epsilon}
            )
            for sees, seen in (("parts", coefficients != 0), ("all", np.ones(len(coefficients), dtype=bool))):
                for learner in LEARNERS:
                    weights = constructed.learn(learner, seen)
                    rows.append(
                        {
                            "name": name,
                            "sees": sees,
                            "learner": learner,
                            "at": success,
                            "quantity": "transfer_accuracy",
                            "value": accuracy(weights, test_scores, test_labels),
                        }
                    )
    return rows
