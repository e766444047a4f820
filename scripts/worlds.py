"""Simulate the two worlds of the response."""

from advex.artifacts import write_table
from advex.records import recorded
from advex.worlds import worlds_table

with recorded(snakemake):
    table = worlds_table(**snakemake.params.settings, seed=int(snakemake.params.seed))
    write_table(snakemake.output.table, table)
