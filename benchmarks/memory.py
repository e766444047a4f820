"""Compare attacks under the C library's usual handling of freed memory with what jobs are given.

.venv/bin/python benchmarks/memory.py [ROUNDS]
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch
from measured import publish, ratio

from advex.attack.loop import projected_gradient
from advex.attack.objectives import cross_entropy
from advex.common.machine.devices import Device
from advex.common.machine.environment import isolate
from advex.common.settings import ArchitectureSettings, AttackSettings
from advex.networks.classifier import build
from advex.networks.folding import folded

CASES = {  # channels, side, images
    "8x8, 64 images": (1, 8, 64),
    "8x8, 500 images": (1, 8, 500),
    "8x8, 1,000 images": (1, 8, 1000),
}
STEPS = 10


def once(case: str) -> None:
    """Attack twice; print the second attack's seconds of a processor, page faults and peak memory."""
    channels, side, count = CASES[case]
    device = Device.choose(threads=1)
    settings = ArchitectureSettings(
        "small_resnet18", {"width": 16}, channels, 10, (0.5,) * channels, (0.25,) * channels
    )
    model = build(settings, "benchmark")
    device.model(model)
    images = torch.rand(count, channels, side, side).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(count) % 10
    network, attack = folded(model), AttackSettings("l2", 1.0, STEPS, 0.25, keep_best=False)
    for _ in range(2):
        started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF)
        projected_gradient(cross_entropy, network, images, labels, attack)
        seconds, after = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF)
    print(seconds, after.ru_minflt - before.ru_minflt, after.ru_maxrss / 1024)


def main() -> None:
    """Measure in processes of their own, in turn, and publish."""
    if sys.argv[1:2] == ["--once"]:
        return once(sys.argv[2])
    rounds = int((sys.argv[1:] or ["5"])[0])
    usual = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    kept = dict(usual)
    isolate(kept, Path(".cache").absolute())
    rows = []
    for case in CASES:
        found: dict[str, list[list[float]]] = {"usual": [], "as jobs have it": []}
        for _ in range(rounds):
            for name, environment in (("usual", usual), ("as jobs have it", kept)):
                command = [sys.executable, __file__, "--once", case]
                said = subprocess.check_output(command, env=environment, text=True, timeout=300)
                found[name].append([float(word) for word in said.split()])
        for name, values in found.items():
            seconds, faults, peak = map(list, zip(*values, strict=True))
            median, spread = ratio([each[0] for each in found["usual"]], seconds)
            rows.append(
                {
                    "attack": f"{STEPS} steps, {case}",
                    "memory": name,
                    "seconds": statistics.median(seconds),
                    "ratio_to_usual": median,
                    "half_spread": spread,
                    "page_faults": statistics.median(faults),
                    "peak_memory_mib": statistics.median(peak),
                }
            )
    torch.set_num_threads(1)
    return publish("memory", pd.DataFrame(rows))


if __name__ == "__main__":
    main()
