"""Measure models on data sets, for one seed."""

from advex.artifacts import write_table
from advex.devices import Device
from advex.instruments import MeasurementEntry, measure
from advex.logs import logged

with logged(snakemake.log[0], snakemake.rule):
    entries = [MeasurementEntry(**entry) for entry in snakemake.params.entries]
    device = Device.choose(snakemake.params.precision, snakemake.threads)
    write_table(snakemake.output.table, measure(entries, int(snakemake.params.seed), device))
