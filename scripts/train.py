"""Train one model."""

from pathlib import Path

from advex import __version__
from advex.common.artifacts import write_table
from advex.common.checkpoint import Checkpoint
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import TrainingRun, plain
from advex.networks.stored_models import write_model
from advex.records.records import recorded
from advex.train.jobs import train_job

with recorded(snakemake) as job:
    run = TrainingRun(**snakemake.params.run)
    checkpoint = Checkpoint(Path(snakemake.params.checkpoint), job.fingerprint)
    model, history = train_job(
        run,
        ImageSet.read(snakemake.input.training_set),
        ImageSet.read(snakemake.input.test_set),
        Device.choose(snakemake.params.precision, snakemake.threads),
        checkpoint,
    )
    description = {"study": snakemake.params.study, "library": __version__, "run": plain(run)}
    write_table(snakemake.output.history, history)
    write_model(snakemake.output.model, model, run.architecture, description, snakemake.params.stored_as)
    checkpoint.remove()
