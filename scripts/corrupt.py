"""Corrupt a study's test images, or read their published corruptions."""

from advex.common.images import ImageSet
from advex.discussion.gilmer_hendrycks.cifar10_c import corrupted_test_set
from advex.records.records import recorded

with recorded(snakemake):
    corruptions = snakemake.params.corruptions
    corrupted = corrupted_test_set(
        ImageSet.read(snakemake.input.images),
        corruptions.get("source", "generated"),
        corruptions["names"],
        mirror=snakemake.resources.mirror or None,
        downloads=snakemake.params.downloads,
    )
    description = {"study": snakemake.params.study, "dataset": "corrupted_test", **corruptions}
    corrupted.write(snakemake.output.dataset, description)
