"""Fit Adversarial Squares of two pixels by a small network."""

import torch

from advex.common.artifacts import write_table
from advex.discussion.nakkiran.squares_networks import plane_table
from advex.records.records import recorded

with recorded(snakemake):
    torch.set_num_threads(snakemake.threads)
    table = plane_table(**snakemake.params.settings, seed=int(snakemake.params.seed))
    write_table(snakemake.output.table, table)
