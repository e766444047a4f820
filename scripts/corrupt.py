"""Corrupt a study's test images, or read their published corruptions."""

from advex.images import ImageSet
from advex.logs import logged
from advex.sources.cifar10_c import corrupted_test_set

with logged(snakemake.log[0], snakemake.rule):
    corruptions = snakemake.params.corruptions
    corrupted = corrupted_test_set(
        ImageSet.read(snakemake.input.images),
        corruptions["source"],
        corruptions["names"],
        mirror=snakemake.resources.mirror or None,
        downloads=snakemake.params.downloads,
    )
    description = {"study": snakemake.params.study, "dataset": "corrupted_test", **corruptions}
    corrupted.write(snakemake.output.dataset, description)
