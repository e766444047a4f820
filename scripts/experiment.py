"""Run one experiment that has a job of its own: the function that its row names."""

from advex.experiments.contract import Inputs, Machine, run_experiment
from advex.records import recorded

with recorded(snakemake):
    run_experiment(
        snakemake.config["entry_points"]["experiments"][snakemake.params.experiment],
        Inputs.named(snakemake.input.items()),
        snakemake.params.settings,
        int(snakemake.params.seed),
        Machine(snakemake.params.precision, snakemake.threads),
        dict(snakemake.output.items()),
    )
