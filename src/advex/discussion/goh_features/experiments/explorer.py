"""The interactive page of linear features."""

from collections.abc import Mapping
from typing import Any

from advex.common.artifacts import read_table
from advex.common.pictures import Picture
from advex.discussion.goh_features.explorer import explorer_html
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Render the page from the tables of all repetitions and the pictures of the first."""
    measured = inputs.measurements
    page = explorer_html(
        inputs.template,
        settings["study"],
        read_table(measured["goh_features/singular_vectors"]),
        read_table(measured["goh_features/ensembles"]),
        read_table(measured["goh_features/containments"]),
        Picture.read(measured["goh_features/thumbnails"]),
    )
    return {"explorer": page}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: a page is rendered."""
    return Work()
