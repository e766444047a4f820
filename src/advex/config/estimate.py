"""What a study will cost before it runs: jobs, hours of a device and disk, figure by figure.

Floating-point operations of every job are counted from its settings, with torch's own counter for one
image through each network, and divided by the speed that known hardware was measured to have
(``config/hardware.yaml``). Loading, augmentation and starting Python are not counted.
"""

import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings, AttackSettings, Count, LayerSizes, Positive, Recipe
from advex.config import Plan, figure_jobs, load
from advex.config.schema import Strict
from advex.discussion.nakano.style_studies import SINGLE_LAYERS, TEXTURES
from advex.discussion.nakano.style_workshop import CONTENT_NETWORK, FAMILIES, VGG_WITH_MAXIMUM
from advex.networks.classifier import build
from advex.networks.layers import main_layers
from advex.networks.own_network import NetworkSettings

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


@dataclass(frozen=True)
class Passes:
    """Floating-point operations of one image through one network, its parameters, and its main layers."""

    forward: float
    attack: float
    train: float
    parameters: int
    layers: int


@dataclass(frozen=True)
class Work:
    """What one job does: operations in training, operations in attacks and tests, bytes it leaves."""

    train: float = 0.0
    attack: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.train + other.train, self.attack + other.attack, self.bytes + other.bytes)


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


