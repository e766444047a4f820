"""Which class to aim at: the targets of attacks and constructions."""

import numpy as np

from advex.common.artifacts import Array


def random_class(labels: Array, classes: int, generator: np.random.Generator) -> Array:
    """Draw targets uniformly from all classes, the true one included (Fig. 6: t ~ uar [C])."""
    return generator.integers(classes, size=len(labels), dtype=np.int64)


def next_class(labels: Array, classes: int, generator: np.random.Generator | None = None) -> Array:
    """Return the next class, y + 1 mod C, as the target (Section 3.2)."""
    return (labels + 1) % classes


def previous_class(labels: Array, classes: int) -> Array:
    """Return the class before, y - 1 mod C: where poisoned training leads (addendum of comment 5)."""
    return (labels - 1) % classes
