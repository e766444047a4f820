"""Add up what the study cost, from its benchmark files and logs."""

from advex.artifacts import write_table
from advex.costs import cost_table, job_costs
from advex.logs import logged

with logged(snakemake.log[0], snakemake.rule):
    write_table(
        snakemake.output.table, cost_table(job_costs(snakemake.params.results), snakemake.params.jobs)
    )