class Estimate:
    """The work of every job of a study, in ``works`` by its name as in :func:`figure_jobs`."""

    def __init__(self, plan: Plan, study: str) -> None:
        self.plan = plan
        self.study = study
        self.sizes = plan.study(study)
        self._models = plan.models(study)
        data = self.sizes.data
        side = data.image_size or SIDES.get(data.source)
        if side is None or data.train_images is None or data.test_images is None:
            raise UserError(
                f"study {study}: its cost can be told only if its file gives train_images, test_images and, "
                "for your own data, image_size"
            )
        self.side: int = side
        self.counts = {"train": data.train_images, "test": data.test_images}
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
        own = {
            "nakano/style_transfer": self._style_transfer,
            "wallace/own_mistakes": self._own_mistakes,
            "wallace/other_dataset": self._other_dataset,
        }
        if verb == "measure" and name in own:
            return own[name]()
        if verb == "measure" and self.plan.experiments.mathematics.get(name) == "squares":
            self.not_counted.add("networks on squares")
        elif verb == "measure" and name not in self.plan.experiments.mathematics:
            self.not_counted.add(f"linear algebra of {name}")
        if verb == "prepare" and not job.startswith("prepare/other_"):  # those are small
            return Work(bytes=sum(self.counts.values()) * self._image_bytes() / BYTES)
        return Work()

    def figures(self) -> dict[str, tuple[int, Work]]:
        """Return the number of jobs and the work behind every figure, and behind all of them."""
        rows = {
            figure: (len(jobs), _total(self.works[job] for job in jobs))
            for figure, jobs in self._jobs_of.items()
        }
        return rows | {"all figures": (len(self.works), _total(self.works.values()))}

    def _passes(self, family: str, side: int | None = None) -> Passes:
        row, data = self.sizes.architectures[family], self.sizes.data
        settings = ArchitectureSettings(
            row.name, row.options, data.channels, data.classes, data.mean, data.std
        )
        return passes(settings, side or self.side)

    def _image_bytes(self) -> float:
        return BYTES * self.sizes.data.channels * self.side**2

    def _images(self, dataset: str) -> int:
        if dataset in self.plan.experiments.datasets:
            dataset = self.plan.experiments.datasets[dataset].images
        return self.counts["test" if dataset == "natural_test" else "train"]

    def _training(self, model: str) -> Work:
        row = self._models[model]
        recipe: Recipe = self.sizes.recipes[row.recipe]
        one, images = self._passes(row.architecture), self._images(row.trained_on)
        tests = 1 + -(-recipe.epochs // recipe.evaluate_every)
        attacked = _attack(one, recipe.adversary) if recipe.adversary else 0.0
        networks = self.sizes.ensemble.members + 1 if row.ensemble else 1
        return Work(
            train=networks * recipe.epochs * images * one.train,
            attack=networks * (recipe.epochs * images * attacked + tests * self.counts["test"] * one.forward),
            bytes=networks * one.parameters * BYTES,
        )

    def _construction(self, dataset: str) -> Work:
        row = self.plan.experiments.datasets[dataset]
        one = self._passes(self._models[row.source].architecture)
        images = self._images(dataset)
        attacked = _attack(one, self.sizes.attacks[row.attack])
        if row.ensemble:
            penalty = self._passes(self._models[row.ensemble].architecture)
            attacked += self.sizes.ensemble.members * _attack(penalty, self.sizes.attacks[row.attack])
        attacked += 2 * one.forward
        return Work(attack=images * attacked, bytes=images * self._image_bytes())

    def _measurement(self, name: str, seed: int) -> Work:
        total = 0.0
        shared: set[str] = set()  # attacks on a source that several models are measured with
        for entry in self.plan.measurement_settings(self.study, name, seed):
            images = self._images(entry["dataset"])
            one = self._passes(entry["architecture"])
            attack = AttackSettings(**entry["attack"]) if entry.get("attack") else None
            if entry["kind"] in ("accuracy", "filtered_accuracy"):
                total += images * one.forward
            elif entry["kind"] == "robust_accuracy" and attack:
                # At most: an image that has been fooled is not attacked again.
                total += images * self.sizes.data.classes * (_attack(one, attack) + one.forward)
            elif entry["kind"] == "attack_strength" and attack:
                total += images * _sweep(one, entry["sweep"])
            elif entry["kind"] == "layer_robustness" and attack:
                # At most: every layer is searched with the whole network.
                sizes = LayerSizes(**entry["layers"])
                searches = len(sizes.relative_epsilons) * one.layers
                total += min(images, sizes.images) * searches * _attack(one, attack)
                total += 2 * sizes.pairs * one.forward
            elif entry["kind"] == "transfer" and attack:
                source = self._passes(self._architecture_of(entry["source_path"]))
                key = f"{entry['source_path']} {entry['dataset']} {entry['quantity']}"
                total += images * (one.forward + (0 if key in shared else _attack(source, attack)))
                shared.add(key)
            elif entry["kind"] == "ensemble_transfer" and attack:
                source = self._passes(self._architecture_of(entry["source_path"]))
                penalty = self._passes(self._architecture_of(entry["ensemble_path"]))
                largest = max(entry["sizes"])
                attacks = 2 + len(entry["sizes"])
                key = f"{entry['source_path']} {entry['dataset']} {attack}"
                if key not in shared:
                    networks = sum(entry["sizes"]) + largest
                    total += images * (
                        attacks * _attack(source, attack) + networks * _attack(penalty, attack)
                    )
                    shared.add(key)
                total += images * (attacks + 2) * one.forward
            elif entry["kind"] != "history":
                self.not_counted.add(entry["kind"])
        return Work(attack=total)

    def _style_transfer(self) -> Work:
        """Count at most: every image runs through the whole networks of its style and its content."""
        sizes = self.sizes.style_transfer
        paths = self.plan.own_inputs(self.study, "nakano/style_transfer", 0)
        one = {
            key.removeprefix("model_"): self._passes(self._architecture_of(path), sizes.image_size)
            for key, path in paths.items()
            if key.startswith("model_")
        }
        one[VGG_WITH_MAXIMUM] = one["vgg"]
        alone = {network: one[network].attack for network in one}
        total = len(sizes.content) * len(sizes.style) * sum(alone[name] for name in FAMILIES if name in one)
        total += 2 * len(sizes.style) * (alone["standard"] + alone["vgg"])
        total += len(sizes.style) * sum(alone[name] for name in TEXTURES)
        total += sum(
            one[network].layers * (alone[network] + alone[CONTENT_NETWORK]) for network in SINGLE_LAYERS
        )
        return Work(attack=sizes.evaluations * total)

    def _own_mistakes(self) -> Work:
        row, images, data = self.sizes.own_mistakes, self.counts["train"], self.sizes.data
        taught = [row.student] * (len(row.stops.at) + 2) + [row.other_student]
        epochs = row.stops.at[-1] if row.stops.kind == "epochs" else row.teacher.recipe.epochs
        train = epochs * images * _own(row.teacher, data.channels, data.classes, self.side).train
        for student in taught:  # a teacher stopped early gets about half of the images wrong
            one = _own(student, data.channels, data.classes, self.side)
            train += student.recipe.epochs * images / 2 * one.train
        return Work(train=train)

    def _other_dataset(self) -> Work:
        row, train = self.sizes.other_dataset, 0.0
        counts = {"natural": self.counts["train"]}
        counts |= {name: data.train_images or IMAGES[data.source] for name, data in row.data.items()}
        for pair in row.pairs.values():
            task = row.data.get(pair.task)
            side = self.side if task is None else task.image_size or SIDES[task.source]
            trainings = [(row.teacher, pair.task)] * 2  # with and without a normalisation
            students = [row.student] * 6 + [*row.other_students.values()]
            trainings += [(student, pair.images) for student in students]
            for network, learnt in trainings:
                one = _own(network, 1, self.sizes.data.classes, side)
                train += network.recipe.epochs * counts[learnt] * one.train
        return Work(train=train)

    def _architecture_of(self, path: str) -> str:
        return self._models[Path(path).parent.name].architecture


def _own(network: NetworkSettings, channels: int, classes: int, side: int) -> Passes:
    return _passes(network.name, tuple(network.options.items()), channels, classes, side)


def _attack(one: Passes, attack: AttackSettings) -> float:
    return attack.steps * one.attack + (one.forward if attack.keep_best else 0.0)


def _sweep(one: Passes, sweep: Mapping[str, Any]) -> float:
    steps = sum(count * one.attack + 2 * one.forward for count in sweep["steps"])
    return float(len(sweep["objectives"]) * len(sweep["relative_step_sizes"]) * steps)


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
    estimate = Estimate(plan, study)
    training, attacking = speeds(hardware)

    def hours(work: Work) -> float:
        return (work.train / training + work.attack / attacking) / 3600

    lines = [f"{'figure':<34}{'jobs':>6}{'PFLOP':>12}{'hours':>9}{'disk, GB':>10}"]
    for figure, (jobs, work) in estimate.figures().items():
        operations = (work.train + work.attack) / 1e15
        lines.append(
            f"{figure:<34}{jobs:>6}{operations:>12,.1f}{hours(work):>9,.1f}{work.bytes / 1e9:>10.2f}"
        )
    longest_hours, longest = max((hours(work), job) for job, work in estimate.works.items())
    notes = [
        f"Hours of {hardware.name}, at {training / 1e12:.2f} TFLOP/s in training and {attacking / 1e12:.2f} "
        f"in attacks; the longest job, {longest}, takes {longest_hours:.1f} of them.",
        f"Basis: {hardware.basis}",
        "A job behind several figures counts in each, and once in all. Robust accuracy counts every attack, "
        "though an image that is fooled needs no other: at most so much. Loading and starting Python are not "
        "counted.",
    ]
    if estimate.not_counted:
        notes.append(
            f"Not counted, as they are small beside trainings: {', '.join(sorted(estimate.not_counted))}."
        )
    return "\n".join([*lines, "", *(textwrap.fill(note, 110) for note in notes)])


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
