"""What a configuration may choose by name, and what each name stands for: one entry adds one more.

Nothing is imported until it is looked up, so that a configuration can be checked without torch.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from advex.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from torch import Tensor

    from advex.architectures.backbone import Backbone
    from advex.artifacts import Array
    from advex.constructions import Rule
    from advex.corruptions import Made
    from advex.experiments.contract import Count, Run
    from advex.figures.style import Context
    from advex.instruments.bench import Bench
    from advex.instruments.entries import MeasurementEntry, Row
    from advex.instruments.kinds import Instrument
    from advex.losses import Loss
    from advex.objectives import Objective
    from advex.sources.prepared import Loader
    from advex.threat_models import ThreatModel

SOURCES: "Registry[Loader]" = Registry(
    "source",
    {
        "digits": "advex.sources.packaged:load_digits",
        "sample_images": "advex.sources.packaged:load_sample_images",
        "natural_patches": "advex.sources.patches:load_natural_patches",
        "cifar10": "advex.sources.official:load_cifar10",
        "mnist": "advex.sources.official:load_idx",
        "fashion_mnist": "advex.sources.official:load_idx",
        "own": "advex.sources:own",
    },
)
"""How each source of images is loaded where no mirror is given."""

CORRUPTIONS: "Registry[Made]" = Registry(
    "corruption",
    {
        "fog": "advex.corruptions:FOG",
        "contrast": "advex.corruptions:CONTRAST",
        "brightness": "advex.corruptions:BRIGHTNESS",
        "low_pass_noise": "advex.corruptions:LOW_PASS_NOISE",
        "gaussian_blur": "advex.corruptions:GAUSSIAN_BLUR",
        "defocus_blur": "advex.corruptions:DEFOCUS_BLUR",
        "pixelate": "advex.corruptions:PIXELATE",
        "jpeg_compression": "advex.corruptions:JPEG_COMPRESSION",
        "gaussian_noise": "advex.corruptions:GAUSSIAN_NOISE",
        "shot_noise": "advex.corruptions:SHOT_NOISE",
        "impulse_noise": "advex.corruptions:IMPULSE_NOISE",
        "high_pass_noise": "advex.corruptions:HIGH_PASS_NOISE",
    },
)
"""Every corruption that is made here, with its constant for each severity."""

ARCHITECTURES: "Registry[Callable[..., Backbone]]" = Registry(
    "architecture",
    {
        "resnet18": "advex.architectures.large:resnet18",
        "resnet50": "advex.architectures.large:resnet50",
        "vgg16": "advex.architectures.large:vgg16",
        "vgg19": "advex.architectures.large:vgg19",
        "alexnet": "advex.architectures.large:alexnet",
        "densenet121": "advex.architectures.large:densenet121",
        "inception": "advex.architectures.large:inception",
        "small_resnet18": "advex.architectures.small:small_resnet18",
        "small_resnet50": "advex.architectures.small:small_resnet50",
        "small_vgg": "advex.architectures.small:small_vgg",
        "small_alexnet": "advex.architectures.small:small_alexnet",
        "small_plain": "advex.architectures.small:small_plain",
        "small_perceptron": "advex.architectures.small:small_perceptron",
        "small_densenet": "advex.architectures.small:small_densenet",
        "small_inception": "advex.architectures.small:small_inception",
        "imagenet_resnet50": "advex.architectures.imagenet:resnet50",
        "imagenet_densenet121": "advex.architectures.imagenet:densenet121",
        "imagenet_vgg16": "advex.architectures.imagenet:vgg16",
        "imagenet_vgg19": "advex.architectures.imagenet:vgg19",
        "imagenet_alexnet": "advex.architectures.imagenet:alexnet",
    },
)
"""Functions of ``channels`` and an architecture's options that build a backbone with random weights."""

TRAININGS: "Registry[Callable[..., tuple[Any, pd.DataFrame]]]" = Registry(
    "training",
    {"single": "advex.training:train", "ensemble": "advex.ensemble_training:train_ensemble"},
)
"""How a model is trained: as one network, or as several, one after the other."""

ADVERSARIES: "Registry[Callable[..., Tensor]]" = Registry(
    "adversary", {"cross_entropy": "advex.adversary:perturbed", "trades": "advex.adversary:diverged"}
)
"""The inner maximisation of adversarial training, by the loss that it belongs to."""

LOSSES: "Registry[Loss]" = Registry(
    "loss", {"cross_entropy": "advex.losses:cross_entropy", "trades": "advex.losses:trades"}
)
"""What a training descends."""

NORMS: "Registry[Callable[[float], ThreatModel]]" = Registry(
    "norm", {"l2": "advex.threat_models:L2Ball", "linf": "advex.threat_models:LinfBall"}
)
"""Threat models by the norm that bounds a perturbation: functions of the radius."""

