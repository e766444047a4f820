"""Prepare a study's second test set."""

from advex.discussion.ilyas.cifar10_1 import load_cifar10_1
from advex.records.records import recorded

with recorded(snakemake):
    images, provenance = load_cifar10_1(
        snakemake.params.second_test,
        mirror=snakemake.resources.mirror or None,
        downloads=snakemake.params.downloads,
    )
    description = {"study": snakemake.params.study, "dataset": "second_test", **provenance}
    images.write(snakemake.output.dataset, description)
