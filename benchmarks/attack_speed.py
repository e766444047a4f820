"""Compare the speed of our projected gradient attack with foolbox's, as a ratio within one run.

Both attack the same networks in the same l2 ball with the same number and size of steps, without a
random start, in turn; the median of several rounds counts. Gradients of weights are what differs: foolbox
computes them, we do not.
"""

import platform
import statistics
import time
from collections.abc import Callable

import foolbox
import torch

from advex.attack.loop import projected_gradient
from advex.attack.objectives import cross_entropy
from advex.common.machine.devices import Device
from advex.common.settings import ArchitectureSettings, AttackSettings
from advex.networks.classifier import build

ROUNDS = 5
STEPS = 10
CASES = [  # architecture, options, channels, image side, images
    ("small_resnet18", {"width": 16}, 1, 8, 512),
    ("small_resnet50", {"width": 16}, 3, 32, 128),
    ("resnet18", {}, 3, 32, 16),
]


def seconds(work: Callable[[], object], device: Device) -> float:
    """Time one call, waiting for the GPU if there is one."""
    started = time.perf_counter()
    work()
    if device.on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - started


def compare(name: str, options: dict[str, int], channels: int, side: int, count: int, device: Device) -> str:
    """Attack one network with both libraries in turn and return a row of the table."""
    settings = ArchitectureSettings(name, options, channels, 10, (0.5,) * channels, (0.25,) * channels)
    model = build(settings, "benchmark")
    device.model(model)
    model.eval()
    images = torch.rand(count, channels, side, side, device=device.torch_device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (count,), device=device.torch_device)
    attack = AttackSettings("l2", 0.5, STEPS, 0.1, keep_best=False)
    theirs = foolbox.attacks.L2PGD(abs_stepsize=0.1, steps=STEPS, random_start=False)
    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device=device.torch_device)

    def run_ours() -> object:
        return projected_gradient(cross_entropy, model, images, labels, attack)

    def run_theirs() -> object:
        return theirs(wrapped, images, labels, epsilons=0.5)

    run_ours(), run_theirs()  # warm up
    rounds = [(seconds(run_ours, device), seconds(run_theirs, device)) for _ in range(ROUNDS)]
    ours = statistics.median(a for a, _ in rounds)
    ratio = statistics.median(b / a for a, b in rounds)
    return f"{name:<16} {count:>5} x {channels}x{side}x{side:<4} {1e3 * ours / STEPS:>9.1f} {ratio:>16.2f}"


def main() -> None:
    """Print the table."""
    device = Device.choose(threads=torch.get_num_threads())
    where = torch.cuda.get_device_name() if device.on_gpu else f"{torch.get_num_threads()} threads"
    print(f"{platform.machine()}, {where}, torch {torch.__version__}, foolbox {foolbox.__version__}")
    print(f"{'network':<16} {'images':<18} {'ms a step':>9} {'foolbox / ours':>16}")
    for case in CASES:
        print(compare(*case, device))


if __name__ == "__main__":
    main()
