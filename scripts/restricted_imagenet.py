"""Prepare the images of Restricted ImageNet, file to file."""

from pathlib import Path

import pandas as pd

from advex.common.artifacts import write_table
from advex.discussion.ilyas.restricted_imagenet import prepare_restricted_imagenet
from advex.records.records import recorded

with recorded(snakemake):
    data = snakemake.params.data
    provenance = prepare_restricted_imagenet(
        Path(snakemake.resources.mirror or "data/imagenet"),
        {"train": Path(snakemake.output.train), "test": Path(snakemake.output.test)},
        {"study": snakemake.params.study},
        size=data["image_size"] or 224,
        train_images=data["train_images"],
        test_images=data["test_images"],
        threads=snakemake.threads,
    )
    write_table(snakemake.output.origin, pd.DataFrame([provenance]))
