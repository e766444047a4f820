"""Simulate the two worlds of the response."""

from advex.common.artifacts import write_table
from advex.discussion.wallace.worlds import worlds_table
from advex.records.records import recorded

with recorded(snakemake):
    table = worlds_table(**snakemake.params.settings, seed=int(snakemake.params.seed))
    write_table(snakemake.output.table, table)
