"""Write the interactive page of linear features."""

from advex.artifacts import read_table, write_text
from advex.explorer import explorer_html
from advex.logs import logged
from advex.pictures import Picture

with logged(snakemake.log[0], snakemake.rule):
    page = explorer_html(
        snakemake.input.template,
        snakemake.params.study,
        read_table(snakemake.input.singular_vectors),
        read_table(snakemake.input.ensembles),
        read_table(snakemake.input.containments),
        Picture.read(snakemake.input.thumbnails),
    )
    write_text(snakemake.output.page, page)
