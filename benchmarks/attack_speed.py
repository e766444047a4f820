"""Compare the speed of projected gradient attacks; see benchmarks/attacks, which starts this."""

import argparse
import copy
import statistics
import sys
from collections.abc import Callable, Iterator
from typing import Any

import foolbox
import pandas as pd
import torch
import torchattacks
from measured import as_jobs_are, in_turn, precisions, publish, ratio
from subjects import NETWORKS, images_and_labels, trained
from torch import Tensor
from torch.nn import functional

from advex.attack.loop import projected_gradient
from advex.attack.objectives import cross_entropy
from advex.common.machine.devices import Device
from advex.common.settings import AttackSettings
from advex.networks.classifier import Classifier
from advex.networks.folding import folded

STEPS = 10
LAYOUTS = {("torchattacks", "l2"): "contiguous"}
RADII = {"l2": (1.0, 0.25), "linf": (16 / 255, 4 / 255)}


def attacks(
    model: Classifier, images: Tensor, labels: Tensor, norm: str, device: Device, precision: str
) -> dict[str, Callable[[], Tensor]]:
    """Return every library's attack on the images, by name; the limit's images are those it was given."""
    epsilon, step = RADII[norm]

    def bare() -> Tensor:
        for _ in range(STEPS):
            current = images.detach().requires_grad_(True)
            torch.autograd.grad(functional.cross_entropy(model(current), labels, reduction="sum"), current)
        return images

    def ours(keep_best: bool) -> Callable[[], Tensor]:
        settings = AttackSettings(norm, epsilon, STEPS, step, keep_best=keep_best)
        return lambda: projected_gradient(cross_entropy, folded(model), images, labels, settings)

    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device=device.torch_device)
    given: dict[str, Any] = {"steps": STEPS, "random_start": False}
    if norm == "l2":
        boxed = foolbox.attacks.L2PGD(abs_stepsize=step, **given)
        # It takes no channels-last gradients.
        laid_out = images.contiguous()
        torched = torchattacks.PGDL2(contiguous(model), eps=epsilon, alpha=step, **given)
    else:
        boxed = foolbox.attacks.LinfPGD(abs_stepsize=step, **given)
        laid_out = images
        torched = torchattacks.PGD(model, eps=epsilon, alpha=step, **given)
    found: dict[str, Callable[[], Tensor]] = {
        "bare loop": bare,
        "ours": ours(False),
        "ours, keep_best": ours(True),
        "torchattacks": lambda: torched(laid_out, labels),
        "foolbox": lambda: boxed(wrapped, images, labels, epsilons=epsilon)[1],
    }
    return {name: at_precision(attack, device, precision) for name, attack in found.items()}


def contiguous(model: Classifier) -> Classifier:
    """Return a copy of a model whose weights are not laid out channels-last."""
    return copy.deepcopy(model).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]


def at_precision(attack: Callable[[], Tensor], device: Device, precision: str) -> Callable[[], Tensor]:
    """Return an attack that computes at a precision."""

    def run() -> Tensor:
        with torch.autocast(device.torch_device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            return attack()

    return run


def peak_memory(attack: Callable[[], Tensor]) -> float | None:
    """Return the most memory that an attack holds on a GPU, in MiB; none is known on a CPU."""
    if not torch.cuda.is_available():
        return None
    torch.cuda.reset_peak_memory_stats()
    attack()
    return torch.cuda.max_memory_allocated() / 2**20


def rows(rounds: int, networks: list[str]) -> Iterator[dict[str, object]]:
    """Measure networks with every norm and precision."""
    device = Device.choose(threads=torch.get_num_threads())
    images, labels = images_and_labels(device)
    for network in networks:
        options, few, steps = NETWORKS[network]
        count = 16 * few if device.on_gpu else few
        model = trained(network, options, steps, images[count:], labels[count:], device)
        batch, wanted = images[:count], labels[:count]
        for precision in precisions(device):
            for norm in RADII:
                found = attacks(model, batch, wanted, norm, device, precision)
                print(f"{network}, {norm}, {precision}", file=sys.stderr, flush=True)
                seconds = in_turn(found, rounds)
                for library, attack in found.items():
                    median, spread = ratio(seconds["bare loop"], seconds[library])
                    speed = count * STEPS / statistics.median(seconds[library])
                    attacked = attack().float()
                    right = (model(attacked).argmax(1) == wanted).double().mean().item()
                    yield {
                        "library": library,
                        "attack": f"projected gradient, {STEPS} steps",
                        "norm": norm,
                        "network": network,
                        "precision": precision,
                        "memory_format": LAYOUTS.get((library, norm), "channels_last"),
                        "image_steps_per_second": speed,
                        "ratio_to_limit": median,
                        "half_spread": spread,
                        "robust_percent": 100 * right,
                        "peak_memory_mib": peak_memory(attack),
                    }


def main() -> None:
    """Measure and publish."""
    as_jobs_are()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    publish("attacks", pd.DataFrame(rows(given.rounds, given.networks)))


if __name__ == "__main__":
    main()
