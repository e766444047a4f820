"""Train a teacher, and students of its mistakes, for one seed."""

from advex.common.artifacts import write_table
from advex.common.devices import Device
from advex.common.images import ImageSet
from advex.discussion.wallace.own_mistakes import own_mistakes
from advex.networks.own_network import NetworkSettings
from advex.records.records import recorded

with recorded(snakemake):
    settings = dict(snakemake.params.settings)
    networks = {name: NetworkSettings(**settings[name]) for name in ("teacher", "student", "other_student")}
    stops = settings["stops"]
    table, picture = own_mistakes(
        ImageSet.read(snakemake.input.natural_train),
        ImageSet.read(snakemake.input.natural_test),
        **networks,
        kind=stops["kind"],
        at=stops["at"],
        headline=stops["headline"],
        evaluate_every=stops.get("evaluate_every", 1),
        device=Device.choose(snakemake.params.precision, snakemake.threads),
        seed=int(snakemake.params.seed),
    )
    write_table(snakemake.output.table, table)
    picture.write(snakemake.output.mistakes)
