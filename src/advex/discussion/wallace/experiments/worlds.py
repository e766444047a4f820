"""The two worlds of the response, simulated."""

from collections.abc import Mapping
from typing import Any

from advex.discussion.wallace.worlds import worlds_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Simulate them once."""
    return {"worlds": worlds_table(**settings, seed=seed)}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: mathematics in two dimensions."""
    return Work()
