"""Measure models on data sets, for one seed."""

from advex.artifacts import write_table
from advex.devices import Device
from advex.instruments.entries import MeasurementEntry
from advex.instruments.measure import measure
from advex.records import recorded

with recorded(snakemake):
    entries = [MeasurementEntry(**entry) for entry in snakemake.params.entries]
    device = Device.choose(snakemake.params.precision, snakemake.threads)
    instruments = snakemake.config["entry_points"]["instruments"]
    write_table(snakemake.output.table, measure(entries, int(snakemake.params.seed), device, instruments))
