"""Adversarial Squares, by networks and by the exact linear interpolator."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from advex.common.machine.devices import Device
from advex.discussion.nakkiran.settings import SquaresSettings
from advex.discussion.nakkiran.squares import linear_squares_table
from advex.discussion.nakkiran.squares_networks import network_squares_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Fit both to one draw of squares."""
    device = Device.choose(machine.precision, machine.threads)
    linear = linear_squares_table(**settings["linear"], seed=seed)
    networks = network_squares_table(**settings["network"], device=device, seed=seed)
    return {"squares": pd.concat([linear, networks], ignore_index=True)}


def work(inputs: Inputs, sizes: SquaresSettings, meter: Meter) -> Work:
    """Count the networks: one for each combination of noises, looked at and attacked at some steps."""
    row = sizes.network
    one = meter.passes_of(row.architecture.name, row.architecture.options, row.channels, 2, row.side)
    networks, looks = len(row.label_noise) * len(row.pixel_noise), len(row.evaluate_after)
    trained = row.evaluate_after[-1] * min(row.batch_size, row.images) * one.train
    tests = (row.images + row.test_images) * one.forward
    attacks = len(row.epsilons) * row.test_images * (row.attack_steps * one.attack + 3 * one.forward)
    return Work(train=networks * trained, attack=networks * looks * (tests + attacks))
