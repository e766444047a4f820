"""Count the input gradients of robust accuracy, with and without images that leave once they are fooled.

On the models of a finished study: .venv/bin/python benchmarks/leaving.py digits
"""

import sys
from pathlib import Path

import pandas as pd
import torch
from measured import publish
from torch import Tensor, nn

from advex.attack import fooling
from advex.attack.strongest import robust_images
from advex.common.images import ImageSet
from advex.common.machine.devices import Device, as_float
from advex.config import load
from advex.networks.classifier import Classifier
from advex.networks.stored_models import read_model

LEAVING_EVERY = fooling.LEAVING_EVERY
MODELS = ("standard", "robust", "on_robust")


class Counting(nn.Module):
    """A network that notes of how many images a gradient is asked for."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network
        self.gradients: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        """Return the network's logits."""
        self.gradients += [len(images)] if images.requires_grad else []
        logits: Tensor = self.network(images)
        return logits


def main() -> None:
    """Measure and publish."""
    (study,) = sys.argv[1:] or ["digits"]
    sizes, device = load(Path("config")).study(study), Device.choose(threads=torch.get_num_threads())
    settings = sizes.attacks["evaluation_full_epsilon"]
    test = ImageSet.read(f"results/{study}/datasets/natural/test.safetensors")
    images, labels = as_float(device.images(test.images)), device.labels(test.labels)
    rows = []
    for name in MODELS:
        network = Counting(read_model(f"results/{study}/models/{name}/seed0.safetensors", device))
        made, robust = [], []
        for every in (LEAVING_EVERY, 10**9):
            fooling.LEAVING_EVERY = every
            network.gradients.clear()
            found = robust_images(network, images, labels, settings, device, name)  # type: ignore[arg-type]
            made.append(sum(network.gradients))
            robust.append(100 * found.double().mean().item())
        rows.append(
            {
                "study": study,
                "model": name,
                "attack": f"{settings.norm} {settings.epsilon:g}, {settings.steps} steps",
                "images": len(images),
                "gradients_all_attacks_but_rounds_on_all_images": len(images)
                * settings.steps
                * len(test.classes),
                "gradients_leaving_between_attacks": made[1],
                "gradients_leaving_inside_too": made[0],
                "robust_percent": robust[0],
                "robust_percent_leaving_between_attacks": robust[1],
            }
        )
    publish("leaving", pd.DataFrame(rows))


if __name__ == "__main__":
    main()
