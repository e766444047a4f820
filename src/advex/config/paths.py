"""Where every model, data set, measurement and figure of a study lies, and how often it is repeated.

All paths follow one pattern, ``results/<study>/<kind>/<name>...``, written down here only. Looking up a
name that does not exist raises a :class:`UserError` that lists the names that do.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from advex.common.errors import UserError
from advex.common.settings import FilterSettings
from advex.config.schema import (
    CORRUPTED_TEST,
    NATURAL_TEST,
    NATURAL_TRAIN,
    SECOND_TEST,
    WHOLE_TEST,
    WHOLE_TRAIN,
    ExperimentRow,
    Experiments,
    MeasurementSection,
    ModelRow,
    Study,
    names_in,
)
from advex.config.sources import source_of
from advex.measure.sections import OtherDataSettings, Section

Listed = TypeVar("Listed")


class Paths:
    """The rows of every study by name, and where what they stand for lies."""

    def __init__(self, experiments: Experiments, studies: Mapping[str, Study]) -> None:
        self.experiments = experiments
        self.studies = dict(studies)
        self._models = {name: _with_filtered(experiments, study) for name, study in studies.items()}
        self._makers = {
            measurement: name
            for name, row in experiments.experiments.items()
            for measurement in made_by(name, row)
        }

    def study(self, name: str) -> Study:
        """Return the sizes of a study."""
        return find(self.studies, "study", name)

    def models(self, study: str) -> dict[str, ModelRow]:
        """Return a study's models by name: those behind filters too, none trained on sets it leaves out."""
        self.study(study)
        return self._models[study]

    def model(self, study: str, model: str, seed: int | str) -> str:
        """Return the path of a model's weights."""
        find(self.models(study), "model", model)
        return f"results/{study}/models/{model}/seed{seed}.safetensors"

    def history(self, study: str, model: str, seed: int | str) -> str:
        """Return the path of a model's training history."""
        return self.model(study, model, seed).removesuffix(".safetensors") + ".csv"

    def dataset(self, study: str, dataset: str, seed: int | str) -> str:
        """Return the path of a data set; natural images and their corruptions have no seed."""
        self.study(study)
        if dataset == CORRUPTED_TEST:
            return f"results/{study}/datasets/corrupted/test.safetensors"
        if dataset == SECOND_TEST:
            return f"results/{study}/datasets/second/test.safetensors"
        if dataset in (NATURAL_TRAIN, NATURAL_TEST, WHOLE_TRAIN, WHOLE_TEST):
            return f"results/{study}/datasets/{dataset.replace('_', '/')}.safetensors"
        if dataset in self.other_images(study):
            other, _, part = dataset.rpartition("_")
            return f"results/{study}/datasets/{other}/{part}.safetensors"
        find(self.experiments.datasets, "data set", dataset)
        if dataset in self.study(study).released_sets:  # there is one of each
            seed = self.study(study).first_seed
        return f"results/{study}/datasets/{dataset}/seed{seed}.safetensors"

    def other_images(self, study: str) -> list[str]:
        """Return the names of the training and test images that a study has beside its own."""
        return [f"other_{name}_{part}" for name in self.other_data(study) for part in ("train", "test")]

    def other_data(self, study: str) -> dict[str, OtherDataSettings]:
        """Return what a study's experiments want prepared beside its own images, by name."""
        sections = self.study(study).sections()
        found = (section.other_data() for section in sections if isinstance(section, Section))
        return {name: row for data in found for name, row in data.items()}

    def measurement(self, study: str, name: str, seed: int | str | None = None) -> str:
        """Return the path of a measurement: a table, or the images of a picture.

        Args:
            study: which study.
            name: which measurement.
            seed: one repetition; all of them by default, or of an experiment's own picture the first.
        """
        picture = name in self.pictures()
        if picture and name in self._makers and seed is None:
            seed = self.study(study).first_seed
        part = "" if seed is None else f"/seed{seed}"
        return f"results/{study}/measurements/{name}{part}.{'safetensors' if picture else 'csv'}"

    def pictures(self) -> set[str]:
        """Return the names of the measurements that hold images rather than a table."""
        rows = self.experiments.experiments.items()
        own = {f"{source_of(name)}/{picture}" for name, row in rows for picture in row.pictures}
        return own | set(self.experiments.pictures)

    def maker(self, measurement: str) -> str | None:
        """Return the experiment whose own job makes a measurement, if one does."""
        return self._makers.get(measurement)

    def made_by_experiments(self) -> list[str]:
        """Return the measurements that experiments with a job of their own make."""
        return list(self._makers)

    def experiment(self, name: str) -> ExperimentRow:
        """Return the row of an experiment with a job of its own."""
        return find(self.experiments.experiments, "experiment", name)

    def experiment_outputs(self, name: str) -> dict[str, str]:
        """Return the paths that an experiment's job writes, by name, with the wildcards of its rule."""
        row, source = self.experiment(name), source_of(name)
        folder = f"results/{{study}}/measurements/{source}"
        tables = {table: f"{folder}/{table}/seed{{seed}}.csv" for table in row.tables}
        pictures = {picture: f"{folder}/{picture}/seed{{seed}}.safetensors" for picture in row.pictures}
        pages = {page: f"results/{{study}}/figures/{source}/{page}.html" for page in row.pages}
        return tables | pictures | pages

    def pages(self, study: str) -> list[str]:
        """Return the paths of all pages that a study has beside its figures."""
        return [
            f"results/{study}/figures/{source_of(name)}/{page}.html"
            for name, row in self.experiments.experiments.items()
            if self.draws(study, source_of(name))
            for page in row.pages
        ]

    def measurement_parts(self, study: str, name: str) -> list[str]:
        """Return the paths of a measurement's tables, one for each seed."""
        return [self.measurement(study, name, seed) for seed in self.seeds(study, name)]

    def figures(self, study: str) -> list[str]:
        """Return the paths of all figures of a study."""
        return [f"results/{study}/figures/{name}.svg" for name in self.figure_names(study)]

    def figure_names(self, study: str) -> list[str]:
        """Return the names of all figures of a study."""
        return [
            name
            for name, row in self.experiments.figures.items()
            if self.wants(study, source_of(name))
            and row.is_for(study)
            and any(self.measured_in(study, each) for each in row.measurements)
        ]

    def draws(self, study: str, source: str) -> bool:
        """Tell whether a study draws the figures of a source: not if all are for other studies."""
        named = [name for name in self.experiments.figures if source_of(name) == source]
        drawn = self.figure_names(study)
        return self.wants(study, source) and (not named or any(name in drawn for name in named))

    def wants(self, study: str, source: str) -> bool:
        """Tell whether a study leaves a source in, whether or not there is anything to draw."""
        only = self.study(study).only
        return only is None or source in only

    def measured_in(self, study: str, measurement: str) -> bool:
        """Tell whether a measurement is for a study: whether any of its sections is."""
        sections = self.experiments.measurements.get(measurement, [])
        return not sections or any(self.is_for(study, section) for section in sections)

    def is_for(self, study: str, section: MeasurementSection) -> bool:
        """Tell whether a section of a measurement is for a study, by the study's images and sets."""
        sizes = self.study(study)
        if SECOND_TEST in section.measured_on and not sizes.second_test:
            return False
        if section.sets == "released" and not sizes.released_sets:
            return False
        return section.data in (None, sizes.data.source)

    def natural_test(self, study: str) -> str:
        """Return the path of the test images."""
        return self.dataset(study, NATURAL_TEST, 0)

    def seeds(self, study: str, measurement: str) -> range:
        """Return the numbers of a measurement's independent repetitions; a picture has one."""
        sizes, section = self.study(study), self.own_section(study, measurement)
        if measurement in self.pictures():
            count = 1
        elif section:
            count = int(section.seeds)
        else:
            count = sizes.seeds.of(self.maker(measurement) or measurement)
        return range(sizes.first_seed, sizes.first_seed + count)

    def own_section(self, study: str, measurement: str) -> Any:
        """Return the section that says how often a measurement is repeated, if it is not the study."""
        maker = self.maker(measurement)
        if maker is None or self.experiment(maker).seeds == "study":
            return None
        return self.section(study, maker)

    def section(self, study: str, experiment: str) -> Any:
        """Return the section of a study with the sizes of an experiment; none if it needs no sizes.

        Raises:
            UserError: the study does not give it.
        """
        return self.given_section(study, self.experiment(experiment).section, f"experiment {experiment}")

    def given_section(self, study: str, name: str | None, needed_by: str) -> Any:
        """Return a section of a study by name, or none for no name.

        Raises:
            UserError: the study does not give it, though ``needed_by`` needs it.
        """
        section = self.study(study).section(name) if name else None
        if name and section is None:
            raise UserError(f"study {study}: {name}: missing; it must be given, {needed_by} needs it")
        return section


