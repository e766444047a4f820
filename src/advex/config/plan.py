"""From rows to jobs: what the jobs behind every model, data set, measurement and figure read and are told."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings, Construction, TrainingRun, plain
from advex.config.paths import Filtered, Paths, find, models_of
from advex.config.schema import (
    NATURAL_TEST,
    OTHER_DATA,
    JobResources,
    MeasurementSection,
    ModelRow,
    OwnRuleRow,
    Study,
)
from advex.measure.entries import MeasurementEntry, Sweep


class Plan(Paths):
    """Every experiment of every study: paths as in :class:`Paths`, and what jobs need."""

    def _reads(self, study: str, row: OwnRuleRow) -> list[str]:
        others = self.other_images(study)
        return [name for read in row.reads for name in (others if read == OTHER_DATA else [read])]

    def other_data(self, study: str, name: str) -> dict[str, Any]:
        """Return which other images a study prepares, as for its own."""
        row = find(self.study(study).other_dataset.data, "other data", name)
        return {
            "source": row.source,
            "train_images": row.train_images,
            "test_images": row.test_images,
            "image_size": row.image_size,
            "channels": 1,
            "classes": None,
        }

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

    def training_inputs(self, study: str, model: str, seed: int | str) -> dict[str, str]:
        """Return the paths a training reads."""
        row = find(self.models(study), "model", model)
        return {
            "training_set": self.dataset(study, row.trained_on, seed),
            "test_set": self.dataset(study, NATURAL_TEST, seed),
        }

    def training(self, study: str, model: str, seed: int) -> dict[str, Any]:
        """Return the settings of a training, as plain values of a TrainingRun."""
        sizes, row = self.study(study), find(self.models(study), "model", model)
        members = sizes.ensemble.members + 1 if row.ensemble else None
        architecture = _architecture(sizes, row, sizes.data.classes)
        return plain(TrainingRun(model, seed, architecture, sizes.recipes[row.recipe], row.labels, members))

    def weights(self, study: str, model: str) -> dict[str, Any]:
        """Return where a model's published weights are, how they are known, and for which network they are.

        Raises:
            UserError: there are none, or their checksum is missing.
        """
        sizes = self.study(study)
        row = find(sizes.weights, f"model with weights in study {study}", model)
        location = row.location(f"study {study}: weights.{model}")
        architecture = _architecture(sizes, self.models(study)[model], row.classes)
        return {**location._asdict(), "architecture": plain(architecture)}

    def weights_file(self, study: str, model: str) -> list[str]:
        """Return the path of a model's published weights, unless they can be downloaded.

        Raises:
            UserError: the file is missing.
        """
        weights = self.weights(study, model)
        if weights["url"] is None and not Path(weights["path"]).is_file():
            raise UserError(
                f"study {study}: weights.{model}: no file {weights['path']}; put it there, or correct its "
                "name (docs/data.md)"
            )
        return [] if weights["url"] else [weights["path"]]

    def construction_inputs(self, study: str, dataset: str, seed: int | str) -> dict[str, str]:
        """Return the paths a construction reads; its source model has the same seed."""
        row = find(self.experiments.datasets, "data set", dataset)
        ensemble = {"ensemble": self.model(study, row.ensemble, seed)} if row.ensemble else {}
        return {
            "images": self.dataset(study, row.images, seed),
            "source": self.model(study, row.source, seed),
            **ensemble,
        }

    def construction(self, study: str, dataset: str, seed: int) -> dict[str, Any]:
        """Return the settings of a construction, as plain values of a Construction."""
        row = find(self.experiments.datasets, "data set", dataset)
        attack = self.study(study).attacks[row.attack]
        return plain(Construction(dataset, seed, row.rule, attack, row.start, row.target, row.objective))

    def sections(self, study: str, measurement: str) -> list[MeasurementSection]:
        """Return what a measurement measures, a row of filtered models as all its models.

        Models that the study does not have are not measured.
        """
        filtered, weights = self.experiments.filtered_models, self.study(study).weights
        sections = []
        for section in find(self.experiments.measurements, "measurement", measurement):
            models = [
                model
                for name in section.models
                for model in (models_of(name, self.study(study)) if name in filtered else [name])
                if model in self.models(study) and (not weights or model in weights)
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
        sweep = Sweep(**plain(sizes.attack_strength))
        entries = []
        for section in self.sections(study, measurement):
            for model in section.models:
                for dataset in section.measured_on:
                    for name in section.instruments:
                        row = self.experiments.instruments[name]
                        entry = MeasurementEntry(
                            quantity=row.quantity or name,
                            kind=row.kind,
                            model=model,
                            architecture=self.models(study)[model].architecture,
                            dataset=dataset,
                            model_path=self.model(study, model, seed),
                            history_path=self.history(study, model, seed),
                            dataset_path=self.dataset(study, dataset, seed),
                            source_path=self.model(study, row.source, seed) if row.source else None,
                            ensemble_path=self.model(study, row.ensemble, seed) if row.ensemble else None,
                            sizes=tuple(sizes.ensemble.sizes) if row.ensemble else (),
                            labels=row.labels,
                            attack=sizes.attacks[row.attack] if row.attack else None,
                            sweep=sweep if row.kind == "attack_strength" else None,
                            noise=sizes.fourier_noise if row.kind.startswith("fourier") else None,
                            layers=sizes.layer_robustness if row.kind == "layer_robustness" else None,
                        )
                        entries.append(plain(entry))
        return entries

    def mathematics_settings(self, study: str, measurement: str) -> dict[str, Any]:
        """Return the sizes of a measurement that needs no data."""
        return _values(self.mathematics_section(study, measurement), {"seeds"})

    def own_inputs(self, study: str, measurement: str, seed: int | str) -> dict[str, str]:
        """Return the paths that a measurement with a rule of its own reads, by what they are."""
        row = find(self.experiments.own_rules, "measurement with a rule of its own", measurement)
        datasets = {name: self.dataset(study, name, seed) for name in self._reads(study, row)}
        models = {
            f"model_{key}": self.model(study, name, seed)
            for key, name in self._read_models(study, row).items()
        }
        folder = f"results/{study}/measurements"
        measured = {
            f"measured_{Path(name).name}": f"{folder}/{name}/seed{seed}.csv" for name in row.measurements
        }
        return datasets | models | measured

    def own_settings(self, study: str, measurement: str) -> dict[str, Any]:
        """Return the sizes of a measurement with a rule of its own."""
        row = find(self.experiments.own_rules, "measurement with a rule of its own", measurement)
        return _values(self.sizes_of(study, row), {"seeds", "description"})

    def sizes_of(self, study: str, row: OwnRuleRow) -> Any:
        """Return the section of a study's file with the sizes of a measurement with a rule of its own."""
        return getattr(self.study(study), row.sizes)

    def _read_models(self, study: str, row: OwnRuleRow) -> dict[str, str]:
        """Return the models that a row reads; of a study with published weights, those that have some."""
        weights = self.study(study).weights
        return {key: name for key, name in row.models.items() if not weights or name in weights}

    def photographs(self, study: str) -> list[str]:
        """Return the paths of a person's own photographs for style transfer.

        Raises:
            UserError: one is missing.
        """
        files = self.study(study).style_transfer.files()
        for file in files:
            if not Path(file).is_file():
                raise UserError(
                    f"style_transfer of study {study}: no file {file}; put it there, or correct its name"
                )
        return files

    def picture_inputs(self, study: str, name: str) -> dict[str, str]:
        """Return the paths of the data sets behind a picture's rows, of seed 0."""
        datasets = find(self.experiments.pictures, "picture", name).rows.values()
        return {dataset: self.dataset(study, dataset, 0) for dataset in datasets}

    def picture_settings(self, study: str, name: str) -> dict[str, Any]:
        """Return what a picture shows: rows of data sets, number of columns, alignment."""
        row = find(self.experiments.pictures, "picture", name)
        return {"rows": row.rows, "columns": row.columns, "aligned_by": row.aligned_by}

    def figure_measurements(self, study: str, figure: str) -> list[str]:
        """Return the names of the measurements a figure draws."""
        return find(self.experiments.figures, "figure", figure).measurements

    def figure_inputs(self, study: str, figure: str) -> list[str]:
        """Return the paths of the measurements a figure draws."""
        return [self.measurement(study, name) for name in self.figure_measurements(study, figure)]

    def figure_origin(self, study: str, figure: str) -> list[str]:
        """Return the path of the table that says where a figure's images come from; none for mathematics."""
        names = self.figure_measurements(study, figure)
        rows = self.experiments.own_rules.items()
        without_data = {name for name, row in rows if not row.reads and not row.models}
        mathematics = all(name in without_data | set(self.experiments.mathematics) for name in names)
        return [] if mathematics else [f"results/{study}/datasets/natural/origin.csv"]

    def figure_context(self, study: str, figure: str) -> dict[str, Any]:
        """Return what a figure's footer says: study, data, seeds, images and table."""
        sizes = self.study(study)
        names = self.figure_measurements(study, figure)
        mathematics = names[0] in self.experiments.mathematics
        section = self.own_section(study, names[0])
        description = getattr(section, "description", sizes.data.description)
        return {
            "study": study,
            "figure": figure,
            "table": self.measurement(study, names[0]),
            "data": "no data: mathematics" if mathematics else description,
            "seeds": max(self.seeds(study, name) for name in names),
            "images": None if mathematics else sizes.data.test_images,
            "classes": sizes.data.classes,
        }

    def resources(self, study: str, verb: str) -> JobResources:
        """Return what a job of a verb asks for in a study."""
        resources: Mapping[Any, JobResources] = self.study(study).resources
        return resources.get(verb, JobResources())


def _architecture(sizes: Study, row: ModelRow, classes: int) -> ArchitectureSettings:
    family = sizes.architectures[row.architecture]
    return ArchitectureSettings(
        name=family.name,
        options=family.options,
        channels=sizes.data.channels,
        classes=classes,
        mean=sizes.data.mean,
        std=sizes.data.std,
        filter=row.filter if isinstance(row, Filtered) else None,
    )


def _values(section: BaseModel, exclude: Collection[str] = ()) -> dict[str, Any]:
    """Return a section of a study's file as plain values, without some keys and what is at its default."""
    return {name: value for name, value in plain(section).items() if name not in exclude}
