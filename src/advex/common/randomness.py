"""All randomness comes from here: generators seeded with names, so that no two things share a stream.

A name says what is drawn, for what and in which repetition: ``("training", "on_det", 3)``. Things with other
names draw other numbers, though the numbers of their repetitions are equal; the same name gives the same
numbers in every process and on every machine. Those of torch are in :mod:`advex.common.machine.devices`,
since what draws with NumPy alone runs where there is no torch. A test sees that nothing else makes
generators.
"""

import hashlib

import numpy as np

_SUBSETS = 0


def stable_seed(*name: str | int) -> int:
    """Hash names and numbers to a seed in 0..2**63 - 1 that is the same in every process."""
    digest = hashlib.sha256("/".join(map(str, name)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def numpy_generator(*name: str | int) -> np.random.Generator:
    """Return NumPy's generator of a name."""
    return np.random.default_rng(stable_seed(*name))


def subsets_generator() -> np.random.Generator:
    """Return the generator that chooses which images a study takes, the same in all studies and repetitions.

    It has a number for a name and keeps it: sizes and recipes were chosen on training images of this choice,
    so another one would put images that decided something among the test images.
    """
    return np.random.default_rng(_SUBSETS)
