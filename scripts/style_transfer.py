"""Make and measure images by style transfer with one seed's networks."""

from advex.common.artifacts import read_table, write_table
from advex.common.devices import Device
from advex.discussion.nakano.style_studies import study_style
from advex.discussion.nakano.style_workshop import StyleSizes, Workshop
from advex.networks.stored_models import read_model
from advex.prepare.photographs import is_file, load_photograph, title_of
from advex.records.records import recorded

with recorded(snakemake):
    settings = dict(snakemake.params.settings)
    contents, styles, _ = (settings.pop(name, None) for name in ("content", "style", "folder"))
    names = [*contents, *styles]
    files = dict(zip(filter(is_file, names), snakemake.input.files, strict=True))
    device = Device.choose(threads=snakemake.threads)
    models = {
        name.removeprefix("model_"): read_model(path, device)
        for name, path in snakemake.input.items()
        if name.startswith("model_")
    }
    photographs = {
        title_of(name): load_photograph(name, settings["image_size"], files.get(name)) for name in names
    }
    tables, picture = study_style(
        Workshop(models, photographs, StyleSizes(**settings), int(snakemake.params.seed), device),
        [title_of(name) for name in contents],
        [title_of(name) for name in styles],
        read_table(snakemake.input.measured_layer_robustness),
    )
    for name, table in tables.items():
        write_table(snakemake.output[name], table)
    picture.write(snakemake.output.images)
