"""Which entries of registries each job uses: what its settings name, and how the models it reads are built.

What a job's code names by itself is found in the code (:mod:`advex.records.provenance`), and entries that no
code of the job can look up do not count, so it does no harm to name more than is needed.
"""

from collections.abc import Iterable
from typing import Any

from advex.common.names.registry import entries_of, parts_of
from advex.common.settings import Recipe
from advex.config.paths import find
from advex.config.plan import Plan
from advex.registries import (
    ADVERSARIES,
    ADVERSARY_OF,
    ARCHITECTURES,
    CONSTRUCTIONS,
    EXPERIMENTS,
    FIGURES,
    INSTRUMENTS,
    OBJECTIVES,
    SOURCES,
    TARGETS,
    TRAININGS,
)


class Uses:
    """The entries that the jobs of every study use, named as a job declares them (``norm l2``)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def prepare(self, study: str) -> set[str]:
        """Return what preparing a study's images uses."""
        return {SOURCES.entry(self.plan.study(study).data.source)}

    def prepare_other(self, study: str, other: str) -> set[str]:
        """Return what preparing other images uses."""
        return {SOURCES.entry(self.plan.prepared_other_data(study, other)["source"])}

    def corrupt(self, study: str) -> set[str]:
        """Return what corrupting test images uses."""
        return entries_of(self.plan.study(study).corruptions)

    def train(self, study: str, model: str) -> set[str]:
        """Return what training a model uses."""
        row = find(self.plan.models(study), "model", model)
        training = TRAININGS.entry("ensemble" if row.ensemble else "single")
        recipe = find(self.plan.study(study).recipes, f"recipe in study {study}", row.recipe)
        return {training} | trained_by(recipe) | self._models(study, [model])

    def construct(self, study: str, dataset: str) -> set[str]:
        """Return what constructing a data set uses."""
        row = find(self.plan.experiments.datasets, "data set", dataset)
        named = {
            CONSTRUCTIONS.entry(row.rule),
            TARGETS.entry(row.target),
            OBJECTIVES.entry(row.objective),
        }
        attack = entries_of(find(self.plan.study(study).attacks, f"attack in study {study}", row.attack))
        return named | attack | self._models(study, [row.source, row.ensemble])

    def measure(self, study: str, measurement: str) -> set[str]:
        """Return what a measurement uses."""
        attacks, found = self.plan.study(study).attacks, set()
        for section in self.plan.sections(study, measurement):
            found |= self._models(study, section.models)
            for name in section.instruments:
                row = self.plan.experiments.instruments[name]
                found |= {INSTRUMENTS.entry(row.kind)} | self._models(study, [row.source, row.ensemble])
                if row.attack:
                    found |= entries_of(find(attacks, f"attack in study {study}", row.attack))
                found |= entries_of(self.plan.instrument_section(study, name))
        return found

    def weights(self, study: str, model: str) -> set[str]:
        """Return what importing a model's weights uses."""
        return self._models(study, [model])

    def experiment(self, study: str, experiment: str) -> set[str]:
        """Return what an experiment with a job of its own uses."""
        section = self.plan.section(study, experiment)
        models = self.plan.experiment(experiment).models.values()
        return {EXPERIMENTS.entry(experiment)} | trained_by(section) | self._models(study, models)

    def draw(self, study: str, figure: str) -> set[str]:
        """Return what drawing a figure uses, in any study."""
        return {FIGURES.entry(figure)}

    def _models(self, study: str, names: Iterable[str | None]) -> set[str]:
        """Return the architectures of models, of those that the study has."""
        rows, families = self.plan.models(study), self.plan.study(study).architectures
        wanted = {rows[name].architecture for name in names if name in rows}
        place = f"architecture in study {study}"
        return {ARCHITECTURES.entry(find(families, place, family).name) for family in wanted}


def trained_by(settings: Any) -> set[str]:
    """Return what settings name, and the adversaries of the losses of those recipes in them that have one."""
    recipes = [part for part in parts_of(settings) if isinstance(part, Recipe) and part.adversary]
    climbing = {ADVERSARY_OF[recipe.loss] for recipe in recipes if recipe.loss in ADVERSARY_OF}
    return entries_of(settings) | set(map(ADVERSARIES.entry, climbing))
