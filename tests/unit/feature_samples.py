"""Made-up data of two classes, for tests of linear features."""

import numpy as np

from advex.discussion.goh_features.linear_features import TwoClasses


def data(count=400, size=6, seed=0):
    """Correlated inputs with mean zero, and labels that depend on them."""
    generator = np.random.default_rng(seed)
    inputs = generator.standard_normal((count, size)) @ generator.standard_normal((size, size))
    inputs -= inputs.mean(axis=0)
    order = np.argsort(inputs[:, 0] + generator.standard_normal(count))
    labels = np.empty(count)
    labels[order] = np.repeat([-1.0, 1.0], count // 2)
    return TwoClasses(inputs, labels)
