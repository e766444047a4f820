"""Write published weights as a model of ours."""

from pathlib import Path

from advex import __version__
from advex.common.settings import ArchitectureSettings
from advex.networks.published_weights import import_weights
from advex.networks.stored_models import write_model
from advex.prepare.downloads import Download, fetch
from advex.records.records import recorded

with recorded(snakemake):
    weights = snakemake.params.weights
    path = Path(weights["path"])
    if weights["url"]:
        fetch(Download(path.name, "", (weights["url"],), weights["sha256"]), path.parent)
    model, architecture = import_weights(
        path, weights["sha256"], ArchitectureSettings(**weights["architecture"])
    )
    origin = {"file": path.name, "sha256": weights["sha256"], "url": weights["url"]}
    description = {"study": snakemake.params.study, "library": __version__, "weights": origin}
    write_model(snakemake.output.model, model, architecture, description)
