"""Run one experiment that has a job of its own: the module of its name."""

from advex.measure.contract import Inputs, Machine, run_experiment
from advex.records.records import recorded
from advex.registries import EXPERIMENTS

with recorded(snakemake):
    run_experiment(
        EXPERIMENTS[snakemake.params.experiment],
        Inputs.named(snakemake.input.items()),
        snakemake.params.settings,
        int(snakemake.params.seed),
        Machine(snakemake.params.precision, snakemake.threads),
        dict(snakemake.output.items()),
    )
