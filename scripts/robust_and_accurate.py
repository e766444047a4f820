"""Fit both classifiers of Fig. 14."""

from advex.common.artifacts import write_table
from advex.discussion.ilyas.ellipses import robust_and_accurate_table
from advex.records.records import recorded

with recorded(snakemake):
    settings = snakemake.params.settings
    table = robust_and_accurate_table(settings["samples"], settings["epsilon"], int(snakemake.params.seed))
    write_table(snakemake.output.table, table)
