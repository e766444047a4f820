"""Learning from adversarial examples in the plane, on random points and on the published ones."""

from collections.abc import Mapping
from typing import Any

from advex.common.artifacts import read_table
from advex.common.machine.devices import Device
from advex.discussion.wallace.two_dimensional import Fit, published_points, two_dimensional
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


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
