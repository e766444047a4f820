"""What a configuration may choose by name, and what each name stands for: one entry adds one more.

Nothing is imported until it is looked up, so that a configuration can be checked without torch.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from advex.common.names.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from torch import Tensor

    from advex.attack.objectives import Objective
    from advex.attack.threat_models import ThreatModel
    from advex.common.artifacts import Array
    from advex.common.names.known import Source
    from advex.construct.constructions import Rule
    from advex.discussion.gilmer_hendrycks.corruptions import Made
    from advex.draw.lettering import Context
    from advex.measure.bench import Bench
    from advex.measure.columns import Columns
    from advex.measure.contract import Count, Run
    from advex.measure.entries import MeasurementEntry, Row
    from advex.measure.kinds import Instrument
    from advex.measure.sections import Section
    from advex.networks.architectures.backbone import Backbone
    from advex.prepare.prepared import Loader
    from advex.train.losses import Loss

SOURCES: "Registry[Loader]" = Registry(
    "source",
    {
        "digits": "advex.prepare.packaged:load_digits",
        "sample_images": "advex.prepare.packaged:load_sample_images",
        "natural_patches": "advex.prepare.patches:load_natural_patches",
        "cifar10": "advex.prepare.official:load_cifar10",
        "mnist": "advex.prepare.official:load_idx",
        "fashion_mnist": "advex.prepare.official:load_idx",
        "own": "advex.prepare.sources:own",
        "restricted_imagenet": "advex.discussion.ilyas.restricted_imagenet:load",
    },
)
"""How each source of images is loaded where no mirror is given."""

LOOKS: "Registry[Callable[[str], Source]]" = Registry("look", {"own": "advex.prepare.mirrors.looking:look"})
"""What tells, of a source that only its mirror knows, what that holds before it is prepared."""

CORRUPTIONS: "Registry[Made]" = Registry(
    "corruption",
    {
        "fog": "advex.discussion.gilmer_hendrycks.corruptions:FOG",
        "contrast": "advex.discussion.gilmer_hendrycks.corruptions:CONTRAST",
        "brightness": "advex.discussion.gilmer_hendrycks.corruptions:BRIGHTNESS",
        "low_pass_noise": "advex.discussion.gilmer_hendrycks.corruptions:LOW_PASS_NOISE",
        "gaussian_blur": "advex.discussion.gilmer_hendrycks.corruptions:GAUSSIAN_BLUR",
        "defocus_blur": "advex.discussion.gilmer_hendrycks.corruptions:DEFOCUS_BLUR",
        "pixelate": "advex.discussion.gilmer_hendrycks.corruptions:PIXELATE",
        "jpeg_compression": "advex.discussion.gilmer_hendrycks.corruptions:JPEG_COMPRESSION",
        "gaussian_noise": "advex.discussion.gilmer_hendrycks.corruptions:GAUSSIAN_NOISE",
        "shot_noise": "advex.discussion.gilmer_hendrycks.corruptions:SHOT_NOISE",
        "impulse_noise": "advex.discussion.gilmer_hendrycks.corruptions:IMPULSE_NOISE",
        "high_pass_noise": "advex.discussion.gilmer_hendrycks.corruptions:HIGH_PASS_NOISE",
    },
)
"""Every corruption that is made here, with its constant for each severity."""

ARCHITECTURES: "Registry[Callable[..., Backbone]]" = Registry(
    "architecture",
    {
        "resnet18": "advex.networks.architectures.large:resnet18",
        "resnet50": "advex.networks.architectures.large:resnet50",
        "vgg16": "advex.networks.architectures.large:vgg16",
        "vgg19": "advex.networks.architectures.large:vgg19",
        "alexnet": "advex.networks.architectures.large:alexnet",
        "densenet121": "advex.networks.architectures.large:densenet121",
        "inception": "advex.networks.architectures.large:inception",
        "small_resnet18": "advex.networks.architectures.small:small_resnet18",
        "small_resnet50": "advex.networks.architectures.small:small_resnet50",
        "small_vgg": "advex.networks.architectures.small:small_vgg",
        "small_alexnet": "advex.networks.architectures.small:small_alexnet",
        "small_plain": "advex.networks.architectures.small:small_plain",
        "small_perceptron": "advex.networks.architectures.small:small_perceptron",
        "small_densenet": "advex.networks.architectures.small:small_densenet",
        "small_inception": "advex.networks.architectures.small:small_inception",
        "imagenet_resnet50": "advex.networks.architectures.imagenet:resnet50",
        "imagenet_densenet121": "advex.networks.architectures.imagenet:densenet121",
        "imagenet_vgg16": "advex.networks.architectures.imagenet:vgg16",
        "imagenet_vgg19": "advex.networks.architectures.imagenet:vgg19",
        "imagenet_alexnet": "advex.networks.architectures.imagenet:alexnet",
    },
)
"""Functions of ``channels`` and an architecture's options that build a backbone with random weights."""

