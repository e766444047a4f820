"""Write the study's report: figures, captions and scorecard on one page."""

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.judge.report import report_html
from advex.records.records import recorded

with recorded(snakemake):
    page = report_html(
        template=snakemake.input.template,
        study=snakemake.params.study,
        title=snakemake.params.title,
        origin=read_table(snakemake.input.origin),
        figures=snakemake.input.figures,
        captions=snakemake.input.captions,
        scorecard=read_table(snakemake.input.scorecard),
    )
    write_text(snakemake.output.page, page)
