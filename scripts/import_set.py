"""Write a released set as a constructed set of ours."""

from pathlib import Path

from advex import __version__
from advex.discussion.released.sets import read_set
from advex.records.records import recorded

with recorded(snakemake):
    released = snakemake.params.released
    images = read_set(released["path"], released["sha256"])
    origin = {"file": Path(released["path"]).name, "sha256": released["sha256"]}
    description = {
        "study": snakemake.params.study,
        "library": __version__,
        "dataset": snakemake.params.dataset,
        "released": origin,
    }
    images.write(snakemake.output.dataset, description, snakemake.params.stored_as)
