"""What a study will cost before it runs: jobs, hours of a device and disk, figure by figure.

Floating-point operations of every job are counted from its settings, with torch's own counter for one
image through each network, and divided by the speed that known hardware was measured to have
(``config/hardware.yaml``). Loading, augmentation and starting Python are not counted.
"""

import sys
import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from advex.common.errors import UserError
from advex.common.names.known import known_source, side_of
from advex.common.settings import ArchitectureSettings, Count, Positive, Recipe
from advex.config import Plan, figure_jobs, load
from advex.config.schema import NATURAL_TEST, SECOND_TEST
from advex.measure.contract import Inputs
from advex.measure.sections import Strict
from advex.measure.work import Passes, Work
from advex.networks.classifier import build
from advex.networks.layers import main_layers
from advex.registries import WORKS

SIDES = {"digits": 8, "cifar10": 32, "mnist": 28, "fashion_mnist": 28, "sample_images": 128}
IMAGES = {"digits": 1297, "mnist": 60000, "fashion_mnist": 60000, "natural_patches": 2304}
"""Training images of sources that a study may take whole."""
BYTES = 4  # of a float32


class Measured(Strict):
    """So many images through a network of the published size (32x32 colour images) took so long."""

    architecture: str
    images: Count
    seconds: Positive


class Hardware(Strict):
    """One device, and what it was measured to do."""

    name: str
    basis: str
    train: Measured
    attack: Measured


def passes(settings: ArchitectureSettings, side: int) -> Passes:
    """Count the operations of one image of ``side`` x ``side`` pixels through a network."""
    return _passes(settings.name, tuple(settings.options.items()), settings.channels, settings.classes, side)


@cache
def _passes(
    name: str, options: tuple[tuple[str, int], ...], channels: int, classes: int, side: int
) -> Passes:
    settings = ArchitectureSettings(
        name, dict(options), channels, classes, (0.5,) * channels, (0.25,) * channels
    )
    with torch.device("meta"):  # shapes suffice
        model = build(settings, "estimate").eval()
        image = torch.zeros(1, channels, side, side)

    def count(of_images: bool, of_weights: bool) -> float:
        model.requires_grad_(of_weights)
        with FlopCounterMode(display=False) as counter:
            output = model(image.clone().requires_grad_(of_images))
            if of_images or of_weights:
                output.sum().backward()
        return float(counter.get_total_flops())

    parameters = sum(parameter.numel() for parameter in model.parameters())
    layers = len(main_layers(model))
    return Passes(count(False, False), count(True, False), count(False, True), parameters, layers)


class StudyMeter:
    """What a study's jobs are counted with, one for each: see :class:`advex.measure.work.Meter`."""

    def __init__(self, plan: Plan, study: str) -> None:
        self.plan = plan
        self.study = plan.study(study)
        self._models = plan.models(study)
        self._asked: set[Any] = set()
        data = self.study.data
        known, side = known_source(self.study), side_of(self.study)
        train = data.train_images or (known.train if known else None)
        test = data.test_images or (known.test if known else None)
        if side is None or train is None or test is None:
            raise UserError(
                f"study {study}: its cost can be told only if its file gives train_images and test_images, "
                "and for your own data the mirror is there"
            )
        self.side: int = side
        self.train_images, self.test_images = train, test

    def images(self, dataset: str) -> int:
        """Return how many images a data set has, given its name."""
        if dataset in self.plan.experiments.datasets:
            dataset = self.plan.experiments.datasets[dataset].images
        return self.test_images if dataset in (NATURAL_TEST, SECOND_TEST) else self.train_images

    def images_of_source(self, source: str) -> int:
        """Return how many training images a source of data has when it is taken whole."""
        return IMAGES[source]

    def side_of_source(self, source: str) -> int:
        """Return the side of a source's images, in pixels, where a study does not choose it."""
        return SIDES[source]

    def family(self, path: str) -> str:
        """Return the family of architectures that a model is of, given the path of its weights."""
        return self._models[Path(path).parent.name].architecture

    def passes(self, family: str, side: int | None = None) -> Passes:
        """Return the operations of a family's network on images of a side, by default the study's."""
        row, data = self.study.architectures[family], self.study.data
        return self.passes_of(row.name, row.options, data.channels, data.classes, side or self.side)

    def passes_of(
        self, name: str, options: Mapping[str, int], channels: int, classes: int, side: int
    ) -> Passes:
        """Return the operations of an experiment's own network, by its architecture, on one image."""
        return _passes(name, tuple(options.items()), channels, classes, side)

    def first(self, *key: Any) -> bool:
        """Tell whether this is the first time in this job that something is asked for: it is made once."""
        known = key in self._asked
        self._asked.add(key)
        return not known


