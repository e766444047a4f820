"""Where every model, data set, measurement and figure of a study lies, and how often it is repeated.

All paths follow one pattern, ``results/<study>/<kind>/<name>...``, written down here only. Looking up a
name that does not exist raises a :class:`UserError` that lists the names that do.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from advex.common.errors import UserError
from advex.common.settings import FilterSettings
from advex.config.schema import (
    CORRUPTED_TEST,
    NATURAL_TEST,
    NATURAL_TRAIN,
    WHOLE_TEST,
    WHOLE_TRAIN,
    Experiments,
    ModelRow,
    Study,
    names_in,
)

Row = TypeVar("Row")


class Paths:
    """The rows of every study by name, and where what they stand for lies."""

    def __init__(self, experiments: Experiments, studies: Mapping[str, Study]) -> None:
        self.experiments = experiments
        self.studies = dict(studies)
        self._models = {name: _with_filtered(experiments, study) for name, study in studies.items()}

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
        if dataset in (NATURAL_TRAIN, NATURAL_TEST, WHOLE_TRAIN, WHOLE_TEST):
            return f"results/{study}/datasets/{dataset.replace('_', '/')}.safetensors"
        if dataset in self.other_images(study):
            other, _, part = dataset.rpartition("_")
            return f"results/{study}/datasets/{other}/{part}.safetensors"
        find(self.experiments.datasets, "data set", dataset)
        return f"results/{study}/datasets/{dataset}/seed{seed}.safetensors"

    def other_images(self, study: str) -> list[str]:
        """Return the names of the training and test images that a study has beside its own."""
        names = self.study(study).other_dataset.data
        return [f"other_{name}_{part}" for name in names for part in ("train", "test")]

    def measurement(self, study: str, name: str) -> str:
        """Return the path of a measurement: a table, or the images of a picture."""
        if name in self.experiments.own_rules and name in self.pictures():
            return f"results/{study}/measurements/{name}/seed0.safetensors"
        suffix = "safetensors" if name in self.pictures() else "csv"
        return f"results/{study}/measurements/{name}.{suffix}"

    def pictures(self) -> set[str]:
        """Return the names of the measurements that hold images rather than a table."""
        own = {name for name, row in self.experiments.own_rules.items() if row.picture}
        return own | set(self.experiments.pictures)

    def measurement_parts(self, study: str, name: str) -> list[str]:
        """Return the paths of a measurement's tables, one for each seed."""
        folder = f"results/{study}/measurements/{name}"
        return [f"{folder}/seed{seed}.csv" for seed in range(self.seeds(study, name))]

    def figures(self, study: str) -> list[str]:
        """Return the paths of all figures of a study."""
        return [f"results/{study}/figures/{name}.svg" for name in self.figure_names(study)]

    def previews(self, study: str) -> list[str]:
        """Return the paths of all figures of a study as PNG, which take less room."""
        return [path.removesuffix("svg") + "png" for path in self.figures(study)]

    def figure_names(self, study: str) -> list[str]:
        """Return the names of all figures of a study."""
        return [name for name in self.experiments.figures if self.draws(study, name.split("/")[0])]

    def draws(self, study: str, source: str) -> bool:
        """Tell whether a study draws the figures of a source."""
        only = self.study(study).only
        return only is None or source in only

    def natural_test(self, study: str) -> str:
        """Return the path of the test images."""
        return self.dataset(study, NATURAL_TEST, 0)

    def seeds(self, study: str, measurement: str) -> int:
        """Return how many independent repetitions a measurement has."""
        sizes = self.study(study)
        if measurement in self.experiments.mathematics:
            return int(self.mathematics_section(study, measurement).seeds)
        if measurement in self.pictures():
            return 1
        section = self.own_section(study, measurement)
        return int(getattr(section, "seeds", sizes.seeds))

    def mathematics_section(self, study: str, measurement: str) -> Any:
        """Return the section with the sizes of a measurement that needs no data."""
        section = find(self.experiments.mathematics, "mathematics", measurement)
        return getattr(self.study(study), section)

    def own_section(self, study: str, measurement: str) -> Any:
        """Return the section that says how often a measurement is repeated, if it is not the study."""
        row = self.experiments.own_rules.get(measurement)
        return getattr(self.study(study), row.sizes) if row and row.seeds == "section" else None


class Filtered(ModelRow):
    """A model with its filter, as a study has it."""

    filter: FilterSettings


def models_of(row: str, study: Study) -> list[str]:
    """Return the models of a row of filtered models."""
    return [f"{row}_{bandwidth}" for bandwidth in study.bandwidths]


def _with_filtered(experiments: Experiments, study: Study) -> dict[str, ModelRow]:
    models = dict(experiments.models)
    for name, row in experiments.filtered_models.items():
        for model, bandwidth in zip(models_of(name, study), study.bandwidths, strict=True):
            kept = FilterSettings(row.filter, bandwidth)
            models[model] = Filtered(**(row.model_dump() | {"filter": kept}))
    return {name: row for name, row in models.items() if row.trained_on not in study.left_out}


def find(rows: Mapping[str, Row], kind: str, name: str) -> Row:
    """Return the row of a name.

    Raises:
        UserError: there is none; the message lists the names that there are.
    """
    if name not in rows:
        raise UserError(f"no {kind} is named {name!r}; there are: {names_in(dict(rows))}")
    return rows[name]
