"""Ask the workflow why an artifact would be made again: ``make why ARTIFACT=results/...``."""

import contextlib
import io
import logging
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

from advex.common.errors import UserError
from advex.records.records import own_records, shipped_records
from advex.records.verification import MEMORY, Contents, compare
from advex.records.why import Planned, why


def planned(artifact: str) -> list[Planned]:
    """Return the jobs behind an artifact, and the one that writes it, as the workflow has them today.

    Raises:
        UserError: the workflow cannot be read, or has no such artifact.
    """
    logging.getLogger("snakemake").setLevel(logging.CRITICAL)
    settings = OutputSettings(quiet={Quietness.ALL})
    try:
        with contextlib.redirect_stdout(io.StringIO()), SnakemakeApi(settings) as api:
            workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))
            workflow.dag(DAGSettings(targets={artifact})).summary()
            jobs = list(workflow._workflow.dag.jobs)
    except WorkflowError as error:
        raise UserError(f"{artifact}: {error}") from error
    return [_plain(job) for job in jobs if job.log]


def _plain(job: Any) -> Planned:
    return Planned(
        log=str(job.log[0]),
        script=Path(job.rule.basedir.get_path_or_uri(secret_free=True), job.rule.script).resolve(),
        params=dict(job.params.items()),
        inputs=[str(path) for path in job.input],
        outputs=[str(path) for path in job.output],
    )


def main(artifact: str) -> None:
    """Print why an artifact would be made again."""
    try:
        jobs = planned(artifact)
        contents = Contents(MEMORY)
        found = compare(own_records(), shipped_records(), contents, artifacts=())
        contents.save()
        for line in why(artifact, jobs, found.records):
            print(line)
    except UserError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make why ARTIFACT=results/<study>/...")
    main(sys.argv[1])