class StudyWork:
    """The work of every job of a study, in ``works`` by its name as in :func:`figure_jobs`.

    ``not_counted`` names experiments and kinds of instruments that do not count their work.
    """

    def __init__(self, plan: Plan, study: str) -> None:
        self.plan = plan
        self.study = study
        self.sizes = plan.study(study)
        self._models = plan.models(study)
        self._meter = StudyMeter(plan, study)
        self.not_counted: set[str] = set()
        self._jobs_of = figure_jobs(plan, study)
        names = sorted({job for jobs in self._jobs_of.values() for job in jobs})
        self.works = {job: self._work(job) for job in names}

    def _work(self, job: str) -> Work:
        verb, _, name = job.partition("/")
        name, _, seed = name.rpartition("/seed")
        if verb == "train":
            return self._training(name)
        if verb == "construct":
            return self._construction(name)
        if verb == "measure" and name in self.plan.experiments.measurements:
            return self._measurement(name, int(seed))
        if verb == "measure":
            return self._experiment(name, int(seed))
        if verb == "prepare" and not job.startswith("prepare/other_"):  # those are small
            images = self._meter.train_images + self._meter.test_images
            return Work(bytes=images * self._image_bytes() / BYTES)
        return Work()

    def figures(self) -> dict[str, tuple[int, Work]]:
        """Return the number of jobs and the work behind every figure, and behind all of them."""
        rows = {
            figure: (len(jobs), _total(self.works[job] for job in jobs))
            for figure, jobs in self._jobs_of.items()
        }
        return rows | {"all figures": (len(self.works), _total(self.works.values()))}

    def _image_bytes(self) -> float:
        return BYTES * self.sizes.data.channels * self._meter.side**2

    def _training(self, model: str) -> Work:
        row = self._models[model]
        recipe: Recipe = self.sizes.recipes[row.recipe]
        one, images = self._meter.passes(row.architecture), self._meter.images(row.trained_on)
        tests = 1 + -(-recipe.epochs // recipe.evaluate_every)
        attacked = one.attacked(recipe.adversary) if recipe.adversary else 0.0
        networks = self.sizes.ensemble.members + 1 if row.ensemble else 1
        tested = tests * self._meter.test_images * one.forward
        return Work(
            train=networks * recipe.epochs * images * one.train,
            attack=networks * (recipe.epochs * images * attacked + tested),
            bytes=networks * one.parameters * BYTES,
        )

    def _construction(self, dataset: str) -> Work:
        row = self.plan.experiments.datasets[dataset]
        one = self._meter.passes(self._models[row.source].architecture)
        images, attack = self._meter.images(dataset), self.sizes.attacks[row.attack]
        attacked = one.attacked(attack)
        if row.ensemble:
            penalty = self._meter.passes(self._models[row.ensemble].architecture)
            attacked += self.sizes.ensemble.members * penalty.attacked(attack)
        attacked += 2 * one.forward
        return Work(attack=images * attacked, bytes=images * self._image_bytes())

    def _measurement(self, name: str, seed: int) -> Work:
        total, meter = 0.0, StudyMeter(self.plan, self.study)
        for instrument, entry in self.plan.measurement_entries(self.study, name, seed):
            sizes = self.plan.instrument_section(self.study, instrument)
            work = self.plan.experiments.instruments[instrument].work(entry, sizes, meter)
            if work is None:
                self.not_counted.add(entry.kind)
            total += work or 0.0
        return Work(attack=total)

    def _experiment(self, name: str, seed: int) -> Work:
        inputs = Inputs.named(self.plan.experiment_reads(self.study, name, seed).items())
        sizes = self.plan.section(self.study, name)
        work = WORKS[name](inputs, sizes, StudyMeter(self.plan, self.study))
        if work is None:
            self.not_counted.add(name)
        return work or Work()


def _total(works: Iterable[Work]) -> Work:
    total = Work()
    for work in works:
        total += work
    return total


def speeds(hardware: Hardware) -> tuple[float, float]:
    """Return the operations a second of a device, in training and in attacks."""

    def rate(measured: Measured, kind: str) -> float:
        one = _passes(measured.architecture, (), 3, 10, 32)
        operations = one.train if kind == "train" else one.attack
        return float(operations * measured.images / measured.seconds)

    return rate(hardware.train, "train"), rate(hardware.attack, "attack")


def read_hardware(file: Path) -> dict[str, Hardware]:
    """Read the table of known hardware."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: Hardware.model_validate(row) for name, row in rows.items()}


def report(plan: Plan, study: str, hardware: Hardware) -> str:
    """Say what each figure of a study costs on a device, and what that is based on."""
    counted = StudyWork(plan, study)
    training, attacking = speeds(hardware)

    def hours(work: Work) -> float:
        return (work.train / training + work.attack / attacking) / 3600

    lines = [f"{'figure':<34}{'jobs':>6}{'PFLOP':>12}{'hours':>9}{'disk, GB':>10}"]
    for figure, (jobs, work) in counted.figures().items():
        operations = (work.train + work.attack) / 1e15
        lines.append(
            f"{figure:<34}{jobs:>6}{operations:>12,.1f}{hours(work):>9,.1f}{work.bytes / 1e9:>10.2f}"
        )
    longest_hours, longest = max((hours(work), job) for job, work in counted.works.items())
    notes = [
        f"Hours of {hardware.name}, at {training / 1e12:.2f} TFLOP/s in training and {attacking / 1e12:.2f} "
        f"in attacks; the longest job, {longest}, takes {longest_hours:.1f} of them.",
        f"Basis: {hardware.basis}",
        "A job behind several figures counts in each, and once in all. Robust accuracy counts every attack, "
        "though an image that is fooled needs no other: at most so much. Loading and starting Python are not "
        "counted.",
    ]
    notes.append(_seeds(plan, study))
    if counted.not_counted:
        notes.append(
            f"Not counted, as they are small beside trainings: {', '.join(sorted(counted.not_counted))}."
        )
    return "\n".join([*lines, "", *(textwrap.fill(note, 110) for note in notes)])


def _seeds(plan: Plan, study: str) -> str:
    """Say how often what figures draw is repeated, most of it and the rest by name."""
    sizes = plan.study(study)
    names = {name for figure in plan.figure_names(study) for name in plan.figure_reads(study, figure)}
    counts = {name: len(plan.seeds(study, name)) for name in sorted(names - plan.pictures())}
    others = [f"{count} of {name}" for name, count in counts.items() if count != sizes.seeds.default]
    return f"Seeds from {sizes.first_seed} on: {', '.join([f'{sizes.seeds.default} of most', *others])}."


def main(arguments: list[str]) -> None:
    """Print the report: ``python -m advex.config.estimate STUDY [HARDWARE]``."""
    config = Path("config")
    known = read_hardware(config / "hardware.yaml")
    study, hardware = [*arguments, "a100"][:2] if arguments else ("cifar10", "a100")
    try:
        if hardware not in known:
            raise UserError(f"config/hardware.yaml: no {hardware!r}; there are: {', '.join(known)}")
        print(report(load(config), study, known[hardware]))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
