"""Write the study's page: claims, figures, verdicts and the scorecard."""

from pathlib import Path

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.judge.claims import load_claims, load_published
from advex.judge.pages.power import power_table
from advex.judge.pages.sources import load_names, load_sources
from advex.judge.pages.study.page import results_page
from advex.records.records import recorded

with recorded(snakemake):
    power = power_table(
        load_claims(snakemake.input.claims),
        {f"{Path(path).parent.name}/{Path(path).stem}": read_table(path) for path in snakemake.input.tables},
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
        warnings=read_table(snakemake.input.warnings)["warning"],
        sources=load_sources(snakemake.input.sources),
        names=load_names(snakemake.input.names),
        discrepancies=Path(snakemake.input.discrepancies).read_text(encoding="utf-8"),
        citation=Path(snakemake.input.citation).read_text(encoding="utf-8"),
    )
    write_text(snakemake.output.page, page)
