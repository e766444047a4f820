"""Write the interactive page of linear features."""

from advex.common.artifacts import read_table
from advex.common.files import write_text
from advex.common.pictures import Picture
from advex.discussion.goh_features.explorer import explorer_html
from advex.records.records import recorded

with recorded(snakemake):
    page = explorer_html(
        snakemake.input.template,
        snakemake.params.study,
        read_table(snakemake.input.singular_vectors),
        read_table(snakemake.input.ensembles),
        read_table(snakemake.input.containments),
        Picture.read(snakemake.input.thumbnails),
    )
    write_text(snakemake.output.page, page)
