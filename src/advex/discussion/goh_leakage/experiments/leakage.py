"""What networks and what robust features alone learn from constructed sets."""

from collections.abc import Mapping
from typing import Any

from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.discussion.goh_leakage.leakage import leakage_table
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter
from advex.networks.stored_models import read_model


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Measure it with one seed's models and sets; all sets but the natural ones are constructed."""
    device = Device.choose(machine.precision, machine.threads)
    datasets = {name: ImageSet.read(path) for name, path in inputs.datasets.items()}
    models = {name: read_model(path, device) for name, path in inputs.models.items()}
    table = leakage_table(
        natural=datasets.pop("natural_train"),
        test=datasets.pop("natural_test"),
        constructed=datasets,
        robust=models.pop("robust"),
        networks=models,
        penalties=settings["penalties"],
        epsilon=settings["epsilon"],
        device=device,
        seed=seed,
    )
    return {"leakage": table}


def work(inputs: Inputs, sizes: Any, meter: Meter) -> None:
    """Leave linear algebra uncounted."""
