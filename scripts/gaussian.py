"""Fit the Gaussian model of Fig. 4 at each radius."""

from advex.common.artifacts import write_table
from advex.discussion.ilyas.gaussian import gaussian_table
from advex.records.records import recorded

with recorded(snakemake):
    settings = snakemake.params.settings
    table = gaussian_table(
        settings["mean"],
        settings["variances"],
        settings["epsilons"],
        samples=settings["samples"],
        seed=int(snakemake.params.seed),
    )
    write_table(snakemake.output.table, table)
