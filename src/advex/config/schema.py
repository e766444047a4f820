"""The form of ``config/experiments.yaml`` (which sentences) and ``config/studies/*.yaml`` (at what size).

Unknown keys are refused everywhere. A comment in a study's file says why a size is what it is.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, create_model, model_validator

from advex.common.errors import UserError
from advex.common.names.registry import OneOf, parts_of
from advex.common.settings import AttackSettings, Count, OddCount, Recipe
from advex.config.weights import ReleasedSetRow, WeightsRow
from advex.measure.kinds import Instrument, Name
from advex.measure.sections import Strict
from advex.registries import (
    ARCHITECTURES,
    CONSTRUCTIONS,
    CORRUPTIONS,
    NEED_ADVERSARY,
    OBJECTIVES,
    SOURCES,
    TARGETS,
)

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
SECOND_TEST = "second_test"
"""The test set that a study has beside that of its source, if it has one."""
WHOLE_TRAIN, WHOLE_TEST = "whole_train", "whole_test"
"""All images of the source, whatever share of them a study trains networks on."""
OTHER_DATA = "other_data"
"""In the rows: all of a study's other images, ``other_<name>_train`` and ``other_<name>_test``."""


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


class MeasurementSection(Strict):
    """Models x data sets x instruments, all combinations.

    With ``data`` in studies of that source alone; with ``sets: released`` in studies of released sets alone.
    """

    data: Annotated[str, OneOf(SOURCES)] | None = None
    sets: Literal["released"] | None = None
    models: Annotated[list[Name], Field(min_length=1)]
    measured_on: Annotated[list[Name], Field(min_length=1)] = [NATURAL_TEST]
    instruments: Annotated[list[Name], Field(min_length=1)]


class PictureRow(Strict):
    """Images to show: named rows of data sets, and how many columns; aligned by image or by label."""

    rows: dict[str, Name]
    columns: Count = 5
    aligned_by: Literal["image", "label"]


class JobResources(Strict):
    """What a job asks of a cluster; the local machine only counts ``threads``."""

    threads: Count = 1
    gpu: Annotated[int, Field(ge=0)] = 0
    mem_mb: Count = 2000
    runtime_minutes: Count = 30


class ExperimentRow(Strict):
    """An experiment with a job of its own: mathematics, a chain of short trainings, a page, and so on.

    Named ``source/name``, it is the module of that name in the ``experiments`` of that source. One job makes
    its measurements for one seed; or, if it makes pages, those of the whole study.

    Attributes:
        says: what its job does, in a few words, for people who watch.
        section: of a study's file, with its sizes, an entry of ``SECTIONS`` in its source's ``settings``;
            none if it has no sizes.
        tables: measurements it makes that are tables, below its source.
        pictures: measurements it makes that hold images; of the first seed are those that figures show.
        pages: pages it writes beside the figures.
        seeds: whether it is repeated as its section says, or as often as the study says.
        seeds_resplit: whether another seed is another split of the same images, and not other networks.
        told_first_seed: whether its settings say which seed is the study's first, since it shows that alone.
        datasets: the data sets it reads; :data:`OTHER_DATA` for all images a study has beside its own.
        models: the models it reads, by the name it knows them by.
        measurements: the measurements it reads: of its seed, or for a page of all.
        published: a file of published numbers that it reads.
        template: of its page.
        environment: of the programs it needs: ``torch``, or ``figures``, which has none.
        resources: what a job asks for: as those of a verb in the study, or always the same.
        precision: the study's, or always float32.
    """

    says: str
    section: Name | None = None
    tables: list[Name] = []
    pictures: list[Name] = []
    pages: list[Name] = []
    seeds: Literal["section", "study"] = "section"
    seeds_resplit: bool = False
    told_first_seed: bool = False
    datasets: list[Name] = []
    models: dict[Name, Name] = {}
    measurements: list[FigureName] = []
    published: str | None = None
    template: str | None = None
    environment: Literal["torch", "figures"]
    resources: Literal["train", "measure"] | JobResources
    precision: Literal["study", "float32"] = "float32"

    @model_validator(mode="after")
    def _makes_something(self) -> "ExperimentRow":
        if bool(self.pages) == bool(self.tables or self.pictures):
            raise ValueError("it must make tables and pictures, or pages")
        if self.section is None and not self.pages and self.seeds == "section":
            raise ValueError("without a section, seeds must be study")
        return self

    @property
    def seed(self) -> str:
        """Which repetition a job is, with the wildcard of its rule; a page has none."""
        return "0" if self.pages else "{seed}"

    @property
    def message(self) -> str:
        """What a job says when it starts, with the wildcards of its rule."""
        seed = "" if self.pages else ", seed {wildcards.seed}"
        return f"{self.says}{seed} of {{wildcards.study}}"

    def rule(self, name: str) -> str:
        """Return the name of the rule of an experiment's job."""
        return name.replace("/", "_")

    def job(self, name: str) -> str:
        """Return what a job is called in the names of logs, with the wildcard of its rule."""
        return f"draw/{name}" if self.pages else f"measure/{name}/seed{self.seed}"

    @property
    def reads_data(self) -> bool:
        """Whether images or models come into it; if not, it is mathematics."""
        return bool(self.datasets or self.models)