OBJECTIVES: "Registry[Objective]" = Registry(
    "objective",
    {
        "cross_entropy": "advex.objectives:cross_entropy",
        "targeted_cross_entropy": "advex.objectives:targeted_cross_entropy",
        "cw_margin": "advex.objectives:cw_margin",
        "targeted_margin": "advex.objectives:targeted_margin",
        "representation_distance": "advex.objectives:representation_distance",
        "prediction_divergence": "advex.objectives:prediction_divergence",
        "ensemble_penalised": "advex.objectives:ensemble_penalised",
        "ensemble_opposed": "advex.objectives:ensemble_opposed",
    },
)
"""What an attack climbs."""

CONSTRUCTIONS: "Registry[Rule]" = Registry(
    "construction",
    {"target": "advex.constructions:by_targeting", "invert": "advex.constructions:by_inversion"},
)
"""Rules that build a data set from a source model."""

TARGETS: "Registry[Callable[[Array, int, np.random.Generator], Array]]" = Registry(
    "target", {"random_class": "advex.targets:random_class", "next_class": "advex.targets:next_class"}
)
"""Which class a perturbation aims at."""

INSTRUMENTS: "Registry[Callable[[MeasurementEntry, Bench], Iterable[Row]]]" = Registry(
    "instrument",
    {
        "accuracy": "advex.instruments.accuracy:rows",
        "robust_accuracy": "advex.instruments.robust_accuracy:rows",
        "attack_strength": "advex.instruments.attack_strength:rows",
        "transfer": "advex.instruments.transfer:rows",
        "history": "advex.instruments.history:rows",
        "filtered_accuracy": "advex.instruments.filtered_accuracy:rows",
        "fourier_sensitivity": "advex.instruments.fourier_sensitivity:rows",
        "fourier_norms": "advex.instruments.fourier_norms:rows",
        "corruption_accuracy": "advex.instruments.corruption_accuracy:rows",
        "corruption_spectrum": "advex.instruments.corruption_spectrum:rows",
        "layer_robustness": "advex.instruments.layer_robustness:rows",
        "ensemble_transfer": "advex.instruments.ensemble_transfer:rows",
    },
)
"""How a model is measured on a data set."""

KINDS: "Registry[type[Instrument]]" = Registry(
    "kind",
    {
        "accuracy": "advex.instruments.kinds:Accuracy",
        "robust_accuracy": "advex.instruments.kinds:RobustAccuracy",
        "attack_strength": "advex.instruments.kinds:AttackStrength",
        "transfer": "advex.instruments.kinds:Transfer",
        "history": "advex.instruments.kinds:History",
        "filtered_accuracy": "advex.instruments.kinds_gilmer_hendrycks:FilteredAccuracy",
        "fourier_sensitivity": "advex.instruments.kinds_gilmer_hendrycks:FourierSensitivity",
        "fourier_norms": "advex.instruments.kinds_gilmer_hendrycks:FourierNorms",
        "corruption_accuracy": "advex.instruments.kinds_gilmer_hendrycks:CorruptionAccuracy",
        "corruption_spectrum": "advex.instruments.kinds_gilmer_hendrycks:CorruptionSpectrum",
        "layer_robustness": "advex.instruments.kinds_nakano:LayerRobustness",
        "ensemble_transfer": "advex.instruments.kinds_nakkiran:EnsembleTransfer",
    },
)
"""What each instrument says of itself, without torch: what it needs and reads, its columns, its cost."""

SECTIONS: "Registry[type[Any]]" = Registry(
    "section",
    {
        "gaussian": "advex.experiments.ilyas.settings:GaussianSettings",
        "ellipses": "advex.experiments.ilyas.settings:EllipsesSettings",
        "goh_leakage": "advex.experiments.goh_leakage.settings:LeakageSettings",
        "goh_features": "advex.experiments.goh_features.settings:FeatureSettings",
        "style_transfer": "advex.experiments.nakano.settings:StyleSettings",
        "squares": "advex.experiments.nakkiran.settings:SquaresSettings",
        "squares_2d": "advex.experiments.nakkiran.settings:PlaneSettings",
        "own_mistakes": "advex.experiments.wallace.settings:OwnMistakesSettings",
        "other_dataset": "advex.experiments.wallace.settings:OtherDatasetSettings",
        "two_dimensional": "advex.experiments.wallace.settings:TwoDimensionalSettings",
        "worlds": "advex.experiments.wallace.settings:WorldsSettings",
        "attack_strength": "advex.instruments.entries:Sweep",
        "fourier_noise": "advex.settings:FourierNoise",
        "layer_robustness": "advex.settings:LayerSizes",
    },
)
"""Sections of a study's file with the sizes of experiments (classes derived from
:class:`advex.sections.Section`) and of instruments."""

EXPERIMENTS: "Registry[Run]" = Registry("experiment", pattern="advex.experiments.{}.{}:run")
"""Every experiment with a job of its own, ``source/name``, is run by the module of its name."""

WORKS: "Registry[Count]" = Registry("work", pattern="advex.experiments.{}.{}:work")
"""What counts the work of such an experiment before it runs."""

FIGURES: "Registry[Callable[[dict[str, Any], pd.DataFrame, Context], Figure]]" = Registry(
    "figure", pattern="advex.figures.{}.{}:draw"
)
"""Every figure, ``source/name``, is drawn by the module of its name."""
