"""The engine in a researcher's hands: attack, construct and evaluate with any model, in one call each.

Models are of the class ``nn.Module`` or plain functions of images (N, C, H, W) in [0, 1] that give logits
(N, classes), or objects whose ``logits`` they are; normalisation is their own part. They are asked in
evaluation mode, and nothing of them changes: neither weights nor gradients nor modes. (What a function has in
it cannot be known: put it in evaluation mode yourself.) All is computed in float32 where the model lies, also
where the caller has switched gradients off. What cannot be right is refused with an
:class:`advex.common.errors.InputError`, a ``ValueError`` too.

These functions stand around the engine of the studies (:mod:`advex.attack`, :mod:`advex.construct`), whose
rooms have the same names; so they are imported from here: ``from advex.api import attack, construct``.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor

from advex.attack.asking import DIVERGENCE, Asked
from advex.attack.handed_in import (
    Images,
    Labels,
    check_labels,
    image_tensor,
    label_tensor,
    labelled_images,
    number,
)
from advex.attack.objectives import representation_distance
from advex.attack.registering import register_norm, register_objective
from advex.attack.strongest import robust_images
from advex.attack.threat_models import ThreatModel, threat_model
from advex.common.artifacts import Array
from advex.common.errors import InputError, UserError
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.numbers.statistics import CONFIDENCE
from advex.common.randomness import numpy_generator, stable_seed
from advex.common.settings import AttackSettings
from advex.construct.constructions import NOISE_MEAN, NOISE_STD
from advex.construct.image_folder import write_image_folder
from advex.construct.rounding import rounded_inside
from advex.networks.foreign import Model
from advex.networks.torchvision_import import torchvision
from advex.registries import TARGETS

__all__ = [
    "Evaluation",
    "ImageSet",
    "InputError",
    "Share",
    "attack",
    "construct",
    "evaluate",
    "register_norm",
    "register_objective",
    "write_image_folder",
]

BATCH = 256
"""How many images are computed at once, unless said."""
_INVERSION = "invert"
_INVERSION_STEP = 0.1  # Table 5 of the paper, CIFAR-10
_STEPS, _INVERSION_STEPS = 100, 1000  # Tables 6 and 5
_OUTSIDE = 1e-6  # by which a given start may be, from rounding

if torch.version.cuda is None:
    # A torchvision for CUDA beside a torch for CPUs cannot be imported before this was put right.
    with suppress(UserError):
        torchvision()


def attack(
    model: Model,
    images: Images,
    labels: Labels | None = None,
    *,
    epsilon: float,
    norm: str = "l2",
    steps: int = 20,
    step_size: float | None = None,
    targets: Labels | None = None,
    objective: str | None = None,
    ensemble: Sequence[Model] = (),
    start: Any = None,
    random_start: bool = False,
    keep_best: bool = True,
    seed: int = 0,
    batch_size: int = BATCH,
) -> Tensor:
    """Find adversarial examples by projected gradient ascent (Madry et al., 2018; eq. 4 of the paper).

    Args:
        model: what is attacked; see the top of this module.
        images: (N, C, H, W), uint8 in 0..255 or floats in [0, 1], a tensor or an array; an
            :class:`advex.common.images.ImageSet`; or batches of images and labels, such as a DataLoader.
        labels: (N,) whole numbers from 0 on; left out where the images have labels of their own.
        epsilon: radius of the ball, in units of images in [0, 1]; infinite for none; 0 gives the images back.
        norm: ``l2``, ``linf``, or one of :func:`register_norm`.
        steps: how many gradient steps.
        step_size: length of a step in the norm; by default 2.5 epsilon / steps.
        targets: (N,) classes to reach; none for an attack that leaves the label.
        objective: what is climbed: ``cross_entropy`` or ``cw_margin`` without targets,
            ``targeted_cross_entropy`` or ``targeted_margin`` with; ``prediction_divergence`` from a start
            elsewhere; ``ensemble_penalised`` or ``ensemble_opposed`` with targets and an ensemble; or one of
            :func:`register_objective`. By default the cross-entropy.
        ensemble: models that an ``ensemble_`` objective must not fool (comment 5, Nakkiran).
        start: images to start from, inside the ball; by default the images themselves.
        random_start: start at points drawn uniformly from the ball.
        keep_best: return of each image the step with the highest objective rather than the last.
        seed: of random starts; what is drawn depends on an image's place, not on the batches.
        batch_size: how many images are computed at once.

    Returns:
        (N, C, H, W) float32 in [0, 1], detached, on the device of the images (of arrays the CPU), in their
        order; inside the ball in double precision, not up to rounding. Of no images none.

    Raises:
        InputError: something that was handed in is not as said here, or numbers became NaN on the way.
    """
    asked = Asked(model, ensemble, batch_size)
    settings = asked.settings(norm, epsilon, steps, step_size, random_start, keep_best)
    with asked.computing():
        natural, known = labelled_images(images, labels)
        classes = asked.examine(natural)
        check_labels(known, classes, "labels")
        wanted = None
        if targets is not None:
            wanted = label_tensor(targets, len(natural), "targets").to(natural.device)
            check_labels(wanted, classes, "targets")
        name = objective or ("cross_entropy" if wanted is None else "targeted_cross_entropy")
        climbed, rows = asked.objective(name, natural, known, wanted)
        if name == DIVERGENCE and start is None and not random_start:
            raise InputError(
                f"objective: {name} is least, and its gradient zero, at the images themselves; set "
                "random_start, or hand over another start"
            )
        begun = None if start is None else _perturbation(start, natural, settings)
        found = asked.climb(climbed, natural, rows, settings, begun, seed)
        return _inside(found, natural, settings)


def construct(
    model: Model,
    images: Images,
    labels: Labels | None = None,
    *,
    rule: str,
    epsilon: float | None = None,
    norm: str = "l2",
    steps: int | None = None,
    step_size: float | None = None,
    objective: str = "targeted_cross_entropy",
    ensemble: Sequence[Model] = (),
    layer: str | None = None,
    start: Any = None,
    keep_best: bool | None = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    batch_size: int = BATCH,
) -> ImageSet:
    """Build a data set from a model's features (Section 3 and Appendix C of the paper).

    Args:
        model: the model whose features go into the set.
        images: natural images, as of :func:`attack`.
        labels: their labels.
        rule: ``next_class`` (D_det) or ``random_class`` (D_rand) perturbs images towards that class, which
            becomes their label; ``invert`` keeps labels and replaces each image by one with the same
            representation (the robust set from a robust model, the non-robust set from another).
        epsilon: radius of the ball; for ``invert`` around the start, by default infinite.
        norm: as of :func:`attack`.
        steps: by default 100, for ``invert`` 1000 (Tables 5 and 6).
        step_size: by default 2.5 epsilon / steps, of an infinite ball 0.1.
        objective: what perturbations climb: ``targeted_cross_entropy``, ``targeted_margin``, an
            ``ensemble_`` one (``ensemble_penalised`` makes the bugs of comment 5), or one's own.
        ensemble: as of :func:`attack`.
        layer: for ``invert``: the module whose output is the representation, as ``model.named_modules()``
            calls it (``avgpool``); needed where the model has no method ``representation``.
        start: for ``invert``: ``images``, to begin at other images of the set (Section 3.1), which is the
            default; ``noise``; or images of one's own.
        keep_best: as of :func:`attack`; by default so, but for ``invert``, as in the studies.
        classes: names of the classes; by default their numbers.
        seed: of random targets and starts.
        batch_size: how many images are computed at once.

    Returns:
        A set with float32 images in [0, 1], inside the balls in double precision, in the order of
        ``images``, with their labels; of extras ``original_labels`` and either ``reached`` (whether the model
        gives the new label) or ``start_indices`` (-1: not of the set) and ``relative_distances`` (distance of
        representations left, as a share of that at the start). ``write`` keeps it as safetensors,
        :func:`write_image_folder` as a folder of images.

    Raises:
        InputError: as of :func:`attack`.
    """
    inverting = rule == _INVERSION
    if not inverting and rule not in TARGETS:
        raise InputError(f"rule: found {rule!r}; allowed: {', '.join([*TARGETS, _INVERSION])}")
    if inverting and (ensemble or objective != "targeted_cross_entropy"):
        raise InputError("objective: rule invert has its own, and takes no ensemble")
    if not inverting and (layer is not None or start is not None):
        raise InputError(f"{'layer' if layer is not None else 'start'}: only rule invert takes one")
    if epsilon is None and not inverting:
        raise InputError(f"epsilon: missing; rule {rule} needs a radius, such as 0.5 in l2 for CIFAR-10")
    asked = Asked(model, ensemble, batch_size, layer)
    settings = asked.settings(
        norm,
        math.inf if epsilon is None else epsilon,
        (_INVERSION_STEPS if inverting else _STEPS) if steps is None else steps,
        _INVERSION_STEP if inverting and step_size is None and epsilon is None else step_size,
        random_start=False,
        keep_best=not inverting if keep_best is None else keep_best,
    )
    with asked.computing():
        natural, known = labelled_images(images, labels)
        number_of_classes = asked.examine(natural)
        check_labels(known, number_of_classes, "labels")
        names = _names(classes, number_of_classes)
        extras: dict[str, Array] = {"original_labels": known.cpu().numpy()}
        if inverting:
            built, further = _inverted(asked, natural, settings, "images" if start is None else start, seed)
            assigned = known
        else:
            generator = numpy_generator("targets", rule, seed)
            drawn = TARGETS[rule](known.cpu().numpy(), number_of_classes, generator)
            assigned = torch.from_numpy(drawn).to(natural.device)
            climbed, rows = asked.objective(objective, natural, known, assigned)
            built = _inside(asked.climb(climbed, natural, rows, settings, None, seed), natural, settings)
            further = {"reached": (asked.predicted(built) == assigned).cpu().numpy()}
        return ImageSet(built.cpu().numpy(), assigned.cpu().numpy(), names, {**extras, **further})


@dataclass(frozen=True)
class Share:
    """A percentage of images, with the exact 95 % interval over images (Clopper and Pearson, 1934).

    Attributes:
        percent: of the images.
        low: where the interval begins, in percent.
        high: where it ends.
        images: how many there are.
    """

    percent: float
    low: float
    high: float
    images: int

    def __str__(self) -> str:
        return f"{self.percent:.1f} % ({self.low:.1f} to {self.high:.1f} over {self.images} images)"


@dataclass(frozen=True)
class Evaluation:
    """How often a model is right, on images as they are and under attack.

    Attributes:
        accuracy: on the images as they are.
        robust_accuracy: under all attacks. It is an upper bound, as strong as these; its interval says what
            other images would change, not other attacks.
        right: (N,) bool, which images are classified correctly, on the CPU.
        robust: (N,) bool, which of them no step of any attack fooled the model on.
    """

    accuracy: Share
    robust_accuracy: Share
    right: Tensor
    robust: Tensor


def evaluate(
    model: Model,
    images: Images,
    labels: Labels | None = None,
    *,
    epsilon: float,
    norm: str = "l2",
    steps: int = 20,
    seed: int = 0,
    batch_size: int = 1024,
) -> Evaluation:
    """Measure accuracy, and robust accuracy under the strongest evaluation of this library.

    That is :func:`advex.attack.strongest.robust_images`: attacks towards every other class, with steps that
    shrink from epsilon to nothing, then rounds of twice the steps each until one finds next to nothing. The
    studies compare it with AutoAttack.

    Args:
        model: as of :func:`attack`.
        images: as of :func:`attack`; one at least.
        labels: their labels.
        epsilon: radius of the ball, finite.
        norm: as of :func:`attack`.
        steps: of the attacks before the rounds.
        seed: of what is drawn.
        batch_size: how many images are attacked together, until these have converged: on few, rounds end
            earlier.

    Returns:
        Both accuracies with their intervals, and what became of each image.

    Raises:
        InputError: as of :func:`attack`, and if there are no images.
    """
    asked = Asked(model, (), batch_size)
    radius = number("epsilon", epsilon)
    settings = asked.settings(norm, radius, steps, radius, False, True, shrinking=True)
    with asked.computing():
        natural, known = labelled_images(images, labels)
        if not len(natural):
            raise InputError("images: none; an accuracy needs one at least")
        check_labels(known, asked.examine(natural), "labels")
        right = asked.predicted(natural) == known
        standing = []
        places = range(0, len(natural), asked.batch_size)
        for number_of_part, batch in enumerate(slice(first, first + asked.batch_size) for first in places):
            place = asked.device(natural)
            stands = robust_images(
                asked.network,  # type: ignore[arg-type]
                natural[batch].to(place),
                known[batch].to(place),
                settings,
                Device(place),
                "robust accuracy",
                stable_seed("evaluate", number_of_part, seed),
            )
            standing.append(stands.cpu())
            asked.check_finite()
    robust = torch.cat(standing)
    return Evaluation(_share(right), _share(robust), right.cpu(), robust)


def _inverted(
    asked: Asked, natural: Tensor, settings: AttackSettings, start: Any, seed: int
) -> tuple[Tensor, Mapping[str, Array]]:
    """Find images with the representations of others; return them, and what is to be known of them."""
    generator, places = numpy_generator("starts", seed), np.full(len(natural), -1)
    if isinstance(start, str) and start == "images":
        if len(natural) == 1:
            raise InputError("start: images: there is no other image to start from; hand over more, or noise")
        shift = generator.integers(1, max(len(natural), 2), size=len(natural))
        places = (np.arange(len(natural)) + shift) % max(len(natural), 1)
        begun = natural[torch.from_numpy(places).to(natural.device)]
    elif isinstance(start, str) and start == "noise":
        noise = np.clip(generator.normal(NOISE_MEAN, NOISE_STD, natural.shape), 0, 1)
        begun = torch.from_numpy(noise.astype(np.float32)).to(natural.device)
    elif isinstance(start, str):
        raise InputError(f"start: found {start!r}; allowed: images, noise, or images of your own")
    else:
        begun = _shaped_like(start, natural)
    wanted = asked.representations(natural)
    found = _inside(
        asked.climb(representation_distance, begun, wanted, settings, None, seed), begun, settings
    )
    before, after = (
        torch.linalg.vector_norm(asked.representations(each) - wanted, dim=1) for each in (begun, found)
    )
    distances = (after / before.clamp_min(1e-12)).cpu().numpy()
    return found, {"start_indices": places.astype(np.int64), "relative_distances": distances}


def _shaped_like(start: Any, images: Tensor) -> Tensor:
    begun = image_tensor(start, "start").to(images.device)
    if begun.shape != images.shape:
        raise InputError(f"start: found shape {tuple(begun.shape)}; the images have {tuple(images.shape)}")
    return begun


def _perturbation(start: Any, images: Tensor, settings: AttackSettings) -> Tensor:
    """Return a start as a perturbation of images, if it is inside the ball."""
    if settings.random_start:
        raise InputError("start: given, and random_start too; choose one")
    perturbation = _shaped_like(start, images).double() - images
    inside = _ball(settings).contains(perturbation, _OUTSIDE)
    if not inside.all():
        place = int((~inside).nonzero()[0])
        raise InputError(
            f"start: number {place} lies outside the ball of radius {settings.epsilon:g} around its image"
        )
    return perturbation.float()


def _ball(settings: AttackSettings) -> ThreatModel:
    return threat_model(settings.norm, settings.epsilon)


def _inside(found: Tensor, centres: Tensor, settings: AttackSettings) -> Tensor:
    """Return images inside their balls in double precision: sums of float32 may end beside."""
    if math.isinf(settings.epsilon) or not len(found):
        return found
    inside = rounded_inside(found.cpu().numpy(), centres.cpu().numpy(), _ball(settings), "float32")
    return torch.from_numpy(inside).to(found.device)


def _names(classes: Sequence[str] | None, known: int) -> tuple[str, ...]:
    names = tuple(map(str, range(known) if classes is None else classes))
    if len(names) != known or len(set(names)) != known:
        raise InputError(f"classes: found {len(names)} names; expected {known} different ones")
    return names


def _share(counted: Tensor) -> Share:
    images, right = len(counted), int(counted.sum())
    interval = binomtest(right, images).proportion_ci(CONFIDENCE, method="exact")
    return Share(100 * right / images, 100 * float(interval.low), 100 * float(interval.high), images)
