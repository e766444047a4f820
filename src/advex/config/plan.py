"""From rows to jobs: the settings and the paths of every model, data set, measurement and figure.

All paths follow one pattern, ``results/<study>/<kind>/<name>...``, written down here only. Looking up a
name that does not exist raises a :class:`UserError` that lists the names that do.
"""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from advex.config.linear import FeatureSettings, LeakageSettings
from advex.config.nakkiran import PlaneSettings, SquaresSettings
from advex.config.schema import (
    CORRUPTED_TEST,
    NATURAL_TEST,
    NATURAL_TRAIN,
    WHOLE_TEST,
    WHOLE_TRAIN,
    EllipsesSettings,
    Experiments,
    GaussianSettings,
    JobResources,
    LinearRow,
    MeasurementSection,
    ModelRow,
    Study,
    names_in,
)
from advex.errors import UserError
from advex.settings import (
    ArchitectureSettings,
    Construction,
    FilterSettings,
    TrainingRun,
    plain,
    plain_value,
)

Row = TypeVar("Row")


class Plan:
    """Every experiment of every study."""

    def __init__(self, experiments: Experiments, studies: Mapping[str, Study]) -> None:
        self.experiments = experiments
        self.studies = dict(studies)
        self._models = {name: _with_filtered(experiments, study) for name, study in studies.items()}

    def study(self, name: str) -> Study:
        """Return the sizes of a study."""
        return _find(self.studies, "study", name)

    def models(self, study: str) -> dict[str, ModelRow]:
        """Return a study's models by name: those behind filters too, none trained on sets it leaves out."""
        self.study(study)
        return self._models[study]

    # Where things lie

    def model(self, study: str, model: str, seed: int | str) -> str:
        """Return the path of a model's weights."""
        _find(self.models(study), "model", model)
        return f"results/{study}/models/{model}/seed{seed}.safetensors"

    def history(self, study: str, model: str, seed: int | str) -> str:
        """Return the path of a model's training history."""
        return self.model(study, model, seed).removesuffix(".safetensors") + ".csv"

    def dataset(self, study: str, dataset: str, seed: int | str) -> str:
        """Return the path of a data set; natural images and their corruptions have no seed."""
        self.study(study)
        if dataset == CORRUPTED_TEST:
            return f"results/{study}/datasets/corrupted/test.safetensors"
        if dataset in (NATURAL_TRAIN, NATURAL_TEST, WHOLE_TRAIN, WHOLE_TEST):
            return f"results/{study}/datasets/{dataset.replace('_', '/')}.safetensors"
        _find(self.experiments.datasets, "data set", dataset)
        return f"results/{study}/datasets/{dataset}/seed{seed}.safetensors"

    def measurement(self, study: str, name: str) -> str:
        """Return the path of a measurement: a table, or the images of a picture."""
        if name in self.experiments.linear and name in self.pictures():
            return f"results/{study}/measurements/{name}/seed0.safetensors"
        suffix = "safetensors" if name in self.pictures() else "csv"
        return f"results/{study}/measurements/{name}.{suffix}"

    def pictures(self) -> set[str]:
        """Return the names of the measurements that hold images rather than a table."""
        linear = {name for name, row in self.experiments.linear.items() if row.picture}
        return linear | set(self.experiments.pictures)

    def measurement_parts(self, study: str, name: str) -> list[str]:
        """Return the paths of a measurement's tables, one for each seed."""
        folder = f"results/{study}/measurements/{name}"
        return [f"{folder}/seed{seed}.csv" for seed in range(self.seeds(study, name))]

    def figures(self, study: str) -> list[str]:
        """Return the paths of all figures of a study."""
        self.study(study)
        return [f"results/{study}/figures/{name}.svg" for name in self.experiments.figures]

    def natural_test(self, study: str) -> str:
        """Return the path of the test images."""
        return self.dataset(study, NATURAL_TEST, 0)

    # What jobs need

    def corruptions(self, study: str) -> dict[str, Any]:
        """Return which corruptions of the test images a study has, and where they come from."""
        return _values(self.study(study).corruptions)

    def precision(self, study: str) -> str:
        """Return the precision a study computes at on a GPU."""
        return self.study(study).precision

    def stored_as(self, study: str) -> str:
        """Return the type that a study stores weights and constructed images in."""
        return self.study(study).stored_as

    def title(self, study: str) -> str:
        """Return what a study is called in its report."""
        return self.study(study).title

    def seeds(self, study: str, measurement: str) -> int:
        """Return how many independent repetitions a measurement has."""
        sizes = self.study(study)
        if measurement in self.experiments.mathematics:
            return self._mathematics(study, measurement).seeds
        if measurement in self.pictures():
            return 1
        linear = self.experiments.linear.get(measurement)
        return self._linear(study, linear).seeds if linear and linear.seeds == "section" else sizes.seeds

    def training_inputs(self, study: str, model: str, seed: int | str) -> dict[str, str]:
        """Return the paths a training reads."""
        row = _find(self.models(study), "model", model)
        return {
            "training_set": self.dataset(study, row.trained_on, seed),
            "test_set": self.dataset(study, NATURAL_TEST, seed),
        }

    def training(self, study: str, model: str, seed: int) -> dict[str, Any]:
        """Return the settings of a training, as plain values of a TrainingRun."""
        sizes, row = self.study(study), _find(self.models(study), "model", model)
        members = sizes.ensemble.members + 1 if row.ensemble else None
        family = sizes.architectures[row.architecture]
        architecture = ArchitectureSettings(
            name=family.name,
            options=family.options,
            channels=sizes.data.channels,
            classes=sizes.data.classes,
            mean=sizes.data.mean,
            std=sizes.data.std,
            filter=row.filter if isinstance(row, _Filtered) else None,
        )
        return plain(TrainingRun(model, seed, architecture, sizes.recipes[row.recipe], row.labels, members))

    def training_modules(self, study: str, model: str) -> list[str]:
        """Return the library's optional modules that a training uses."""
        row = _find(self.models(study), "model", model)
        adversary = self.study(study).recipes[row.recipe].adversary
        return ["advex.adversary"] * bool(adversary) + ["advex.ensemble_training"] * row.ensemble

    def construction_inputs(self, study: str, dataset: str, seed: int | str) -> dict[str, str]:
        """Return the paths a construction reads; its source model has the same seed."""
        row = _find(self.experiments.datasets, "data set", dataset)
        ensemble = {"ensemble": self.model(study, row.ensemble, seed)} if row.ensemble else {}
        return {
            "images": self.dataset(study, row.images, seed),
            "source": self.model(study, row.source, seed),
            **ensemble,
        }

    def construction(self, study: str, dataset: str, seed: int) -> dict[str, Any]:
        """Return the settings of a construction, as plain values of a Construction."""
        row = _find(self.experiments.datasets, "data set", dataset)
        attack = self.study(study).attacks[row.attack]
        return plain(Construction(dataset, seed, row.rule, attack, row.start, row.target, row.objective))

    def sections(self, study: str, measurement: str) -> list[MeasurementSection]:
        """Return what a measurement measures, a row of filtered models as all its models.

        Models that the study does not have are not measured.
        """
        filtered = self.experiments.filtered_models
        sections = []
        for section in _find(self.experiments.measurements, "measurement", measurement):
            models = [
                model
                for name in section.models
                for model in (_names(name, self.study(study)) if name in filtered else [name])
                if model in self.models(study)
            ]
            if models:
                sections.append(section.model_copy(update={"models": models}))
        return sections

    def measurement_inputs(self, study: str, measurement: str, seed: int | str) -> list[str]:
        """Return the paths a measurement of one seed reads, each once."""
        paths: dict[str, None] = {}
        for section in self.sections(study, measurement):
            instruments = [self.experiments.instruments[name] for name in section.instruments]
            if any(instrument.kind != "history" for instrument in instruments):
                used = (name for row in instruments for name in (row.source, row.ensemble) if name)
                models = [*section.models, *used]
                paths |= dict.fromkeys(self.model(study, model, seed) for model in models)
                paths |= dict.fromkeys(self.dataset(study, name, seed) for name in section.measured_on)
            if any(instrument.kind == "history" for instrument in instruments):
                paths |= dict.fromkeys(self.history(study, model, seed) for model in section.models)
        return list(paths)

    def measurement_settings(self, study: str, measurement: str, seed: int) -> list[dict[str, Any]]:
        """Return one entry for every model, data set and instrument of a measurement, with all paths."""
        sizes = self.study(study)
        sweep, noise = sizes.attack_strength.model_dump(), plain(sizes.fourier_noise)
        entries = []
        for section in self.sections(study, measurement):
            for model in section.models:
                for dataset in section.measured_on:
                    for name in section.instruments:
                        row = self.experiments.instruments[name]
                        entries.append(
                            {
                                "quantity": row.quantity or name,
                                "kind": row.kind,
                                "model": model,
                                "architecture": self.models(study)[model].architecture,
                                "dataset": dataset,
                                "model_path": self.model(study, model, seed),
                                "history_path": self.history(study, model, seed),
                                "dataset_path": self.dataset(study, dataset, seed),
                                "source_path": self.model(study, row.source, seed) if row.source else None,
                                "ensemble_path": self.model(study, row.ensemble, seed)
                                if row.ensemble
                                else None,
                                "sizes": sizes.ensemble.sizes if row.ensemble else [],
                                "labels": row.labels,
                                "attack": plain(sizes.attacks[row.attack]) if row.attack else None,
                                "sweep": sweep if row.kind == "attack_strength" else None,
                                "noise": noise if row.kind.startswith("fourier") else None,
                            }
                        )
        return entries

    def measurement_modules(self, study: str, measurement: str) -> list[str]:
        """Return the library's modules of the instruments that a measurement uses."""
        used = {name for section in self.sections(study, measurement) for name in section.instruments}
        return sorted({f"advex.instruments.{self.experiments.instruments[name].kind}" for name in used})

    def mathematics_settings(self, study: str, measurement: str) -> dict[str, Any]:
        """Return the sizes of a measurement that needs no data."""
        return _values(self._mathematics(study, measurement), {"seeds"})

    def _mathematics(
        self, study: str, measurement: str
    ) -> GaussianSettings | EllipsesSettings | SquaresSettings | PlaneSettings:
        sizes = self.study(study)
        sections: dict[str, GaussianSettings | EllipsesSettings | SquaresSettings | PlaneSettings] = {
            "gaussian": sizes.gaussian,
            "ellipses": sizes.ellipses,
            "squares": sizes.squares,
            "squares_2d": sizes.squares_2d,
        }
        return sections[_find(self.experiments.mathematics, "mathematics", measurement)]

    def linear_inputs(self, study: str, measurement: str, seed: int | str) -> dict[str, str]:
        """Return the paths a measurement of linear features reads, by names of data sets and models."""
        row = _find(self.experiments.linear, "measurement of linear features", measurement)
        datasets = {name: self.dataset(study, name, seed) for name in row.reads}
        return datasets | {f"model_{key}": self.model(study, name, seed) for key, name in row.models.items()}

    def linear_settings(self, study: str, measurement: str) -> dict[str, Any]:
        """Return the sizes of a measurement of linear features."""
        row = _find(self.experiments.linear, "measurement of linear features", measurement)
        return _values(self._linear(study, row), {"seeds", "description"})

    def _linear(self, study: str, row: LinearRow) -> LeakageSettings | FeatureSettings:
        sizes = self.study(study)
        return sizes.goh_leakage if row.sizes == "goh_leakage" else sizes.goh_features

    def picture_inputs(self, study: str, name: str) -> dict[str, str]:
        """Return the paths of the data sets behind a picture's rows, of seed 0."""
        datasets = _find(self.experiments.pictures, "picture", name).rows.values()
        return {dataset: self.dataset(study, dataset, 0) for dataset in datasets}

    def picture_settings(self, study: str, name: str) -> dict[str, Any]:
        """Return what a picture shows: rows of data sets, number of columns, alignment."""
        return _find(self.experiments.pictures, "picture", name).model_dump()

    def figure_measurements(self, study: str, figure: str) -> list[str]:
        """Return the names of the measurements a figure draws."""
        return _find(self.experiments.figures, "figure", figure).measurements

    def figure_inputs(self, study: str, figure: str) -> list[str]:
        """Return the paths of the measurements a figure draws."""
        return [self.measurement(study, name) for name in self.figure_measurements(study, figure)]

    def figure_origin(self, study: str, figure: str) -> list[str]:
        """Return the path of the table that says where a figure's images come from; none for mathematics."""
        names = self.figure_measurements(study, figure)
        mathematics = all(name in self.experiments.mathematics for name in names)
        return [] if mathematics else [f"results/{study}/datasets/natural/origin.csv"]

    def figure_context(self, study: str, figure: str) -> dict[str, Any]:
        """Return what a figure's footer says: study, data, seeds, images and table."""
        sizes = self.study(study)
        names = self.figure_measurements(study, figure)
        mathematics = names[0] in self.experiments.mathematics
        linear = self.experiments.linear.get(names[0])
        description = sizes.data.description
        if linear and linear.seeds == "section":
            description = self._linear(study, linear).description
        return {
            "study": study,
            "figure": figure,
            "table": self.measurement(study, names[0]),
            "data": "no data: mathematics" if mathematics else description,
            "seeds": max(self.seeds(study, name) for name in names),
            "images": None if mathematics else sizes.data.test_images,
            "classes": sizes.data.classes,
        }

    def figure_jobs(self, study: str) -> dict[str, list[str]]:
        """Return the jobs behind every figure, named ``verb/name...`` like their logs and benchmarks."""
        return {figure: sorted(self._jobs(study, figure)) for figure in self.experiments.figures}

    def _jobs(self, study: str, figure: str) -> set[str]:
        jobs = {f"draw/{figure}"}
        for name in self.figure_measurements(study, figure):
            if name in self.experiments.pictures:
                jobs.add(f"picture/{name}")
                for dataset in self.experiments.pictures[name].rows.values():
                    jobs |= self._dataset_jobs(study, dataset, 0)
                continue
            if name not in self.pictures():
                jobs.add(f"collect/{name}")
            for seed in range(self.seeds(study, name)):
                linear = self.experiments.linear.get(name)
                jobs.add(f"measure/{linear.job if linear else name}/seed{seed}")
                for dataset in linear.reads if linear else []:
                    jobs |= self._dataset_jobs(study, dataset, seed)
                for model in linear.models.values() if linear else []:
                    jobs |= self._model_jobs(study, model, seed)
                sections = self.sections(study, name) if name in self.experiments.measurements else []
                for section in sections:
                    instruments = [self.experiments.instruments[row] for row in section.instruments]
                    sources = [name for row in instruments for name in (row.source, row.ensemble)]
                    for model in {*section.models, *filter(None, sources)}:
                        jobs |= self._model_jobs(study, model, seed)
                    for dataset in section.measured_on:
                        jobs |= self._dataset_jobs(study, dataset, seed)
        return jobs

    def _model_jobs(self, study: str, model: str, seed: int) -> set[str]:
        trained_on = self.models(study)[model].trained_on
        return {f"train/{model}/seed{seed}"} | self._dataset_jobs(study, trained_on, seed)

    def _dataset_jobs(self, study: str, dataset: str, seed: int) -> set[str]:
        if dataset in (NATURAL_TRAIN, NATURAL_TEST, CORRUPTED_TEST):
            return {"prepare/natural"} | ({"corrupt/test"} if dataset == CORRUPTED_TEST else set())
        if dataset in (WHOLE_TRAIN, WHOLE_TEST):
            return {"prepare/whole"}
        row = self.experiments.datasets[dataset]
        jobs = {f"construct/{dataset}/seed{seed}"} | self._model_jobs(study, row.source, seed)
        return jobs | (self._model_jobs(study, row.ensemble, seed) if row.ensemble else set())

    def resources(self, study: str, verb: str) -> JobResources:
        """Return what a job of a verb asks for in a study."""
        resources: Mapping[Any, JobResources] = self.study(study).resources
        return resources.get(verb, JobResources())


class _Filtered(ModelRow):
    """A model with its filter, as a study has it."""

    filter: FilterSettings


def _names(row: str, study: Study) -> list[str]:
    """Return the models of a row of filtered models."""
    return [f"{row}_{bandwidth}" for bandwidth in study.bandwidths]


def _with_filtered(experiments: Experiments, study: Study) -> dict[str, ModelRow]:
    models = dict(experiments.models)
    for name, row in experiments.filtered_models.items():
        for model, bandwidth in zip(_names(name, study), study.bandwidths, strict=True):
            kept = FilterSettings(row.filter, bandwidth)
            models[model] = _Filtered(**(row.model_dump() | {"filter": kept}))
    return {name: row for name, row in models.items() if row.trained_on not in study.left_out}


def _values(section: BaseModel, exclude: Collection[str] = ()) -> dict[str, Any]:
    """Return a section of a study's file as plain values, without some keys."""
    return {name: plain_value(value) for name, value in section.model_dump(exclude=set(exclude)).items()}


def _find(rows: Mapping[str, Row], kind: str, name: str) -> Row:
    if name not in rows:
        raise UserError(f"no {kind} is named {name!r}; there are: {names_in(dict(rows))}")
    return rows[name]
