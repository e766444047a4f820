"""Prepare a study's natural images."""

import pandas as pd

from advex.common.artifacts import write_table
from advex.prepare.sources import prepare
from advex.records.records import recorded

with recorded(snakemake):
    data = snakemake.params.data
    prepared = prepare(
        data["source"],
        mirror=snakemake.resources.mirror or None,
        downloads=snakemake.params.downloads,
        train_images=data["train_images"],
        test_images=data["test_images"],
        image_size=data["image_size"],
        channels=data["channels"],
        classes=data["classes"],
    )
    description = {"study": snakemake.params.study, **prepared.provenance}
    write_table(snakemake.output.origin, pd.DataFrame([prepared.provenance]))
    prepared.train.write(snakemake.output.train, {**description, "dataset": "natural_train"})
    prepared.test.write(snakemake.output.test, {**description, "dataset": "natural_test"})
