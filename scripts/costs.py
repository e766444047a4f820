"""Add up what the study cost, from its benchmark files and logs."""

from pathlib import Path

from advex.artifacts import write_table
from advex.costs import cost_table, job_costs
from advex.records import recorded

with recorded(snakemake):
    jobs = job_costs(Path(snakemake.output.table).parent)
    write_table(snakemake.output.table, cost_table(jobs, snakemake.params.jobs))
