"""Pick the images that a figure shows."""

from advex.images import ImageSet
from advex.logs import logged
from advex.pictures import pick

with logged(snakemake.log[0], snakemake.rule):
    settings = snakemake.params.picture
    rows = {row: ImageSet.read(snakemake.input[dataset]) for row, dataset in settings["rows"].items()}
    pick(rows, settings["columns"], settings["aligned_by"]).write(snakemake.output.picture)
