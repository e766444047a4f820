"""Construct one data set from its source model."""

from pathlib import Path

from advex import __version__
from advex.common.artifacts import write_table
from advex.common.checkpoint import Checkpoint
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import Construction, plain
from advex.construct.constructions import construct
from advex.networks.stored_models import read_ensemble, read_model
from advex.records.records import recorded

with recorded(snakemake) as job:
    construction = Construction(**snakemake.params.construction)
    device = Device.choose(snakemake.params.precision, snakemake.threads)
    images = ImageSet.read(snakemake.input.images)
    source = read_model(snakemake.input.source, device)
    ensemble = read_ensemble(path, device) if (path := snakemake.input.get("ensemble")) else None
    checkpoint = Checkpoint(Path(snakemake.params.checkpoint), job.fingerprint)
    stored_as = snakemake.params.stored_as
    dataset, measured = construct(
        construction, images, source, device, ensemble=ensemble, checkpoint=checkpoint, stored_as=stored_as
    )
    description = {
        "study": snakemake.params.study,
        "library": __version__,
        "construction": plain(construction),
    }
    write_table(snakemake.output.measured, measured)
    dataset.write(snakemake.output.dataset, description, stored_as)
    checkpoint.remove()
