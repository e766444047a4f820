"""Write the interactive page of linear features."""

from advex.artifacts import read_table
from advex.explorer import explorer_html
from advex.files import write_text
from advex.pictures import Picture
from advex.records import recorded

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
