"""Settings of trainings, attacks and constructions: what a row of a study's file may say.

These dataclasses check their values when they are made, from YAML or from code: a wrong value or an
unknown key raises. They import no torch, so the workflow can check its configuration quickly.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass, is_pydantic_dataclass
from pydantic.fields import FieldInfo

from advex.common.names.registry import OneOf
from advex.registries import CONSTRUCTIONS, LOSSES, NORMS, OBJECTIVES, TARGETS


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("must be odd")
    return value


Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
OddCount = Annotated[int, Field(ge=1), AfterValidator(_odd)]

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class AttackSettings:
    """How to attack: norm and radius, number and size of steps, and where to start.

    Attributes:
        norm: geometry of the ball and of the steps.
        epsilon: radius, in units of images in [0, 1]; infinite for no constraint.
        steps: number of gradient steps.
        step_size: length of a step in the norm; of the first one, if steps shrink.
        random_start: start at a point drawn uniformly from the ball rather than at the image.
        keep_best: return, for each image, the iterate with the highest objective rather than the last;
            it costs one more forward pass.
        shrinking: steps fall linearly to nothing, so that an attack that starts with large ones settles.
    """

    norm: Annotated[str, OneOf(NORMS)]
    epsilon: NonNegative
    steps: Annotated[int, Field(ge=0)]
    step_size: NonNegative
    random_start: bool = False
    keep_best: bool = True
    shrinking: bool = False

    def length(self, step: int) -> float:
        """Return the length of a step, counted from 0; of n that shrink the last is an n-th of the first."""
        return self.step_size * (1 - step / self.steps) if self.shrinking else self.step_size


@dataclass(frozen=True, config=STRICT)
class AugmentationSettings:
    """Which random changes training images get; zeros mean none.

    Attributes:
        crop_padding: pixels of zero padding before a random crop back to the size.
        flip: mirror left to right with probability one half.
        colour_jitter: brightness, contrast and saturation are multiplied by factors from
            1 - colour_jitter to 1 + colour_jitter, in this order.
        rotation_degrees: rotation by up to this angle in either direction, nearest pixel, zeros outside.
        gaussian_noise: standard deviation of noise added last, clipped to [0, 1] (Ford et al., 2019).
        gaussian_noise_varies: draw each image's standard deviation uniformly from 0 to gaussian_noise
            (Yin et al., 2019) instead.
    """

    crop_padding: Annotated[int, Field(ge=0)] = 0
    flip: bool = False
    colour_jitter: Annotated[float, Field(ge=0, le=1)] = 0.0
    rotation_degrees: NonNegative = 0.0
    gaussian_noise: NonNegative = 0.0
    gaussian_noise_varies: bool = False


@dataclass(frozen=True, config=STRICT)
class StepDrops:
    """Multiply the learning rate by ``factor`` at each of ``drops``, given as shares of the epochs."""

    kind: Literal["step_drops"] = "step_drops"
    drops: tuple[Share, ...] = ()
    factor: Share = 0.1

    def scale(self, done: float) -> float:
        """Return the multiplier when a share ``done`` in [0, 1) of the training is over."""
        # A drop at a third of 150 epochs starts exactly with epoch 50, whatever the rounding.
        return float(self.factor ** sum(done >= drop - 1e-9 for drop in self.drops))


@dataclass(frozen=True, config=STRICT)
class OneCycle:
    """Climb linearly from 0 until a share ``peak`` of the training is over, then fall linearly to 0."""

    kind: Literal["one_cycle"] = "one_cycle"
    peak: Share = 0.25

    def scale(self, done: float) -> float:
        """Return the multiplier when a share ``done`` in [0, 1) of the training is over."""
        return min(done / self.peak, (1 - done) / (1 - self.peak))


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """How to train: stochastic gradient descent with momentum.

    Attributes:
        epochs: passes over the training set.
        batch_size: images per step; the last batch of an epoch may be smaller.
        learning_rate: its largest value.
        schedule: how it changes.
        momentum: of the gradient.
        weight_decay: l2 penalty, on all weights as in the paper's library.
        augmentation: random changes of the images.
        adversary: attack on every batch before the step; none trains on the images as they are.
        evaluate_every: epochs between two tests; the first and the last epoch are always tested.
        loss: an entry of :data:`advex.registries.LOSSES`; the cross-entropy is in the worst case (eq. 4)
            where there is an adversary.
        loss_options: further arguments of that entry, such as ``beta``.
    """

    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    schedule: Annotated[StepDrops | OneCycle, Field(discriminator="kind")] = OneCycle()
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 5e-4
    augmentation: AugmentationSettings = AugmentationSettings()
    adversary: AttackSettings | None = None
    evaluate_every: Count = 1
    loss: Annotated[str, OneOf(LOSSES)] = "cross_entropy"
    loss_options: dict[str, Positive] = field(default_factory=dict)


@dataclass(frozen=True, config=STRICT)
class FilterSettings:
    """A frequency filter in front of a network; see :func:`advex.common.numbers.frequency.filter_mask`.

    Attributes:
        kind: which frequencies are kept, the lowest or the highest.
        bandwidth: side of the square of frequencies that is kept, odd.
    """

    kind: Literal["low_pass", "high_pass"]
    bandwidth: OddCount


@dataclass(frozen=True, config=STRICT)
class FourierNoise:
    """Noise of one frequency.

    Attributes:
        root_mean_square: in each channel, over its pixels.
        images: how many test images get it, the first ones.
        stronger: further root mean squares to try.
        draws: of the random signs of the noise, every second one opposite to that before; errors are means
            over them. Grey images have one sign each, so that two draws are all there are.
    """

    root_mean_square: Positive
    images: Count
    stronger: tuple[Positive, ...] = ()
    draws: Count = 1


MAIN_SUCCESS = 0.95
"""The share of labels flipped by attacks on linear features that figure and claims are about."""
MAIN_RADIUS = 0.5
"""The radius of R(f) that figures and claims are about, over that of the study's attack on layers."""


