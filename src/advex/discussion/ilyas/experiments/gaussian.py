"""The Gaussian model of Fig. 4 at each radius."""

from collections.abc import Mapping
from typing import Any

from advex.discussion.ilyas.gaussian import gaussian_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Fit it to one draw of samples."""
    table = gaussian_table(
        settings["mean"], settings["variances"], settings["epsilons"], samples=settings["samples"], seed=seed
    )
    return {"gaussian": table}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: mathematics in two dimensions."""
    return Work()