class FigureRow(Strict):
    """One figure: the measurements it draws, and others that tell whether premises of its claims are met.

    With ``studies`` it is drawn in these alone, and others need say nothing of what only it needs.
    """

    measurements: Annotated[list[FigureName], Field(min_length=1)]
    premises: list[FigureName] = []
    studies: Annotated[list[str], Field(min_length=1)] | None = None

    def is_for(self, study: str) -> bool:
        """Tell whether it is drawn in a study that draws the figures of its source."""
        return self.studies is None or study in self.studies


class Experiments(Strict):
    """All rows; an instrument is an object of its class among :data:`advex.registries.KINDS`."""

    models: dict[Name, ModelRow]
    filtered_models: dict[Name, FilteredModelRow] = {}
    datasets: dict[Name, DatasetRow]
    instruments: dict[Name, Instrument]
    measurements: dict[FigureName, list[MeasurementSection]]
    pictures: dict[FigureName, PictureRow]
    experiments: dict[FigureName, ExperimentRow] = {}
    figures: dict[FigureName, FigureRow]


Finite = Annotated[float, Field(allow_inf_nan=False)]


def _no_truth(value: Any) -> Any:
    """Refuse a truth value, which equals a number."""
    if isinstance(value, bool):
        raise ValueError("allowed: 1 or 3")
    return value


class DataSettings(Strict):
    """Which images: the source (see docs/data.md), how many of them, and what they look like."""

    source: Annotated[str, OneOf(SOURCES)]
    description: str
    mirror: str | None = None
    train_images: Count | None = None
    test_images: Count | None = None
    image_size: Count | None = None
    channels: Annotated[Literal[1, 3], BeforeValidator(_no_truth)]
    classes: Annotated[int, Field(ge=2)]
    mean: tuple[Finite, ...]
    std: tuple[Annotated[Finite, Field(gt=0)], ...]

    @model_validator(mode="after")
    def _nine_super_classes(self) -> "DataSettings":
        if self.source == "restricted_imagenet" and (self.classes, self.channels) != (9, 3):
            raise ValueError("source restricted_imagenet has 9 classes and 3 channels")
        return self

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> "DataSettings":
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need one value for each of {self.channels} channels")
        return self


class ArchitectureRow(Strict):
    """Which network stands for a family in this study, with its options."""

    name: Annotated[str, OneOf(ARCHITECTURES)]
    options: dict[str, Count] = {}


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


class EnsembleSettings(Strict):
    """How many networks penalise an attack (one more is trained and held out), and which numbers to try."""

    members: Count
    sizes: Annotated[list[Count], Field(min_length=1)]

    @model_validator(mode="after")
    def _largest_is_all(self) -> "EnsembleSettings":
        if self.sizes != sorted(set(self.sizes)):
            raise ValueError("sizes must ascend, each given once")
        if self.sizes[-1] != self.members:
            raise ValueError(f"the largest of sizes must be members, {self.members}")
        return self


MOST_REPETITIONS = 1000
Repetitions = Annotated[int, Field(ge=1, le=MOST_REPETITIONS)]
"""A thousand are more than anybody waits for; with a slip of a million planning would never end."""


class Seeds(Strict):
    """How many independent repetitions there are, by default and of measurements by name.

    What a measurement needs (models, their data sets, sources, ensembles) is there for all of its seeds.
    ``seeds: 3`` in a study's file is short for ``seeds: {default: 3}``.
    """

    default: Repetitions
    measurements: dict[FigureName, Repetitions] = {}

    def of(self, measurement: str) -> int:
        """Return how many a measurement has."""
        return self.measurements.get(measurement, self.default)


def _with_default(seeds: Any) -> Any:
    return {"default": seeds} if isinstance(seeds, int) and not isinstance(seeds, bool) else seeds


EVALUATIONS = ("evaluation_half_epsilon", "evaluation_full_epsilon")
"""Attacks that every study has, the second of a larger radius than the first."""
CONTROL = "no_steps"
"""The attack that leaves images as they are."""


