"""Write published weights as a model of ours."""

from pathlib import Path

from advex import __version__
from advex.models import write_model
from advex.pretrained import import_weights
from advex.records import recorded
from advex.settings import ArchitectureSettings
from advex.sources.downloads import Download, fetch

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
