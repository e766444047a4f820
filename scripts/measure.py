"""Measure models on data sets, for one seed."""

from advex.common.artifacts import write_table
from advex.common.machine.devices import Device
from advex.measure.entries import MeasurementEntry
from advex.measure.measure import measure
from advex.records.records import recorded

with recorded(snakemake):
    entries = [MeasurementEntry(**entry) for entry in snakemake.params.entries]
    device = Device.choose(snakemake.params.precision, snakemake.threads)
    write_table(snakemake.output.table, measure(entries, int(snakemake.params.seed), device))
