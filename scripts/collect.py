"""Join the tables of all seeds."""

import pandas as pd

from advex.common.artifacts import read_table, write_table
from advex.records.records import recorded

with recorded(snakemake):
    parts = [read_table(path) for path in snakemake.input]
    write_table(snakemake.output.table, pd.concat(parts, ignore_index=True))
