"""Pick the images that a figure shows."""

from advex.common.images import ImageSet
from advex.common.pictures import pick
from advex.records.records import recorded

with recorded(snakemake):
    settings = snakemake.params.picture
    rows = {row: ImageSet.read(snakemake.input[dataset]) for row, dataset in settings["rows"].items()}
    pick(rows, settings["columns"], settings["aligned_by"]).write(snakemake.output.picture)
