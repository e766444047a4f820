"""Learning from adversarial examples in the plane, on random points and on the published ones."""

from collections.abc import Mapping
from typing import Any

from advex.artifacts import read_table
from advex.devices import Device
from advex.experiments.contract import Inputs, Machine, Made
from advex.two_dimensional import Fit, published_points, two_dimensional
from advex.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Fit all repetitions as one batch of perceptrons."""
    Device.choose(threads=machine.threads)
    others = dict(settings)
    how = Fit(*(others.pop(name) for name in ("width", "depth", "learning_rate", "steps")))
    points, labels = published_points(read_table(inputs.published))
    table, regions = two_dimensional(points, labels, how=how, seed=seed, **others)
    return {"two_dimensional": table, "regions": regions}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: small perceptrons in two dimensions."""
    return Work()
