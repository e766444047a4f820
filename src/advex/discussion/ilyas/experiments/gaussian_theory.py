"""Theorems 1 to 3, checked numerically."""

from collections.abc import Mapping
from typing import Any

from advex.discussion.ilyas.gaussian import gaussian_theory_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Check them on one draw of samples."""
    table = gaussian_theory_table(
        settings["mean"],
        settings["variances"],
        settings["theory_epsilons"],
        settings["penalties"],
        samples=settings["samples"],
        seed=seed,
    )
    return {"gaussian_theory": table}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: mathematics in two dimensions."""
    return Work()
