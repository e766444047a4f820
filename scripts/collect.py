"""Join the tables of all seeds."""

import pandas as pd

from advex.artifacts import read_table, write_table
from advex.logs import logged

with logged(snakemake.log[0], snakemake.rule):
    parts = [read_table(path) for path in snakemake.input]
    write_table(snakemake.output.table, pd.concat(parts, ignore_index=True))
