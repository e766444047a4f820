"""The page that lays two networks' images over each other."""

from collections.abc import Mapping
from typing import Any

from advex.common.pictures import Picture
from advex.discussion.nakano.style_slider import slider_html
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Render the page from the images of the first seed."""
    images = Picture.read(inputs.measurements["nakano/images"])
    return {"slider": slider_html(inputs.template, settings["study"], images)}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: a page is rendered."""
    return Work()
