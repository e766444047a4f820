"""Fit robust linear classifiers and measure their features."""

from advex.common.artifacts import write_table
from advex.common.images import ImageSet
from advex.discussion.goh_leakage.linear_classifiers import robust_linear_features_table, weight_images
from advex.records.records import recorded

with recorded(snakemake):
    settings = snakemake.params.settings
    train = ImageSet.read(snakemake.input.whole_train)
    table, features = robust_linear_features_table(
        train,
        ImageSet.read(snakemake.input.whole_test),
        settings["penalties"],
        settings["epsilon"],
        int(snakemake.params.seed),
    )
    write_table(snakemake.output.table, table)
    weight_images(features, train).write(snakemake.output.weights)
