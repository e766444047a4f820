"""Learn tasks from other images that a teacher labels, for one seed."""

from advex.common.artifacts import write_table
from advex.common.devices import Device
from advex.common.images import ImageSet
from advex.discussion.wallace.other_dataset import grey_pair, other_dataset
from advex.networks.own_network import NetworkSettings
from advex.records.records import recorded

with recorded(snakemake):
    settings = dict(snakemake.params.settings)
    networks = {name: NetworkSettings(**settings[name]) for name in ("teacher", "student")}
    other_students = {name: NetworkSettings(**row) for name, row in settings["other_students"].items()}
    images = {name.removeprefix("other_"): ImageSet.read(path) for name, path in snakemake.input.items()}
    pairs = {
        name: grey_pair(
            images[f"{row['task']}_train"], images[f"{row['task']}_test"], images[f"{row['images']}_train"]
        )
        for name, row in settings["pairs"].items()
    }
    table, picture = other_dataset(
        pairs,
        **networks,
        other_students=other_students,
        device=Device.choose(snakemake.params.precision, snakemake.threads),
        seed=int(snakemake.params.seed),
    )
    write_table(snakemake.output.table, table)
    picture.write(snakemake.output.other_images)
