"""From rows to jobs: what the jobs behind every model, data set, measurement and figure read and are told."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings, Construction, TrainingRun, plain
from advex.config.own_jobs import OwnJobs
from advex.config.paths import Filtered, find, models_of
from advex.config.schema import NATURAL_TEST, MeasurementSection, ModelRow, Study
from advex.config.sources import source_of
from advex.measure.entries import MeasurementEntry
from advex.measure.kinds import Instrument


class Plan(OwnJobs):
    """Every experiment of every study: paths as in :class:`Paths`, and what jobs need."""

    def data(self, study: str) -> dict[str, Any]:
        """Return which data a study prepares, not where this machine has them or what figures say of them."""
        names = ("source", "train_images", "test_images", "image_size", "channels", "classes")
        return {name: getattr(self.study(study).data, name) for name in names}

    def whole_data(self, study: str) -> dict[str, Any]:
        """Return all data of a study's source, whatever share of them its networks are trained on."""
        return self.data(study) | {"train_images": None, "test_images": None}

    def prepared_other_data(self, study: str, name: str) -> dict[str, Any]:
        """Return which other images a study prepares, as for its own."""
        row = find(self.other_data(study), "other data", name)
        return {
            "source": row.source,
            "train_images": row.train_images,
            "test_images": row.test_images,
            "image_size": row.image_size,
            "channels": 1,
            "classes": None,
        }

    def judging(self, study: str) -> dict[str, Any]:
        """Return what the judge must know of a study."""
        sizes = self.study(study)
        return {
            "sizes_are_published": sizes.sizes_are_published,
            "classes": sizes.data.classes,
            "resplit": [
                f"{source_of(name)}/{table}"
                for name, row in self.experiments.experiments.items()
                if row.seeds_resplit
                for table in row.tables
            ],
        }

    def sources(self, study: str) -> dict[str, list[str]]:
        """Return what is made with every model of a study that something is made with."""
        rows = self.experiments
        made = [
            *(
                (model, f"data set {name}")
                for name, row in rows.datasets.items()
                if name not in self.study(study).left_out
                for model in (row.source, row.ensemble)
            ),
            *(
                (model, f"instrument {name}")
                for name, row in rows.instruments.items()
                for model in (row.source, row.ensemble)
            ),
        ]
        found: dict[str, list[str]] = {}
        for model, name in made:
            if model is not None:
                found.setdefault(model, []).append(name)
        return found

    def tables(self, study: str) -> list[str]:
        """Return the paths of all tables behind the figures of a study."""
        figures = self.figure_names(study)
        names = {name for figure in figures for name in self.figure_reads(study, figure)}
        return [self.measurement(study, name) for name in sorted(names - self.pictures())]

    def corruptions(self, study: str) -> dict[str, Any]:
        """Return which corruptions of the test images a study has, and where they come from."""
        return plain(self.study(study).corruptions)

    def second_test(self, study: str) -> str:
        """Return which second test set a study has.

        Raises:
            UserError: it has none.
        """
        name = self.study(study).second_test
        if name is None:
            raise UserError(f"study {study}: second_test: missing; name one, such as cifar10_1_v6")
        return name

    def stored_as(self, study: str) -> str:
        """Return the type that a study stores weights and constructed images in."""
        return self.study(study).stored_as

    def scale(self, study: str) -> dict[str, Any]:
        """Return what a study's page says of its size: its name, its images, its seeds from and to."""
        sizes, figures = self.study(study), self.figure_names(study)
        tables = {name for figure in figures for name in self.figure_measurements(study, figure)}
        seeds = [len(self.seeds(study, name)) for name in tables - self.pictures()]
        names = ("description", "train_images", "test_images", "classes")
        return {
            "title": sizes.title,
            **{name: getattr(sizes.data, name) for name in names},
            "sizes_are_published": sizes.sizes_are_published,
            "seeds": [min(seeds, default=1), max(seeds, default=1)],
        }

    def behind_figures(self, study: str) -> dict[str, list[str]]:
        """Return the paths of the measurements that each figure draws, by the figure's name."""
        return {figure: self.figure_inputs(study, figure) for figure in self.figure_names(study)}

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
        recipe = find(sizes.recipes, f"recipe in study {study}", row.recipe)
        return plain(TrainingRun(model, seed, architecture, recipe, row.labels, members))

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

    def released_set(self, study: str, dataset: str) -> dict[str, str]:
        """Return where the file of a released set is, and how it is known.

        Raises:
            UserError: there is none, or its checksum is missing.
        """
        row = find(self.study(study).released_sets, f"released set in study {study}", dataset)
        return row.known(f"study {study}: released_sets.{dataset}")

    def released_set_file(self, study: str, dataset: str) -> str:
        """Return the path of a released set.

        Raises:
            UserError: the file is missing.
        """
        path = self.released_set(study, dataset)["path"]
        if not Path(path).is_file():
            raise UserError(
                f"study {study}: released_sets.{dataset}: no file {path}; convert it there, or correct its "
                "name (docs/data.md)"
            )
        return path

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
        attack = find(self.study(study).attacks, f"attack in study {study}", row.attack)
        return plain(Construction(dataset, seed, row.rule, attack, row.start, row.target, row.objective))

    def sections(self, study: str, measurement: str) -> list[MeasurementSection]:
        """Return what a measurement measures, a row of filtered models as all its models.

        Models that the study does not have are not measured, nor is anything on a second test set if it has
        none, nor what is for studies of another source.
        """
        filtered, sizes = self.experiments.filtered_models, self.study(study)
        sections = []
        for section in find(self.experiments.measurements, "measurement", measurement):
            if not self.is_for(study, section):
                continue
            models = [
                model
                for name in section.models
                for model in (models_of(name, sizes) if name in filtered else [name])
                if model in self.models(study) and sizes.has_model(model)
            ]
            if models:
                sections.append(section.model_copy(update={"models": models}))
        return sections

    def instruments(self, study: str, measurement: str) -> dict[str, Instrument]:
        """Return the instruments that a measurement uses in a study, by name."""
        names = (name for section in self.sections(study, measurement) for name in section.instruments)
        return {name: self.experiments.instruments[name] for name in names}

    def measurement_inputs(self, study: str, measurement: str, seed: int | str) -> list[str]:
        """Return the paths a measurement of one seed reads, each once."""
        paths: dict[str, None] = {}
        for section in self.sections(study, measurement):
            instruments = [self.experiments.instruments[name] for name in section.instruments]
            if any(instrument.reads == "images" for instrument in instruments):
                used = (name for row in instruments for name in (row.source, row.ensemble) if name)
                models = [*section.models, *used]
                paths |= dict.fromkeys(self.model(study, model, seed) for model in models)
                paths |= dict.fromkeys(self.dataset(study, name, seed) for name in section.measured_on)
            if any(instrument.reads == "history" for instrument in instruments):
                paths |= dict.fromkeys(self.history(study, model, seed) for model in section.models)
        return list(paths)

    def measurement_settings(self, study: str, measurement: str, seed: int) -> list[dict[str, Any]]:
        """Return one entry for every model, data set and instrument of a measurement, with all paths."""
        return [plain(entry) for _, entry in self.measurement_entries(study, measurement, seed)]

    def measurement_entries(
        self, study: str, measurement: str, seed: int
    ) -> Iterator[tuple[str, MeasurementEntry]]:
        """Yield every entry of a measurement with the name of its instrument."""
        for section in self.sections(study, measurement):
            for model, dataset, name in product(section.models, section.measured_on, section.instruments):
                yield name, self._entry(study, model, dataset, name, seed)

    def _entry(self, study: str, model: str, dataset: str, instrument: str, seed: int) -> MeasurementEntry:
        row, attacks = self.experiments.instruments[instrument], self.study(study).attacks
        section = self.instrument_section(study, instrument)
        return MeasurementEntry(
            quantity=row.quantity or instrument,
            kind=row.kind,
            model=model,
            architecture=self.models(study)[model].architecture,
            dataset=dataset,
            model_path=self.model(study, model, seed),
            history_path=self.history(study, model, seed),
            dataset_path=self.dataset(study, dataset, seed),
            reads=row.reads,
            source_path=self.model(study, row.source, seed) if row.source else None,
            ensemble_path=self.model(study, row.ensemble, seed) if row.ensemble else None,
            labels=row.labels,
            attack=find(attacks, f"attack in study {study}", row.attack) if row.attack else None,
            sizes=plain(section) if section else {},
            columns=row.own_columns,
        )

    def instrument_section(self, study: str, instrument: str) -> Any:
        """Return the section of a study with the sizes of an instrument; none if it needs no sizes.

        Raises:
            UserError: the study does not give it.
        """
        section = self.experiments.instruments[instrument].section
        return self.given_section(study, section, f"instrument {instrument}")

    def measurement_resource(self, study: str, measurement: str, name: str) -> int:
        """Return what a measurement asks for in a study; no GPU where no instrument uses a network."""
        uses = any(row.uses_network for row in self.instruments(study, measurement).values())
        return 0 if name == "gpu" and not uses else self.resource(study, "measure", name)

    def picture_inputs(self, study: str, name: str) -> dict[str, str]:
        """Return the paths of the data sets behind a picture's rows, of the study's first seed."""
        datasets, seed = find(self.experiments.pictures, "picture", name).rows, self.study(study).first_seed
        return {dataset: self.dataset(study, dataset, seed) for dataset in datasets.values()}

    def picture_settings(self, study: str, name: str) -> dict[str, Any]:
        """Return what a picture shows: rows of data sets, number of columns, alignment."""
        row = find(self.experiments.pictures, "picture", name)
        return {"rows": row.rows, "columns": row.columns, "aligned_by": row.aligned_by}

    def figure_measurements(self, study: str, figure: str) -> list[str]:
        """Return the names of the measurements a figure draws, without those that are not for the study."""
        names = find(self.experiments.figures, "figure", figure).measurements
        return [name for name in names if self.measured_in(study, name)]

    def figure_inputs(self, study: str, figure: str) -> list[str]:
        """Return the paths of the measurements a figure draws."""
        return [self.measurement(study, name) for name in self.figure_measurements(study, figure)]

    def figure_premises(self, study: str, figure: str) -> list[str]:
        """Return the names of the tables that tell whether the premises of a figure's claims are met."""
        return find(self.experiments.figures, "figure", figure).premises

    def figure_premise_inputs(self, study: str, figure: str) -> list[str]:
        """Return the paths of those tables."""
        return [self.measurement(study, name) for name in self.figure_premises(study, figure)]

    def figure_reads(self, study: str, figure: str) -> list[str]:
        """Return the names of all measurements that a figure reads, whether it draws them or not."""
        return self.figure_measurements(study, figure) + self.figure_premises(study, figure)

    def figure_origin(self, study: str, figure: str) -> list[str]:
        """Return the path of the table that says where a figure's images come from; none for mathematics."""
        data = any(self._comes_from_data(name) for name in self.figure_measurements(study, figure))
        return [f"results/{study}/datasets/natural/origin.csv"] if data else []

    def _comes_from_data(self, measurement: str) -> bool:
        maker = self.maker(measurement)
        return maker is None or self.experiment(maker).reads_data

    def figure_context(self, study: str, figure: str) -> dict[str, Any]:
        """Return what a figure's footer says: study, data, seeds, images and table."""
        sizes = self.study(study)
        names = self.figure_measurements(study, figure)
        mathematics = not self._comes_from_data(names[0])
        section = self.own_section(study, names[0])
        description = getattr(section, "description", sizes.data.description)
        seeds = [len(self.seeds(study, name)) for name in names if name not in self.pictures()]
        return {
            "study": study,
            "figure": figure,
            "table": self.measurement(study, names[0]),
            "data": "no data: mathematics" if mathematics else description,
            "seeds": max(seeds, default=1),
            "fewest_seeds": min(seeds, default=1),
            "images": None if mathematics else sizes.data.test_images,
            "classes": sizes.data.classes,
        }


def _architecture(sizes: Study, row: ModelRow, classes: int) -> ArchitectureSettings:
    family = find(sizes.architectures, f"architecture in the study of {sizes.title}", row.architecture)
    return ArchitectureSettings(
        name=family.name,
        options=family.options,
        channels=sizes.data.channels,
        classes=classes,
        mean=sizes.data.mean,
        std=sizes.data.std,
        filter=row.filter if isinstance(row, Filtered) else None,
    )
