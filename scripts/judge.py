"""Hold the published claims against the measured tables."""

from pathlib import Path

from advex.common.artifacts import read_table, write_table
from advex.common.files import write_text
from advex.judge.claims import load_claims, load_published
from advex.judge.guards import warnings
from advex.judge.judge import judge
from advex.judge.scorecard import scorecard_html
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
    doubts = warnings(
        tables,
        snakemake.params.judging["classes"],
        snakemake.params.sources,
        read_table(snakemake.input.origin),
    )
    page = scorecard_html(table, snakemake.params.study, snakemake.input.template, doubts)
    write_text(snakemake.output.page, page)
