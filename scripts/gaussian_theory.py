"""Check Theorems 1 to 3 numerically."""

from advex.common.artifacts import write_table
from advex.discussion.ilyas.gaussian import gaussian_theory_table
from advex.records.records import recorded

with recorded(snakemake):
    settings = snakemake.params.settings
    table = gaussian_theory_table(
        settings["mean"],
        settings["variances"],
        settings["theory_epsilons"],
        settings["penalties"],
        samples=settings["samples"],
        seed=int(snakemake.params.seed),
    )
    write_table(snakemake.output.table, table)
