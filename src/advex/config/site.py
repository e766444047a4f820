"""What a cluster wants named: partition, account, kind of GPU, scratch folder, container.

None of it changes a result, so none of it is part of the configuration of experiments. An ordinary
cluster has defaults for all of it and needs no such file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from advex.common.settings import Count
from advex.config.loading import read
from advex.measure.sections import Strict

# SLURM's own names, so that what a person has exported for sbatch counts here too.
_ENVIRONMENT = {
    "SBATCH_PARTITION": "partition",
    "SBATCH_ACCOUNT": "account",
    "SBATCH_QOS": "qos",
    "SBATCH_CONSTRAINT": "constraint",
}


class Site(Strict):
    """One cluster.

    Attributes:
        partition: of jobs; its default partition if not given.
        gpu_partition: of jobs with a GPU; ``partition`` if not given.
        account: what jobs are charged to.
        qos: quality of service of all jobs.
        constraint: features that nodes must have.
        gpu_request: how GPUs are asked for: ``--gpus=1``, or ``--gres=gpu:1`` on older clusters.
        gpu_model: which GPUs, as the cluster calls them.
        longest_job_minutes: what the partition allows at most; longer jobs go on from their checkpoint when
            they are tried again.
        scratch: where ``data/`` and a study's results really lie; links in the repository lead there.
        container: image in which jobs run with ``--sdm apptainer``, see ``envs/advex.def``.
    """

    partition: str | None = None
    gpu_partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gpu_request: Literal["gpus", "gres"] = "gpus"
    gpu_model: str | None = None
    longest_job_minutes: Count | None = None
    scratch: str | None = None
    container: str | None = None

    def partition_for(self, gpus: int) -> str | None:
        """Return the partition of a job with so many GPUs; none for the cluster's default."""
        return (self.gpu_partition or self.partition) if gpus else self.partition

    def minutes(self, asked: int) -> int:
        """Return how long a job that asks for so many minutes may take here."""
        return min(asked, self.longest_job_minutes or asked)

    def gres(self, gpus: int) -> str | None:
        """Return what follows ``--gres=`` for so many GPUs; none where GPUs are asked for otherwise."""
        if not gpus or self.gpu_request != "gres":
            return None
        return ":".join(["gpu", *([self.gpu_model] if self.gpu_model else []), str(gpus)])


def load_site(file: Path, environment: Mapping[str, str]) -> Site:
    """Read the site file, if there is one; SLURM's own environment variables win.

    Args:
        file: where it lies, unless ``ADVEX_SITE`` in ``environment`` names another.
        environment: of the process.

    Raises:
        UserError: the file has a mistake, or the one named by ``ADVEX_SITE`` does not exist.
    """
    file = Path(environment.get("ADVEX_SITE") or file)
    found = read(file, Site) if file.exists() or "ADVEX_SITE" in environment else Site()
    exported = {key: environment[name] for name, key in _ENVIRONMENT.items() if environment.get(name)}
    # A partition that is exported is meant for all jobs.
    if "partition" in exported:
        exported["gpu_partition"] = exported["partition"]
    return found.model_copy(update=exported)
