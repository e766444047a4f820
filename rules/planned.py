"""Print the jobs behind artifacts, and those that write them, as JSON: for ``advex.records.why``.

``python rules/planned.py STUDY [ARTIFACT...]``: without artifacts, all jobs of the study; without a study
(an empty word), as configured.
"""

import contextlib
import io
import json
import logging
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings


def planned(study: str, artifacts: list[str]) -> list[dict[str, Any]]:
    """Return what :class:`advex.records.why.Planned` holds of each job."""
    logging.getLogger("snakemake").setLevel(logging.CRITICAL)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
    ):
        workflow = api.workflow(
            ResourceSettings(cores=1),
            config_settings=ConfigSettings(config={"study": study} if study else {}),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(DAGSettings(targets=set(artifacts))).summary()
        return [_told(job) for job in workflow._workflow.dag.jobs if job.log]


def _told(job: Any) -> dict[str, Any]:
    folder = job.rule.basedir.get_path_or_uri(secret_free=True)
    return {
        "log": str(job.log[0]),
        "script": str(Path(folder, job.rule.script).resolve()),
        "params": dict(job.params.items()),
        "inputs": list(map(str, job.input)),
        "outputs": list(map(str, job.output)),
    }


def main(study: str, artifacts: list[str]) -> None:
    """Print the jobs, or on standard error why there are none."""
    try:
        print(json.dumps(planned(study, artifacts)))
    except (WorkflowError, RuleException) as error:
        told = str(error).partition("WorkflowError:\n")[2] or str(error)
        sys.exit(told.strip().splitlines()[0].strip())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
