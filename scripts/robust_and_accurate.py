"""Fit both classifiers of Fig. 14."""

from advex.artifacts import write_table
from advex.ellipses import robust_and_accurate_table
from advex.records import recorded

with recorded(snakemake):
    settings = snakemake.params.settings
    table = robust_and_accurate_table(settings["samples"], settings["epsilon"], int(snakemake.params.seed))
    write_table(snakemake.output.table, table)
