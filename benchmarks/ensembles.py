"""Compare the gradient of an ensemble's logits, network after network, with one grouped pass over all.

The grouped pass is ``torch.func.vmap`` over stacked weights; both are run in turn, the median of several
rounds counts.
"""

import copy
import platform
import statistics
import time

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from advex.common.machine.devices import Device
from advex.common.settings import ArchitectureSettings
from advex.networks.classifier import build
from advex.networks.ensembles import Ensemble

ROUNDS = 5
CASES = [  # architecture, options, channels, image side, images, networks
    ("small_resnet18", {"width": 8}, 1, 8, 512, 2),
    ("small_resnet18", {"width": 8}, 1, 8, 512, 6),
    ("small_resnet18", {"width": 8}, 3, 32, 64, 6),
    ("resnet18", {}, 3, 32, 8, 6),
]


def compare(
    name: str, options: dict[str, int], channels: int, side: int, count: int, networks: int, device: Device
) -> str:
    """Time both and return a row of the table."""
    settings = ArchitectureSettings(name, options, channels, 10, (0.5,) * channels, (0.25,) * channels)
    members = [build(settings, "member", number).eval().requires_grad_(False) for number in range(networks)]
    for member in members:
        device.model(member)
    ensemble, stacked = Ensemble(members), stack_module_state(members)
    skeleton = copy.deepcopy(members[0]).to("meta")
    images = torch.rand(count, channels, side, side, device=device.torch_device)

    def grouped(inputs: Tensor) -> Tensor:
        return vmap(lambda *state: functional_call(skeleton, state, (inputs,)))(*stacked)

    def seconds(model: object) -> float:
        inputs = images.clone().requires_grad_(True)
        started = time.perf_counter()
        torch.autograd.grad(model(inputs).logsumexp(-1).sum(), inputs)  # type: ignore[operator]
        if device.on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter() - started

    seconds(ensemble), seconds(grouped)  # warm up
    rounds = [(seconds(ensemble), seconds(grouped)) for _ in range(ROUNDS)]
    ours = statistics.median(one for one, _ in rounds)
    ratio = statistics.median(other / one for one, other in rounds)
    return f"{networks} {name:<16} {count:>5} x {channels}x{side}x{side:<4} {1e3 * ours:>9.1f} {ratio:>16.2f}"


def main() -> None:
    """Print the table."""
    device = Device.choose(threads=torch.get_num_threads())
    where = torch.cuda.get_device_name() if device.on_gpu else f"{torch.get_num_threads()} threads"
    print(f"{platform.machine()}, {where}, torch {torch.__version__}")
    print(f"{'networks':<18} {'images':<18} {'ms, ours':>9} {'grouped / ours':>16}")
    for case in CASES:
        print(compare(*case, device))


if __name__ == "__main__":
    main()
