"""Compare adversarial training, inversion, ensembles, maps and training each with its own limit.

.venv/bin/python benchmarks/limits.py [adversarial_training] [inversion] [ensemble] [maps] [training]

A limit is what a plain loop cannot do without: passes of the network as it was trained, in evaluation mode
(its batch normalisation not folded) where the work is so, without steps, projections or losses of ours.
"""

import argparse
import copy
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import torch
from measured import as_jobs_are, in_turn, precisions, publish, ratio
from subjects import NETWORKS, images_and_labels, trained
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from advex.attack.loop import projected_gradient
from advex.attack.objectives import ensemble_penalised, representation_distance
from advex.common.machine.devices import Device
from advex.common.numbers.frequency import distinct_frequencies
from advex.common.settings import AttackSettings, Recipe, TrainingRun
from advex.config import load
from advex.discussion.gilmer_hendrycks.fourier_maps import error_maps
from advex.discussion.nakano.layer_robustness import largest_changes
from advex.networks.classifier import Classifier, build
from advex.networks.ensembles import Ensemble
from advex.networks.folding import folded
from advex.networks.layers import Layers, main_layers
from advex.networks.predictions import accuracy_of
from advex.prepare.sources import prepare
from advex.train.training import Training

STEPS = 7
Works = dict[str, Callable[[], object]]


def gradients(model: Callable[[Tensor], Tensor], images: Tensor, count: int) -> None:
    """Ask ``count`` times for a gradient of images alone."""
    for _ in range(count):
        current = images.detach().requires_grad_(True)
        torch.autograd.grad(model(current).float().logsumexp(-1).sum(), current)


def adversarial_training(
    model: Classifier, images: Tensor, labels: Tensor, device: Device
) -> tuple[str, Works]:
    """k input gradients and one training pass, without a step of the optimiser."""
    attacked = copy.deepcopy(model)
    learning, ours = (copy.deepcopy(model).requires_grad_(True).train() for _ in range(2))
    adversary = AttackSettings("l2", 1.0, STEPS, 0.25, keep_best=False)
    recipe = Recipe(1, len(images), 0.01, adversary=adversary)
    training = Training(ours, images, labels, recipe, device.generator("benchmark"), device)

    def limit() -> None:
        with device.computing():
            gradients(attacked, images, STEPS)
            loss = functional.cross_entropy(learning(images).float(), labels)
        learning.zero_grad()
        loss.backward()

    return f"a batch, {STEPS} steps", {"limit": limit, "ours": lambda: list(training.epoch(0))}


def inversion(model: Classifier, images: Tensor, labels: Tensor, device: Device) -> tuple[str, Works]:
    """Input gradients of representations."""
    settings = AttackSettings("l2", float("inf"), 10, 0.1, keep_best=False)
    with torch.no_grad():
        wanted = model.representation(images.flip(0))

    def ours() -> None:
        with device.computing():
            projected_gradient(representation_distance, folded(model), images, wanted, settings)

    def limit() -> None:
        with device.computing():
            gradients(model.representation, images, settings.steps)

    return f"{settings.steps} steps", {"limit": limit, "ours": ours}


