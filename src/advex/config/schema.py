"""The form of ``config/experiments.yaml`` (which sentences) and ``config/studies/*.yaml`` (at what size).

Unknown keys are refused everywhere. A comment in a study's file says why a size is what it is.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from advex.common.registry import OneOf
from advex.common.settings import (
    MAIN_RADIUS,
    AttackSettings,
    Count,
    FourierNoise,
    LayerSizes,
    NonNegative,
    OddCount,
    Positive,
    Recipe,
)
from advex.config.weights import WeightsRow
from advex.discussion.goh_leakage.settings import FeatureSettings, LeakageSettings
from advex.discussion.nakano.settings import StyleSettings
from advex.discussion.nakkiran.settings import EnsembleSettings, PlaneSettings, SquaresSettings
from advex.discussion.wallace.settings import (
    OtherDatasetSettings,
    OwnMistakesSettings,
    TwoDimensionalSettings,
    WorldsSettings,
)
from advex.registries import (
    ARCHITECTURES,
    CONSTRUCTIONS,
    CORRUPTIONS,
    INSTRUMENTS,
    OBJECTIVES,
    SOURCES,
    TARGETS,
)

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
FigureName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")]

Objective = Annotated[str, OneOf(OBJECTIVES)]
OfficialCorruption = Literal[
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "elastic_transform",
    "speckle_noise",
    "spatter",
    "saturate",
]
"""Only read from CIFAR-10-C; written here so that checking a configuration needs no archive."""

NATURAL_TRAIN, NATURAL_TEST, CORRUPTED_TEST = "natural_train", "natural_test", "corrupted_test"
WHOLE_TRAIN, WHOLE_TEST = "whole_train", "whole_test"
"""All images of the source, whatever share of them a study trains networks on."""
OTHER_DATA = "other_data"
"""In the rows: all of a study's other images, ``other_<name>_train`` and ``other_<name>_test``."""


class Strict(BaseModel):
    """A mapping whose keys are all known, and which never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelRow(Strict):
    """One model: what it is trained on, how, and which family of architectures it is of.

    ``labels: original`` trains on a constructed set with the labels its images had before. ``ensemble: true``
    trains the networks of a study's ensemble, and one more that is held out: what is measured is that one.
    """

    trained_on: Name
    recipe: Name
    architecture: Name = "resnet50"
    labels: Literal["assigned", "original"] = "assigned"
    ensemble: bool = False


class FilteredModelRow(ModelRow):
    """Models behind a frequency filter, one for each of a study's bandwidths, named ``<row>_<bandwidth>``."""

    filter: Literal["low_pass", "high_pass"]


class DatasetRow(Strict):
    """One constructed data set: the rule, the images it starts from, the source model, the attack.

    ``optional: true`` says that figures can do without it, so that a study may leave it out.
    """

    rule: Annotated[str, OneOf(CONSTRUCTIONS)]
    images: Literal["natural_train", "natural_test"]
    source: Name
    attack: Name
    start: Literal["images", "noise"] = "images"
    target: Annotated[str, OneOf(TARGETS)] = "next_class"
    objective: Objective = "targeted_cross_entropy"
    ensemble: Name | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _penalties_have_an_ensemble(self) -> "DatasetRow":
        if self.objective.startswith("ensemble_") != (self.ensemble is not None):
            raise ValueError("objectives named ensemble_ need an ensemble, and no other has one")
        return self


class InstrumentRow(Strict):
    """One way to measure a model on a data set; ``kind`` is an entry of :data:`advex.registries.INSTRUMENTS`.

    ``quantity`` is what the table calls the result, by default the row's name.
    """

    kind: Annotated[str, OneOf(INSTRUMENTS)]
    attack: Name | None = None
    quantity: Name | None = None
    labels: Literal["true", "next_class", "previous_class"] = "true"
    source: Name | None = None
    ensemble: Name | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "InstrumentRow":
        transfers = self.kind in ("transfer", "ensemble_transfer")
        attacks = transfers or self.kind in ("robust_accuracy", "attack_strength", "layer_robustness")
        if attacks != (self.attack is not None):
            raise ValueError(f"kind {self.kind} {'needs an' if attacks else 'has no'} attack")
        if transfers != (self.source is not None):
            raise ValueError(
                "kind transfer needs a source, as does ensemble_transfer, and no other kind has one"
            )
        if (self.kind == "ensemble_transfer") != (self.ensemble is not None):
            raise ValueError("kind ensemble_transfer needs an ensemble, and no other kind has one")
        return self


