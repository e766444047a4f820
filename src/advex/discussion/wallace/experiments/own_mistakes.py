"""A teacher stopped early, and students of its mistakes."""

from collections.abc import Mapping
from typing import Any

from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.discussion.wallace.own_mistakes import own_mistakes
from advex.discussion.wallace.settings import OwnMistakesSettings
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.work import Meter, Work
from advex.networks.own_network import NetworkSettings


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Train them all for one seed."""
    networks = {name: NetworkSettings(**settings[name]) for name in ("teacher", "student", "other_student")}
    stops = settings["stops"]
    table, picture = own_mistakes(
        ImageSet.read(inputs.datasets["natural_train"]),
        ImageSet.read(inputs.datasets["natural_test"]),
        **networks,
        kind=stops["kind"],
        at=stops["at"],
        headline=stops["headline"],
        evaluate_every=stops.get("evaluate_every", 1),
        device=Device.choose(machine.precision, machine.threads),
        seed=seed,
        covered=stops.get("classes_covered", 0),
    )
    return {"own_mistakes": table, "mistakes": picture}


def work(inputs: Inputs, sizes: OwnMistakesSettings, meter: Meter) -> Work:
    """Count the teacher until its last stop, and all students: it gets about half of the images wrong."""
    images, data = meter.images("natural_train"), meter.study.data
    stops = sizes.stops
    epochs = stops.at[-1] if stops.kind == "epochs" else sizes.teacher.recipe.epochs
    taught = [sizes.student] * (len(stops.at) + 2) + [sizes.other_student]
    trainings = [(sizes.teacher, epochs * images)]
    trainings += [(student, student.recipe.epochs * images / 2) for student in taught]
    return Work(
        train=sum(
            seen
            * meter.passes_of(network.name, network.options, data.channels, data.classes, meter.side).train
            for network, seen in trainings
        )
    )
