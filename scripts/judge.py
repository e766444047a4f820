"""Hold the published claims against the measured tables."""

from pathlib import Path

from advex.artifacts import read_table, write_table
from advex.claims import load_claims, load_published
from advex.files import write_text
from advex.judge import judge
from advex.records import recorded
from advex.scorecard import scorecard_html

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
    write_text(snakemake.output.page, scorecard_html(table, snakemake.params.study, snakemake.input.template))