class MeasurementSection(Strict):
    """Models x data sets x instruments, all combinations measured."""

    models: Annotated[list[Name], Field(min_length=1)]
    measured_on: Annotated[list[Name], Field(min_length=1)] = [NATURAL_TEST]
    instruments: Annotated[list[Name], Field(min_length=1)]


class PictureRow(Strict):
    """Images to show: named rows of data sets, and how many columns; aligned by image or by label."""

    rows: dict[str, Name]
    columns: Count = 5
    aligned_by: Literal["image", "label"]


Section = Literal[
    "goh_leakage", "goh_features", "style_transfer", "own_mistakes", "other_dataset", "two_dimensional"
]


class OwnRuleRow(Strict):
    """A measurement made by a rule of its own: of linear features, of images by style transfer, and so on.

    Attributes:
        sizes: the section of a study's file with its sizes.
        job: the job that makes it, ``source/name``; several measurements may come from one.
        picture: whether it holds images, of the first repetition, rather than a table.
        seeds: whether repetitions are those of the section, or of the study's models.
        reads: the data sets it reads; none for mathematics.
        models: the models it reads, by the name the rule knows them by.
        measurements: the measurements it reads, of the same seed.
    """

    sizes: Section
    job: FigureName
    picture: bool = False
    seeds: Literal["section", "study"] = "section"
    reads: list[Name] = []
    models: dict[Name, Name] = {}
    measurements: list[FigureName] = []


class FigureRow(Strict):
    """One figure: the measurements it draws."""

    measurements: Annotated[list[FigureName], Field(min_length=1)]


class Experiments(Strict):
    """All rows; ``mathematics`` names measurements without data, and the section with their sizes."""

    models: dict[Name, ModelRow]
    filtered_models: dict[Name, FilteredModelRow] = {}
    datasets: dict[Name, DatasetRow]
    instruments: dict[Name, InstrumentRow]
    measurements: dict[FigureName, list[MeasurementSection]]
    pictures: dict[FigureName, PictureRow]
    mathematics: dict[
        FigureName, Literal["gaussian", "ellipses", "squares", "squares_2d", "two_dimensional", "worlds"]
    ]
    own_rules: dict[FigureName, OwnRuleRow] = {}
    figures: dict[FigureName, FigureRow]


class DataSettings(Strict):
    """Which images: the source (see docs/data.md), how many of them, and what they look like."""

    source: Annotated[str, OneOf(SOURCES)]
    description: str
    mirror: str | None = None
    train_images: Count | None = None
    test_images: Count | None = None
    image_size: Count | None = None
    channels: Literal[1, 3]
    classes: Annotated[int, Field(ge=2)]
    mean: tuple[float, ...]
    std: tuple[Positive, ...]

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> "DataSettings":
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need one value for each of {self.channels} channels")
        return self


class ArchitectureRow(Strict):
    """Which network stands for a family in this study, with its options."""

    name: Annotated[str, OneOf(ARCHITECTURES)]
    options: dict[str, Count] = {}


class AttackStrength(Strict):
    """The sweep of Fig. 8: attacks of growing strength, with a search over the step size."""

    steps: Annotated[list[Count], Field(min_length=1)]
    relative_step_sizes: Annotated[list[Positive], Field(min_length=1)]
    objectives: Annotated[list[Objective], Field(min_length=1)]


