"""Draw one figure: the module of its name draws it from its measurements, under what its claims come to."""

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.draw.lettering import Context
from advex.draw.style import save
from advex.judge.claims import load_claims, load_published
from advex.judge.shown import verdicts_shown
from advex.records.records import recorded
from advex.registries import FIGURES

with recorded(snakemake):
    paths = dict(zip(snakemake.params.names, snakemake.input.measurements, strict=True))
    tables = {name: read_table(path) for name, path in paths.items() if path.endswith(".csv")}
    pictures = {name: Picture.read(path) for name, path in paths.items() if name not in tables}
    premises = dict(zip(snakemake.params.premises, map(read_table, snakemake.input.premises), strict=True))
    published = load_published([snakemake.input.published])
    verdicts = verdicts_shown(
        load_claims(snakemake.input.claims),
        snakemake.params.figure,
        tables | premises,
        published,
        **snakemake.params.judging,
    )
    context = Context(**snakemake.params.context, verdicts=verdicts)
    draw = FIGURES[snakemake.params.figure]
    figure = draw(tables | pictures, published, context.with_origin(*map(read_table, snakemake.input.origin)))
    save(figure, snakemake.output.svg, snakemake.output.png)
