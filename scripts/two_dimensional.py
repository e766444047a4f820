"""Learn from adversarial examples in the plane, on random points and on the published ones."""

from advex.common.artifacts import read_table, write_table
from advex.common.devices import Device
from advex.discussion.wallace.two_dimensional import Fit, published_points, two_dimensional
from advex.records.records import recorded

with recorded(snakemake):
    Device.choose(threads=snakemake.threads)
    settings = dict(snakemake.params.settings)
    how = Fit(*(settings.pop(name) for name in ("width", "depth", "learning_rate", "steps")))
    points, labels = published_points(read_table(snakemake.input.published))
    table, regions = two_dimensional(points, labels, how=how, seed=int(snakemake.params.seed), **settings)
    write_table(snakemake.output.table, table)
    regions.write(snakemake.output.regions)
