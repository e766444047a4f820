"""Tasks learnt from other images that a teacher labels."""

from collections.abc import Mapping
from typing import Any

from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.discussion.wallace.other_dataset import grey_pair, other_dataset
from advex.discussion.wallace.settings import NATURAL, OtherDatasetSettings
from advex.measure.contract import Inputs, Machine, Made
from advex.measure.sections import OtherDataSettings
from advex.measure.work import Meter, Work
from advex.networks.own_network import NetworkSettings


def run(inputs: Inputs, settings: Mapping[str, Any], seed: int, machine: Machine) -> Made:
    """Learn every pair's task for one seed."""
    networks = {name: NetworkSettings(**settings[name]) for name in ("teacher", "student")}
    other_students = {name: NetworkSettings(**row) for name, row in settings["other_students"].items()}
    images = {name: ImageSet.read(path) for name, path in inputs.datasets.items()}
    pairs = {
        name: grey_pair(
            images[_set(row["task"], "train")],
            images[_set(row["task"], "test")],
            images[_set(row["images"], "train")],
        )
        for name, row in settings["pairs"].items()
    }
    table, picture = other_dataset(
        pairs,
        **networks,
        other_students=other_students,
        device=Device.choose(machine.precision, machine.threads),
        seed=seed,
    )
    return {"other_dataset": table, "other_images": picture}


def _set(data: str, part: str) -> str:
    """Return the name of the training or test images of the study's own data, or of other data."""
    return f"{data}_{part}" if data == NATURAL else f"other_{data}_{part}"


def work(inputs: Inputs, sizes: OtherDatasetSettings, meter: Meter) -> Work:
    """Count, for each pair, two teachers (with and without a normalisation) and all students."""
    train = 0.0
    students = [sizes.student] * 6 + [*sizes.other_students.values()]
    for pair in sizes.pairs.values():
        task = sizes.data.get(pair.task)
        side = meter.side if task is None else task.image_size or meter.side_of_source(task.source)
        trainings = [(sizes.teacher, pair.task)] * 2 + [(student, pair.images) for student in students]
        for network, learnt in trainings:
            one = meter.passes_of(network.name, network.options, 1, meter.study.data.classes, side)
            train += network.recipe.epochs * _count(sizes.data.get(learnt), meter) * one.train
    return Work(train=train)


def _count(data: OtherDataSettings | None, meter: Meter) -> int:
    """Return the number of training images; none stands for the study's own."""
    if data is None:
        return meter.images("natural_train")
    return data.train_images or meter.images_of_source(data.source)
