"""Write the study's page: claims, figures, verdicts and the scorecard."""

from pathlib import Path

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.judge.claims import load_claims, load_published
from advex.judge.pages.power import power_table
from advex.judge.pages.sources import load_names, load_sources
from advex.judge.pages.study.page import results_page
from advex.judge.pages.study.sweeps import load_sweeps, swept
from advex.records.records import recorded

with recorded(snakemake):
    tables = {
        f"{Path(path).parent.name}/{Path(path).stem}": read_table(path) for path in snakemake.input.tables
    }
    sweeps = load_sweeps(snakemake.input.sweeps).items()
    power = power_table(
        load_claims(snakemake.input.claims),
        tables,
        load_published(snakemake.input.published),
        **snakemake.params.judging,
    )
    page = results_page(
        template="report/page/index.html.j2",
        study=snakemake.params.study,
        scale=snakemake.params.scale,
        origin=read_table(snakemake.input.origin),
        figures=snakemake.input.figures,
        behind=snakemake.params.behind,
        pages=snakemake.params.pages,
        captions=snakemake.input.captions,
        scorecard=read_table(snakemake.input.scorecard),
        power=power,
        sweeps={
            figure: shown
            for figure, sweep in sweeps
            if sweep["table"] in tables and (shown := swept(sweep, tables[sweep["table"]]))
        },
        warnings=read_table(snakemake.input.warnings)["warning"],
        sources=load_sources(snakemake.input.sources),
        names=load_names(snakemake.input.names),
        discrepancies=Path(snakemake.input.discrepancies).read_text(encoding="utf-8"),
        citation=Path(snakemake.input.citation).read_text(encoding="utf-8"),
    )
    write_text(snakemake.output.page, page)