@dataclass(frozen=True, config=STRICT)
class LayerSizes:
    """On how many images the robustness of layers is measured.

    Attributes:
        images: how many test images are perturbed, the first ones.
        pairs: how many random pairs of test images give the mean distance.
        relative_epsilons: radii, over the radius of the attack.
    """

    images: Count
    pairs: Count
    relative_epsilons: Annotated[tuple[Positive, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _are_judged_at_one_radius(self) -> "LayerSizes":
        if MAIN_RADIUS not in self.relative_epsilons:
            raise ValueError(f"relative_epsilons must hold {MAIN_RADIUS:g}: figures and claims use it")
        return self


@dataclass(frozen=True, config=STRICT)
class ArchitectureSettings:
    """Which classifier to build.

    Attributes:
        name: an entry of :data:`advex.registries.ARCHITECTURES`.
        options: further arguments of that entry, such as ``width``.
        channels: image channels.
        classes: number of classes.
        mean: mean of each channel of the natural images.
        std: standard deviation of each channel of the natural images.
        filter: frequencies the network sees; none for all. Mean and std are then those of the filtered
            training images.
    """

    name: str
    options: dict[str, int]
    channels: Count
    classes: Annotated[int, Field(ge=2)]
    mean: tuple[float, ...]
    std: tuple[Positive, ...]
    filter: FilterSettings | None = None


@dataclass(frozen=True, config=STRICT)
class TrainingRun:
    """Everything that determines a training, but for the images.

    Attributes:
        name: the model's name; with the seed it decides all randomness.
        seed: which repetition.
        architecture: what to train.
        recipe: how.
        labels: those of the training set, or those its images had before they were perturbed.
        members: how many networks to train one after the other, each for itself; none for a single one.
    """

    name: str
    seed: int
    architecture: ArchitectureSettings
    recipe: Recipe
    labels: Literal["assigned", "original"] = "assigned"
    members: Count | None = None


@dataclass(frozen=True, config=STRICT)
class Construction:
    """How to build a data set.

    Attributes:
        name: the data set's name; with the seed it decides all randomness.
        seed: which repetition; also the seed of the source model.
        rule: ``target`` or ``invert``, see :mod:`advex.construct.constructions`.
        attack: the search: ball (infinite for inversion), steps and step size.
        start: for inversion, another image of the set, or noise.
        target: for targeting, which class to aim at and to take as the label.
        objective: for targeting, what the attack climbs; ``ensemble_`` ones need an ensemble.
    """

    name: str
    seed: int
    rule: Annotated[str, OneOf(CONSTRUCTIONS)]
    attack: AttackSettings
    start: Literal["images", "noise"] = "images"
    target: Annotated[str, OneOf(TARGETS)] = "next_class"
    objective: Annotated[str, OneOf(OBJECTIVES)] = "targeted_cross_entropy"


WRITES_NO_DEFAULTS = ("plain", "plain_value", "_is_default")


def plain(settings: Any) -> dict[str, Any]:
    """Return settings as plain dictionaries, lists and scalars, from which ``type(**plain)`` makes them.

    Fields at their default are left out, so that one more with a default changes nothing.
    """
    values: dict[str, Any] = plain_value(settings)
    return values


def plain_value(value: Any) -> Any:
    """Return settings, collections of them, and scalars as JSON would, without fields at their default.

    A field that tells one class of settings from another (``kind: Literal["one_cycle"]``) is kept.
    """
    if isinstance(value, BaseModel) or is_pydantic_dataclass(type(value)):
        return {
            name: plain_value(getattr(value, name))
            for name, field in type(value).__pydantic_fields__.items()
            if _is_tag(field.annotation) or not _is_default(value, name, field)
        }
    if isinstance(value, Mapping):
        return {name: plain_value(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    return value


def _is_default(settings: Any, name: str, field: FieldInfo) -> bool:
    return bool(getattr(settings, name) == field.get_default(call_default_factory=True))


def _is_tag(annotation: Any) -> bool:
    return get_origin(annotation) is Literal and len(get_args(annotation)) == 1
