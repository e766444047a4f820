"""The page of style transfer: two networks' images of a pair, one laid over the other, as in the original."""

import base64
import io
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from advex.common.artifacts import Array
from advex.common.pictures import Picture
from advex.draw.pages import render
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work

NAMES = {
    "standard": "standard ResNet",
    "robust": "robust ResNet",
    "on_robust": "ResNet trained on the robust data set",
    "vgg": "VGG",
    "alexnet": "AlexNet",
}
"""What the page calls the networks."""

_QUALITY = 88


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Render the page from the images of the first seed."""
    images = Picture.read(inputs.measurements["nakano/images"])
    return {"slider": slider_html(inputs.template, settings["study"], images)}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    """Count nothing: a page is rendered."""
    return Work()


def slider_html(template: str | os.PathLike[str], study: str, picture: Picture) -> str:
    """Render one page that needs no other file, with every network's image of every content and style.

    Args:
        template: path of the page's template.
        study: name of the study.
        picture: images of the first seed, see :func:`advex.discussion.nakano.style_studies.study_style`.

    Raises:
        UserError: the template is missing.
    """
    images: dict[str, dict[str, str]] = {"content": {}, "style": {}, "style_transfer": {}}
    for name, pixels in zip(picture.columns, picture.images[0], strict=True):
        kind, rest = name.split("|", 1)
        if kind in images:
            images[kind][rest] = _embedded(pixels)
    made = {name.split("|")[0] for name in images["style_transfer"]}
    return render(
        template,
        study=study,
        size=int(picture.images.shape[-1]),
        contents=images["content"],
        styles=images["style"],
        networks={name: label for name, label in NAMES.items() if name in made},
        images=images["style_transfer"],
    )


def _embedded(pixels: Array) -> str:
    """Return an image (C, S, S) of bytes as a JPEG in base64."""
    shown = pixels.transpose(1, 2, 0)
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(shown[:, :, 0] if shown.shape[2] == 1 else shown))
    image.save(buffer, format="JPEG", quality=_QUALITY, subsampling=0, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
