"""Draw one figure: the module of its name draws it from its measurements."""

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.draw.lettering import Context
from advex.draw.style import save
from advex.records.records import recorded
from advex.registries import FIGURES

with recorded(snakemake):
    paths = dict(zip(snakemake.params.names, snakemake.input.measurements, strict=True))
    measurements = {
        name: read_table(path) if path.endswith(".csv") else Picture.read(path)
        for name, path in paths.items()
    }
    context = Context(**snakemake.params.context).with_origin(*map(read_table, snakemake.input.origin))
    draw = FIGURES[snakemake.params.figure]
    figure = draw(measurements, read_table(snakemake.input.published), context)
    save(figure, snakemake.output.svg, snakemake.output.png)
