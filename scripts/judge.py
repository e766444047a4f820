"""Hold the published claims against the measured tables."""

from pathlib import Path

import pandas as pd

from advex.common.artifacts import read_table, write_table
from advex.judge.claims import load_claims, load_published
from advex.judge.guards import warnings
from advex.judge.judge import judge
from advex.records.records import recorded

with recorded(snakemake):
    tables = {
        f"{Path(path).parent.name}/{Path(path).stem}": read_table(path) for path in snakemake.input.tables
    }
    table = judge(
        load_claims(snakemake.input.claims),
        tables,
        load_published(snakemake.input.published),
        **snakemake.params.judging,
    )
    write_table(snakemake.output.table, table)
    found = warnings(
        tables,
        snakemake.params.judging["classes"],
        snakemake.params.sources,
        read_table(snakemake.input.origin),
    )
    write_table(snakemake.output.warnings, pd.DataFrame({"warning": found}, dtype=str))