class GaussianSettings(Strict):
    """The model of Section 4: true mean and variances, and what to try."""

    mean: tuple[float, float]
    variances: tuple[Positive, Positive]
    epsilons: list[NonNegative]
    theory_epsilons: list[NonNegative]
    penalties: Annotated[list[Positive], Field(min_length=1)]
    samples: Count
    seeds: Count

    @model_validator(mode="after")
    def _has_adversaries(self) -> "GaussianSettings":
        for name in ("epsilons", "theory_epsilons"):
            if not any(getattr(self, name)):
                raise ValueError(f"{name} must hold a radius above 0: there is no robust model otherwise")
        return self


class EllipsesSettings(Strict):
    """The example of Fig. 14."""

    epsilon: NonNegative
    samples: Count
    seeds: Count


class CorruptionSettings(Strict):
    """Which corruptions of the test images: made here, or (``cifar10_c``) read from CIFAR-10-C."""

    source: Literal["generated", "cifar10_c"] = "generated"
    names: Annotated[list[OfficialCorruption | Annotated[str, OneOf(CORRUPTIONS)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_made(self) -> "CorruptionSettings":
        official = sorted(set(self.names) & set(get_args(OfficialCorruption)))
        if self.source == "generated" and official:
            raise ValueError(f"{', '.join(official)}: only with source cifar10_c, they are not made here")
        return self


class JobResources(Strict):
    """What a job of one verb asks of a cluster; the local machine only counts ``threads``."""

    threads: Count = 1
    gpu: Annotated[int, Field(ge=0)] = 0
    mem_mb: Count = 2000
    runtime_minutes: Count = 30


class Study(Strict):
    """The data and sizes of one study.

    ``like`` is another study, whose values count where this one gives none; of architectures, recipes,
    attacks and resources, row by row. ``only`` are the sources whose figures it draws, by default all.
    ``weights`` are published weights by model; a study that has some trains nothing, and leaves out models
    without.
    ``left_out`` names optional data sets that it does not build; models trained on them are not measured.
    """

    title: str
    like: str | None = None
    only: Annotated[list[Name], Field(min_length=1)] | None = None
    weights: dict[Name, WeightsRow] = {}
    sizes_are_published: bool = False
    seeds: Count
    precision: Literal["float32", "bfloat16"] = "float32"
    stored_as: Literal["float32", "float16"] = "float32"
    data: DataSettings
    architectures: dict[Name, ArchitectureRow]
    recipes: dict[Name, Recipe]
    attacks: dict[Name, AttackSettings]
    attack_strength: AttackStrength
    gaussian: GaussianSettings
    ellipses: EllipsesSettings
    ensemble: EnsembleSettings
    left_out: list[Name] = []
    squares: SquaresSettings
    squares_2d: PlaneSettings
    goh_leakage: LeakageSettings
    goh_features: FeatureSettings
    style_transfer: StyleSettings
    own_mistakes: OwnMistakesSettings
    two_dimensional: TwoDimensionalSettings
    worlds: WorldsSettings
    other_dataset: OtherDatasetSettings
    bandwidths: Annotated[list[OddCount], Field(min_length=1)]
    fourier_noise: FourierNoise
    corruptions: CorruptionSettings
    layer_robustness: LayerSizes
    resources: dict[Literal["prepare", "corrupt", "train", "construct", "measure"], JobResources] = {}

    @model_validator(mode="after")
    def _weights_have_no_seeds(self) -> "Study":
        if self.weights and self.seeds > 1:
            raise ValueError("with weights there is one of each model: seeds must be 1")
        return self

    @model_validator(mode="after")
    def _layers_are_judged_at_one_radius(self) -> "Study":
        if MAIN_RADIUS not in self.layer_robustness.relative_epsilons:
            raise ValueError(
                f"layer_robustness.relative_epsilons must hold {MAIN_RADIUS:g}: figures and claims use it"
            )
        return self


def names_in(rows: dict[str, Any]) -> str:
    """List names for an error message."""
    return ", ".join(sorted(rows))
