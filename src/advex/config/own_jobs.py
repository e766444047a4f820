"""What the jobs of experiments with a job of their own read, are told and ask for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advex.common.errors import UserError
from advex.common.settings import plain
from advex.config.paths import Paths
from advex.config.schema import OTHER_DATA, JobResources

_NO_SETTINGS = ("seeds", "description")


class OwnJobs(Paths):
    """Paths as in :class:`Paths`, and what rows of ``experiments`` need."""

    def precision(self, study: str) -> str:
        """Return the precision a study computes at, see :meth:`Device.choose`."""
        return self.study(study).precision

    def resource(self, study: str, verb: str, name: str) -> int:
        """Return what a job of a verb asks for in a study, by the field of :class:`JobResources`."""
        resources: Mapping[Any, JobResources] = self.study(study).resources
        return int(getattr(resources.get(verb, JobResources()), name))

    def experiment_reads(self, study: str, experiment: str, seed: int | str) -> dict[str, str]:
        """Return the paths below ``results`` that an experiment reads, named ``<what>/<name>``.

        Of a study with published weights it reads those models that have some.
        """
        row, sizes = self.experiment(experiment), self.study(study)
        others = self.other_images(study)
        datasets = [name for read in row.datasets for name in (others if read == OTHER_DATA else [read])]
        models = {key: name for key, name in row.models.items() if sizes.has_model(name)}
        return {
            **{f"datasets/{name}": self.dataset(study, name, seed) for name in datasets},
            **{f"models/{key}": self.model(study, name, seed) for key, name in models.items()},
            **{
                f"measurements/{name}": self.measurement(study, name, None if row.pages else seed)
                for name in row.measurements
            },
        }

    def experiment_inputs(self, study: str, experiment: str, seed: int) -> dict[str, str | list[str]]:
        """Return all paths that an experiment reads: those of :meth:`experiment_reads`, and given files.

        Raises:
            UserError: a person's own file is missing.
        """
        row = self.experiment(experiment)
        given = {"published": row.published, "template": row.template}
        return {
            **self.experiment_reads(study, experiment, seed),
            **{name: path for name, path in given.items() if path},
            "files": self._own_files(study, experiment),
        }

    def _own_files(self, study: str, experiment: str) -> list[str]:
        section = self.section(study, experiment)
        files = section.files() if section else []
        for file in files:
            if not Path(file).is_file():
                named = self.experiment(experiment).section
                raise UserError(
                    f"{named} of study {study}: no file {file}; put it there, or correct its name"
                )
        return list(files)

    def experiment_settings(self, study: str, experiment: str) -> dict[str, Any]:
        """Return what an experiment is told: its section, without what is no setting; or a page's study."""
        row = self.experiment(experiment)
        if row.pages:
            return {"study": study}
        section = self.section(study, experiment)
        values = plain(section) if section else {}
        first = {"first_seed": self.study(study).first_seed} if row.told_first_seed else {}
        return {name: value for name, value in values.items() if name not in _NO_SETTINGS} | first

    def experiment_precision(self, study: str, experiment: str) -> str:
        """Return the precision that an experiment computes at, see :meth:`Device.choose`."""
        precision = self.experiment(experiment).precision
        return self.precision(study) if precision == "study" else precision

    def experiment_resource(self, study: str, experiment: str, name: str) -> int:
        """Return what an experiment's job asks for in a study, by the field of :class:`JobResources`."""
        asked = self.experiment(experiment).resources
        return (
            int(getattr(asked, name))
            if isinstance(asked, JobResources)
            else self.resource(study, asked, name)
        )