def ensemble(model: Classifier, images: Tensor, labels: Tensor, device: Device) -> tuple[str, Works]:
    """Input gradients of all networks, one after the other."""
    members = [copy.deepcopy(model) for _ in range(4)]
    images, labels = images[: len(images) // 4], labels[: len(images) // 4]
    settings = AttackSettings("l2", 1.0, 5, 0.25, keep_best=False)
    targets = torch.stack([(labels + 1) % 10, labels], 1)
    stacked, skeleton = stack_module_state(members), copy.deepcopy(model).to("meta")

    def grouped(inputs: Tensor) -> Tensor:
        return vmap(lambda *state: functional_call(skeleton, state, (inputs,)))(*stacked)  # type: ignore[no-any-return]

    def computed(work: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            with device.computing():
                return work()

        return run

    together = Ensemble(members)
    works: Works = {
        "limit": lambda: [gradients(member, images, settings.steps) for member in members],
        "ours": lambda: projected_gradient(ensemble_penalised, folded(together), images, targets, settings),
        "one grouped pass (torch.func.vmap)": lambda: gradients(grouped, images, settings.steps),
    }
    return f"{len(members)} networks, {settings.steps} steps", {
        name: computed(work) for name, work in works.items()
    }


def fourier_map(model: Classifier, images: Tensor, labels: Tensor, device: Device) -> tuple[str, Works]:
    """Forward passes of as many images."""
    small = images[: max(len(images) // 8, 2), :, ::2, ::2].contiguous(memory_format=torch.channels_last)
    few = labels[: len(small)]
    count = len(list(distinct_frequencies(small.shape[-1])))

    def limit() -> None:
        with torch.no_grad(), device.computing():
            for _ in range(count):
                model(small).argmax(1)

    return f"Fourier map, {count} frequencies", {
        "limit": limit,
        "ours": lambda: error_maps(model, small, few, 1.0, device, 0, 1),
    }


def largest_change(model: Classifier, images: Tensor, labels: Tensor, device: Device) -> tuple[str, Works]:
    """Input gradients of the last layer's activations, and the passes that measure before and after."""
    settings = AttackSettings("l2", 1.0, 10, 0.25, random_start=True)
    layer = main_layers(model)[-1]
    activations = Layers(model, [layer])

    def limit() -> None:
        gradients(lambda inputs: activations(inputs)[0].flatten(1), images, settings.steps)
        with torch.no_grad():
            activations(images), activations(images)

    return f"largest change behind R(f), {settings.steps} steps", {
        "limit": limit,
        "ours": lambda: largest_changes(model, layer, images, settings),
    }


TABLES = {
    "adversarial_training": [adversarial_training],
    "inversion": [inversion],
    "ensemble": [ensemble],
    "maps": [fourier_map, largest_change],
}
FLOAT32_ONLY = (largest_change,)


def rows(table: str, rounds: int, threads: int, networks: list[str]) -> Iterator[dict[str, object]]:
    """Measure a table's works with networks, at every precision."""
    device = Device.choose(threads=threads)
    images, labels = images_and_labels(device)
    for network in networks:
        options, few, steps = NETWORKS[network]
        count = 16 * few if device.on_gpu else few
        model = trained(network, options, steps, images[count:], labels[count:], device)
        for precision in precisions(device):
            used = Device.choose("float32" if precision == "float32" else "bfloat16_everywhere", threads)
            for make in TABLES[table]:
                if precision == "float32" or make not in FLOAT32_ONLY:
                    what, works = make(model, images[:count], labels[:count], used)
                    print(f"{table}: {network}, {precision}, {what}", flush=True)
                    yield from _compared(
                        works, rounds, {"work": what, "network": network, "precision": precision}
                    )


def _compared(works: Works, rounds: int, of: dict[str, str]) -> Iterator[dict[str, object]]:
    seconds = in_turn(works, rounds)
    for name in works:
        median, spread = ratio(seconds["limit"], seconds[name])
        yield {
            **of,
            "by": name,
            "seconds": statistics.median(seconds[name]),
            "ratio_to_limit": median,
            "half_spread": spread,
        }


class Plain:
    """The study's standard network, trained by a loop of plain PyTorch with its DataLoader and SGD."""

    def __init__(self, model: nn.Module, recipe: Recipe, images: Tensor, labels: Tensor) -> None:
        self.model, self.recipe = model.train(), recipe
        generator = torch.Generator().manual_seed(0)
        self.batches = DataLoader(
            TensorDataset(images, labels), batch_size=recipe.batch_size, shuffle=True, generator=generator
        )

    def train(self) -> None:
        """Train for the recipe's epochs."""
        recipe, steps = self.recipe, self.recipe.epochs * len(self.batches)
        optimiser = torch.optim.SGD(
            self.model.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: recipe.schedule.scale(step / steps)
        )
        for _ in range(recipe.epochs):
            for batch, answers in self.batches:
                optimiser.zero_grad()
                functional.cross_entropy(self.model(batch), answers).backward()
                optimiser.step()
                schedule.step()


def training_rows(rounds: int, threads: int) -> Iterator[dict[str, object]]:
    """Train the standard network of digits by our loop and by a plain one, each round with other weights."""
    device, plan = Device.choose(threads=threads), load(Path("config"))
    run = TrainingRun(**plan.training("digits", "standard", 0))
    data = plan.study("digits").data
    found = prepare(
        "digits", mirror=None, downloads="", train_images=data.train_images, test_images=data.test_images
    )
    images, test = (device.images(part.as_float()) for part in (found.train, found.test))
    labels, answers = device.labels(found.train.labels), device.labels(found.test.labels)
    learnt: dict[str, list[float]] = {"plain loop, DataLoader": [], "ours": []}

    def network(name: str) -> Classifier:
        model = build(run.architecture, run.name, len(learnt[name]))
        device.model(model)
        return model

    def ours() -> None:
        model = network("ours")
        generator = device.generator("benchmark", len(learnt["ours"]))
        list(Training(model, images, labels, run.recipe, generator, device).steps())
        learnt["ours"].append(100 * accuracy_of(model, test, answers, device))

    def plain() -> None:
        model = network("plain loop, DataLoader")
        Plain(model, run.recipe, images, labels).train()
        learnt["plain loop, DataLoader"].append(100 * accuracy_of(model, test, answers, device))

    seconds = in_turn({"plain loop, DataLoader": plain, "ours": ours}, rounds)
    for name, taken in seconds.items():
        median, spread = ratio(seconds["plain loop, DataLoader"], taken)
        yield {
            "work": f"digits, standard, {run.recipe.epochs} epochs",
            "network": run.architecture.name,
            "by": name,
            "seconds": statistics.median(taken),
            "ratio_to_plain_loop": median,
            "half_spread": spread,
            "test_accuracy": statistics.mean(learnt[name]),
            "standard_deviation_of_accuracy": statistics.stdev(learnt[name]),
            "trainings": len(learnt[name]),
        }


def main() -> None:
    """Measure and publish."""
    as_jobs_are()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", choices=[*TABLES, "training", []])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.manual_seed(0)
    for table in given.tables or [*TABLES, "training"]:
        torch.set_num_threads(given.threads)
        sizes = given.rounds, given.threads
        found = training_rows(*sizes) if table == "training" else rows(table, *sizes, given.networks)
        publish(table, pd.DataFrame(found))


if __name__ == "__main__":
    main()
