"""Measure the linear features of pairs of classes."""

from advex.common.artifacts import write_table
from advex.common.images import ImageSet
from advex.discussion.goh_features.feature_studies import sizes_from, study
from advex.records.records import recorded

with recorded(snakemake):
    tables, thumbnails = study(
        ImageSet.read(snakemake.input.whole_train),
        ImageSet.read(snakemake.input.whole_test),
        sizes_from(snakemake.params.settings),
        int(snakemake.params.seed),
    )
    for name, table in tables.items():
        write_table(snakemake.output[name], table)
    thumbnails.write(snakemake.output.thumbnails)
