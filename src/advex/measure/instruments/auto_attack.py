"""Our strongest attack against independent code: AutoAttack (Croce and Hein, 2020), in its own package."""

import sys
from collections.abc import Iterable
from types import ModuleType

import torch
from torch import Tensor

from advex.attack.strongest import robust_images
from advex.attack.threat_models import threat_model
from advex.common.errors import UserError
from advex.common.machine.devices import streams_kept
from advex.common.randomness import stable_seed
from advex.common.settings import AttackSettings
from advex.measure.bench import Bench, percent
from advex.measure.entries import AutoAttackSizes, MeasurementEntry, Row
from advex.networks.classifier import Classifier

_NORMS = {"l2": "L2", "linf": "Linf"}
_TARGETS = 9  # of its targeted attacks, in its standard version
_TOLERANCE = 1e-5  # by which an example may leave the ball, from rounding


def rows(entry: MeasurementEntry, bench: Bench) -> Iterable[Row]:
    """How much higher our robust accuracy is than AutoAttack's, on the first images of the data set.

    Both are measured on these images alone, so our rule of convergence may stop earlier here than on all.
    Quantities, in percent of them: ``robust_accuracy_ours``, ``robust_accuracy_autoattack``, and the first
    minus the second, ``autoattack_excess``.
    """
    attack, sizes = entry.needed_attack, AutoAttackSizes(**entry.sizes)
    loaded, model = bench.images(entry.dataset_path), bench.model(entry.model_path)
    images, labels = loaded.floats[: sizes.images], loaded.labels("true")[: sizes.images]
    seed = stable_seed("attack", entry.quantity, entry.model, entry.dataset, bench.seed)
    what = f"robust accuracy of {entry.model} on {entry.dataset}"
    ours = percent(robust_images(model, images, labels, attack, bench.device, what, seed))
    with bench.device.computing():
        theirs = percent(standing_under_auto_attack(model, images, labels, attack, sizes, seed))
    found = {
        "robust_accuracy_ours": ("strongest", ours),
        "robust_accuracy_autoattack": ("autoattack", theirs),
        "autoattack_excess": (None, ours - theirs),
    }
    for quantity, (objective, value) in found.items():
        yield {
            "quantity": quantity,
            "epsilon": attack.epsilon,
            "objective": objective,
            "value": value,
            "images": len(images),
        }


def standing_under_auto_attack(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    settings: AttackSettings,
    sizes: AutoAttackSizes,
    seed: int,
) -> Tensor:
    """Tell which images a model classifies correctly after AutoAttack's standard version: all four attacks.

    Args:
        model: the model under attack, in evaluation mode.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        settings: norm and radius; its steps mean nothing here.
        sizes: how long each attack runs.
        seed: of all that is random.

    Returns:
        (N,) bool.

    Raises:
        UserError: the package is not installed.
    """
    # It takes no channels-last gradients.
    images = images.contiguous()
    attack = _package().AutoAttack(
        lambda moved: model(moved).float(),
        norm=_NORMS[settings.norm],
        eps=settings.epsilon,
        seed=seed % 2**31,
        device=images.device,
    )
    for part in (attack.apgd, attack.apgd_targeted, attack.fab):
        part.n_iter = sizes.iterations
    attack.square.n_queries = sizes.queries
    with torch.no_grad():
        classes = model(images[:1]).shape[1]
    attack.apgd_targeted.n_target_classes = attack.fab.n_target_classes = min(_TARGETS, classes - 1)
    # It also ends any tracing of what Python executes.
    tracing = sys.gettrace()
    with streams_kept(images.device):
        found, _ = attack.run_standard_evaluation(images, labels, batch_size=len(images))
    sys.settrace(tracing)
    ball = threat_model(settings.norm, settings.epsilon)
    inside = ball.contains(found - images, _TOLERANCE) & (found.clamp(0, 1) == found).flatten(1).all(1)
    with torch.no_grad():
        fooled = (model(found).argmax(1) != labels) & inside
        stands: Tensor = (model(images).argmax(1) == labels) & ~fooled
    return stands


def _package() -> ModuleType:
    """Return AutoAttack's package.

    Raises:
        UserError: it is not installed.
    """
    try:
        import pyautoattack  # noqa: PLC0415 - only this instrument needs it
    except ImportError as error:
        raise UserError(
            f"kind auto_attack: {error}; install the package pyautoattack, as requirements.lock has it"
        ) from error
    module: ModuleType = pyautoattack
    return module