TRAININGS: "Registry[Callable[..., tuple[Any, pd.DataFrame]]]" = Registry(
    "training",
    {"single": "advex.train.training:train", "ensemble": "advex.train.ensemble_training:train_ensemble"},
)
"""How a model is trained: as one network, or as several, one after the other."""

ADVERSARIES: "Registry[Callable[..., Tensor]]" = Registry(
    "adversary",
    {
        "perturbed": "advex.train.adversary:perturbed",
        "diverged": "advex.train.adversary:diverged",
    },
)
"""The inner maximisations of adversarial training, each under the name of its function.

No recipe says such a name, so that only trainings with an adversary count what it stands for.
"""

LOSSES: "Registry[Loss]" = Registry(
    "loss",
    {
        "cross_entropy": "advex.train.losses:cross_entropy",
        "trades": "advex.train.losses:trades",
    },
)
"""What a training descends."""

ADVERSARY_OF = {"cross_entropy": "perturbed", "trades": "diverged"}
"""Which of the adversaries a loss looks up where its recipe has one."""

NEED_ADVERSARY = frozenset({"trades"})
"""Losses that mean nothing without an adversary."""

NORMS: "Registry[Callable[[float], ThreatModel]]" = Registry(
    "norm",
    {
        "l2": "advex.attack.threat_models:L2Ball",
        "linf": "advex.attack.threat_models:LinfBall",
    },
)
"""Threat models by the norm that bounds a perturbation: functions of the radius."""

OBJECTIVES: "Registry[Objective]" = Registry(
    "objective",
    {
        "cross_entropy": "advex.attack.objectives:cross_entropy",
        "targeted_cross_entropy": "advex.attack.objectives:targeted_cross_entropy",
        "cw_margin": "advex.attack.objectives:cw_margin",
        "targeted_margin": "advex.attack.objectives:targeted_margin",
        "representation_distance": "advex.attack.objectives:representation_distance",
        "prediction_divergence": "advex.attack.objectives:prediction_divergence",
        "ensemble_penalised": "advex.attack.objectives:ensemble_penalised",
        "ensemble_opposed": "advex.attack.objectives:ensemble_opposed",
    },
)
"""What an attack climbs."""

CONSTRUCTIONS: "Registry[Rule]" = Registry(
    "construction",
    {
        "target": "advex.construct.constructions:by_targeting",
        "invert": "advex.construct.constructions:by_inversion",
    },
)
"""Rules that build a data set from a source model."""

TARGETS: "Registry[Callable[[Array, int, np.random.Generator], Array]]" = Registry(
    "target",
    {
        "random_class": "advex.attack.targets:random_class",
        "next_class": "advex.attack.targets:next_class",
    },
)
"""Which class a perturbation aims at."""