class Study(Strict):
    """The data and sizes of one study.

    Its other sections, those of experiments and instruments, are fields of :func:`study_form`.

    ``like`` is another study, whose values count where this one gives none; of architectures, recipes,
    attacks and resources, row by row. ``only`` are the sources whose figures it draws, by default all.
    ``weights`` are published weights by model; a study that has some trains nothing, and leaves out models
    without, unless it says ``others_trained``.
    ``released_sets`` are files that stand for constructed sets; others are not there, nor models trained on
    them.
    ``sizes_are_published`` says whether sizes may be held against published ones, or those of which tables.
    ``precision`` is float32; bfloat16, but float32 on processors; or bfloat16 everywhere.
    ``first_seed`` is the number of the first repetition of everything, so that two studies can have none in
    common.
    ``left_out`` names optional data sets that it does not build; models trained on them are not measured.
    ``second_test`` is another test set of the same classes; without one, nothing is measured on it.
    """

    title: str
    like: str | None = None
    only: Annotated[list[Name], Field(min_length=1)] | None = None
    weights: dict[Name, WeightsRow] = {}
    others_trained: bool = False
    released_sets: dict[Name, ReleasedSetRow] = {}
    sizes_are_published: bool | list[FigureName] = False
    seeds: Annotated[Seeds, BeforeValidator(_with_default)]
    first_seed: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    precision: Literal["float32", "bfloat16", "bfloat16_everywhere"] = "float32"
    stored_as: Literal["float32", "float16"] = "float32"
    data: DataSettings
    second_test: Literal["cifar10_1_v4", "cifar10_1_v6"] | None = None
    architectures: dict[Name, ArchitectureRow]
    recipes: dict[Name, Recipe]
    attacks: dict[Name, AttackSettings]
    ensemble: EnsembleSettings
    left_out: list[Name] = []
    bandwidths: Annotated[list[OddCount], Field(min_length=1)]
    corruptions: CorruptionSettings
    resources: dict[Literal["prepare", "corrupt", "train", "construct", "measure"], JobResources] = {}

    @model_validator(mode="after")
    def _weights_have_no_seeds(self) -> "Study":
        if self.weights and max(self.seeds.default, *self.seeds.measurements.values(), 1) > 1:
            raise ValueError("with weights there is one of each model: seeds must be 1")
        return self

    @model_validator(mode="after")
    def _others_are_trained_beside_weights(self) -> "Study":
        if self.others_trained and not self.weights:
            raise ValueError("others_trained: true goes with weights, which nothing is trained beside here")
        for name, row in self.weights.items() if self.others_trained else ():
            if not row.file.endswith(".safetensors"):
                raise ValueError(
                    f"weights.{name}.file: found {row.file}; with others_trained a .safetensors file, "
                    "converted once by `python -m advex.discussion.released.convert model` (docs/data.md)"
                )
            if row.classes != self.data.classes:
                raise ValueError(
                    f"weights.{name}.classes: found {row.classes}; with others_trained as many as the data "
                    f"have, {self.data.classes}"
                )
        return self

    @model_validator(mode="after")
    def _released_sets_are_of_cifar10(self) -> "Study":
        if self.released_sets and self.data.source != "cifar10":
            raise ValueError("released_sets: they are of CIFAR-10 and go with data.source cifar10 alone")
        if self.released_sets and self.only != ["released"]:
            raise ValueError(
                "released_sets: found with figures that need other sets; allowed: only: [released]"
            )
        if self.only == ["released"] and not self.released_sets:
            raise ValueError("only: found released, which has no figures without released_sets")
        return self

    @model_validator(mode="after")
    def _second_test_has_the_same_classes(self) -> "Study":
        if self.second_test and self.data.source != "cifar10":
            raise ValueError(f"second_test: {self.second_test} goes with data.source cifar10 alone")
        return self

    @model_validator(mode="after")
    def _half_is_less_than_full(self) -> "Study":
        radii = [self.attacks[name].epsilon for name in EVALUATIONS if name in self.attacks]
        if radii != sorted(set(radii)):
            raise ValueError(f"attacks: the radii of {' and '.join(EVALUATIONS)} must grow, found {radii}")
        return self

    @model_validator(mode="after")
    def _losses_have_the_adversary_they_need(self) -> "Study":
        recipes = {f"recipes.{name}": recipe for name, recipe in self.recipes.items()}
        own = [name for name in type(self).model_fields if name not in Study.model_fields]
        for place, settings in (recipes | {name: self.section(name) for name in own}).items():
            for part in parts_of(settings):
                if isinstance(part, Recipe) and part.loss in NEED_ADVERSARY and not part.adversary:
                    raise ValueError(f"{place}: loss {part.loss} needs an adversary")
        return self

    def has_set(self, dataset: str) -> bool:
        """Tell whether a constructed set is there: built, or released."""
        return dataset not in self.left_out and (not self.released_sets or dataset in self.released_sets)

    def has_model(self, model: str) -> bool:
        """Tell whether a model is there: trained, or of published weights."""
        return not self.weights or self.others_trained or model in self.weights

    def section(self, name: str) -> Any:
        """Return a section by name; none if the study does not give it."""
        return getattr(self, name, None)

    def sections(self) -> list[Any]:
        """Return all sections that the study gives."""
        given = (getattr(self, name) for name in type(self).model_fields if name not in Study.model_fields)
        return [section for section in given if section is not None]


def study_form(sections: Mapping[str, type[Any]]) -> type[Study]:
    """Return :class:`Study` with sections, each of its class; what is not needed may be absent.

    Raises:
        UserError: the name of a section is that of something else in a study's file.
    """
    for name in sections:
        if hasattr(Study, name) or name in Study.model_fields:
            raise UserError(f"section {name}: every study has something else of this name; rename it")
    fields: dict[str, Any] = {name: (form | None, None) for name, form in sections.items()}
    return create_model("Study", __base__=Study, **fields)


def names_in(rows: Iterable[str]) -> str:
    """List names for an error message."""
    return ", ".join(sorted(rows))