class Filtered(ModelRow):
    """A model with its filter, as a study has it."""

    filter: FilterSettings


def made_by(name: str, row: ExperimentRow) -> list[str]:
    """Return the measurements that an experiment's own job makes."""
    return [f"{source_of(name)}/{made}" for made in (*row.tables, *row.pictures)]


def models_of(row: str, study: Study) -> list[str]:
    """Return the models of a row of filtered models."""
    return [f"{row}_{bandwidth}" for bandwidth in study.bandwidths]


def _with_filtered(experiments: Experiments, study: Study) -> dict[str, ModelRow]:
    models = dict(experiments.models)
    for name, row in experiments.filtered_models.items():
        for model, bandwidth in zip(models_of(name, study), study.bandwidths, strict=True):
            kept = FilterSettings(row.filter, bandwidth)
            models[model] = Filtered(**(row.model_dump() | {"filter": kept}))
    return {
        name: row
        for name, row in models.items()
        if row.trained_on == NATURAL_TRAIN or study.has_set(row.trained_on)
    }


def find(rows: Mapping[str, Listed], kind: str, name: str) -> Listed:
    """Return the row of a name.

    Raises:
        UserError: there is none; the message lists the names that there are, the nearest first.
    """
    if name not in rows:
        near = get_close_matches(name, rows)
        meant = f". Did you mean {near[0]}? There are: " if near else "; there are: "
        raise UserError(f"no {kind} is named {name!r}{meant}{names_in(dict(rows))}")
    return rows[name]
