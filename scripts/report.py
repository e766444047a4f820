"""Write the study's report: figures, captions and scorecard on one page."""

from advex.artifacts import read_table
from advex.files import write_text
from advex.records import recorded
from advex.report import report_html

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
