"""How bright images are; different ones for each seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from advex.common.images import ImageSet
from advex.common.pictures import Picture
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    images = ImageSet.read(inputs.datasets["natural_test"]).as_float()
    chosen = images[np.random.default_rng(seed).permutation(len(images))[: settings["images"]]]
    means = chosen.mean((1, 2, 3))
    table = pd.DataFrame({"seed": seed, "quantity": "brightness", "value": means, "unit": "pixel values"})
    return {"brightness": table, "brightest": Picture(chosen[[means.argmax()]][None], ["images"], ["first"])}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> Work:
    return Work()