INSTRUMENTS: "Registry[Callable[[MeasurementEntry, Bench], Iterable[Row]]]" = Registry(
    "instrument",
    {
        "accuracy": "advex.measure.instruments.accuracy:rows",
        "robust_accuracy": "advex.measure.instruments.robust_accuracy:rows",
        "auto_attack": "advex.measure.instruments.auto_attack:rows",
        "attack_strength": "advex.measure.instruments.attack_strength:rows",
        "transfer": "advex.measure.instruments.transfer:rows",
        "history": "advex.measure.instruments.history:rows",
        "filtered_accuracy": "advex.discussion.gilmer_hendrycks.filtered_accuracy:rows",
        "fourier_sensitivity": "advex.discussion.gilmer_hendrycks.fourier_sensitivity:rows",
        "fourier_norms": "advex.discussion.gilmer_hendrycks.fourier_norms:rows",
        "corruption_accuracy": "advex.discussion.gilmer_hendrycks.corruption_accuracy:rows",
        "corruption_spectrum": "advex.discussion.gilmer_hendrycks.corruption_spectrum:rows",
        "layer_robustness": "advex.discussion.nakano.layer_robustness:rows",
        "ensemble_transfer": "advex.discussion.nakkiran.ensemble_transfer:rows",
    },
)
"""How a model is measured on a data set."""

KINDS: "Registry[type[Instrument]]" = Registry(
    "kind",
    {
        "accuracy": "advex.measure.kinds:Accuracy",
        "robust_accuracy": "advex.measure.kinds:RobustAccuracy",
        "auto_attack": "advex.measure.kinds:AutoAttack",
        "attack_strength": "advex.measure.kinds:AttackStrength",
        "transfer": "advex.measure.kinds:Transfer",
        "history": "advex.measure.kinds:History",
        "filtered_accuracy": "advex.discussion.gilmer_hendrycks.kinds:FilteredAccuracy",
        "fourier_sensitivity": "advex.discussion.gilmer_hendrycks.kinds:FourierSensitivity",
        "fourier_norms": "advex.discussion.gilmer_hendrycks.kinds:FourierNorms",
        "corruption_accuracy": "advex.discussion.gilmer_hendrycks.kinds:CorruptionAccuracy",
        "corruption_spectrum": "advex.discussion.gilmer_hendrycks.kinds:CorruptionSpectrum",
        "layer_robustness": "advex.discussion.nakano.kinds:LayerRobustness",
        "ensemble_transfer": "advex.discussion.nakkiran.kinds:EnsembleTransfer",
    },
)
"""What each instrument says of itself, without torch: what it needs and reads, its columns, its cost."""

SECTIONS: "Registry[type[Any]]" = Registry(
    "section",
    {
        "auto_attack": "advex.measure.entries:AutoAttackSizes",
        "attack_strength": "advex.measure.entries:Sweep",
        "fourier_noise": "advex.common.settings:FourierNoise",
        "layer_robustness": "advex.common.settings:LayerSizes",
    },
)
"""Sections of a study's file with the sizes of instruments."""

EXPERIMENT_SECTIONS: "Registry[Mapping[str, type[Section]]]" = Registry(
    "experiment_section", pattern="advex.discussion.{}.settings:SECTIONS"
)
"""Those with the sizes of a source's experiments: classes by the section's name."""

TABLES: "Registry[Callable[[Iterable[Any]], Mapping[str, Columns]]]" = Registry(
    "tables", pattern="advex.discussion.{}.tables:columns"
)
"""What the tables hold that a source's experiments make: a function of all studies gives their columns."""

CHECKS: "Registry[Callable[[Any, str], Iterable[str]]]" = Registry(
    "checks", pattern="advex.discussion.{}.checks:mistakes"
)
"""What a source finds wrong in the sizes of a study: a function of the plan and the study's name."""

EXPERIMENTS: "Registry[Run]" = Registry("experiment", pattern="advex.discussion.{}.experiments.{}:run")
"""Every experiment with a job of its own, ``source/name``, is run by the module of its name."""

WORKS: "Registry[Count]" = Registry("work", pattern="advex.discussion.{}.experiments.{}:work")
"""What counts the work of such an experiment before it runs."""

FIGURES: "Registry[Callable[[dict[str, Any], pd.DataFrame, Context], Figure]]" = Registry(
    "figure", pattern="advex.discussion.{}.figures.{}:draw"
)
"""Every figure, ``source/name``, is drawn by the module of its name."""
