"""Both classifiers of Fig. 14."""

from collections.abc import Mapping
from typing import Any

from advex.discussion.ilyas.ellipses import robust_and_accurate_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Fit them to one draw of both ellipses."""
    return {"robust_and_accurate": robust_and_accurate_table(settings["samples"], settings["epsilon"], seed)}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: mathematics in two dimensions."""
    return Work()
