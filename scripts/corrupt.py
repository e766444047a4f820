"""Corrupt a study's test images, or read their published corruptions."""

from advex.images import ImageSet
from advex.records import recorded
from advex.sources.cifar10_c import corrupted_test_set

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
