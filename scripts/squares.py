"""Fit Adversarial Squares, by networks and by the exact linear interpolator."""

import pandas as pd

from advex.common.artifacts import write_table
from advex.common.devices import Device
from advex.discussion.nakkiran.squares import linear_squares_table
from advex.discussion.nakkiran.squares_networks import network_squares_table
from advex.records.records import recorded

with recorded(snakemake):
    settings, seed = snakemake.params.settings, int(snakemake.params.seed)
    device = Device.choose(snakemake.params.precision, snakemake.threads)
    linear = linear_squares_table(**settings["linear"], seed=seed)
    networks = network_squares_table(**settings["network"], device=device, seed=seed)
    write_table(snakemake.output.table, pd.concat([linear, networks], ignore_index=True))
