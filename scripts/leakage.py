"""Measure what networks and what robust features alone learn from constructed sets, for one seed."""

from advex.common.artifacts import write_table
from advex.common.devices import Device
from advex.common.images import ImageSet
from advex.discussion.goh_leakage.leakage import leakage_table
from advex.networks.stored_models import read_model
from advex.records.records import recorded

with recorded(snakemake):
    settings = snakemake.params.settings
    device = Device.choose(snakemake.params.precision, snakemake.threads)
    datasets = {
        name: ImageSet.read(path) for name, path in snakemake.input.items() if not name.startswith("model_")
    }
    models = {
        name.removeprefix("model_"): read_model(path, device)
        for name, path in snakemake.input.items()
        if name.startswith("model_")
    }
    table = leakage_table(
        natural=datasets.pop("natural_train"),
        test=datasets.pop("natural_test"),
        constructed=datasets,
        robust=models.pop("robust"),
        networks=models,
        penalties=settings["penalties"],
        epsilon=settings["epsilon"],
        device=device,
        seed=int(snakemake.params.seed),
    )
    write_table(snakemake.output.table, table)
