"""Adversarial Squares of two pixels, fitted by a small network."""

from collections.abc import Mapping
from typing import Any

import torch

from advex.discussion.nakkiran.squares_networks import plane_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Fit one draw of points."""
    torch.set_num_threads(machine.threads)
    return {"squares_2d": plane_table(**settings, seed=seed)}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: a small perceptron in two dimensions."""
    return Work()
