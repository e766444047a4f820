"""Which jobs are behind a figure: followed from it along the paths that each job reads."""

from pathlib import PurePosixPath

from advex.config.plan import Plan


def figure_jobs(plan: Plan, study: str) -> dict[str, list[str]]:
    """Return the jobs behind every figure of a study, named ``verb/name...`` like logs and benchmarks."""
    walk = _Walk(plan, study)
    figures = {path: path.split("/figures/")[1].removesuffix(".svg") for path in plan.figures(study)}
    return {name: sorted(walk.jobs_behind(path)) for path, name in figures.items()}


class _Walk:
    """The jobs behind each path of a study, each path looked at once."""

    def __init__(self, plan: Plan, study: str) -> None:
        self.plan = plan
        self.study = study
        self._known: dict[str, frozenset[str]] = {}

    def jobs_behind(self, path: str) -> frozenset[str]:
        """Return the names of the jobs that a path needs, the one that writes it among them."""
        if path not in self._known:
            job, reads = self._job(path)
            self._known[path] = frozenset({job}).union(*map(self.jobs_behind, reads))
        return self._known[path]

    def _job(self, path: str) -> tuple[str, list[str]]:
        """Return the job that writes a path, and what that reads."""
        plan, study = self.plan, self.study
        kind, _, rest = path.removeprefix(f"results/{study}/").partition("/")
        place = PurePosixPath(rest)
        name, last = str(place.parent), place.stem
        if kind == "figures":
            name = f"{name}/{last}"
            tables = plan.figure_inputs(study, name) + plan.figure_premise_inputs(study, name)
            return f"draw/{name}", tables + plan.figure_origin(study, name)
        if kind == "models":
            return self._model(name, last)
        if kind == "datasets":
            return self._dataset(name, last)
        if last.startswith("seed"):
            return self._measurement(name, last)
        name = f"{name}/{last}"
        if place.suffix == ".csv":
            return f"collect/{name}", plan.measurement_parts(study, name)
        return f"picture/{name}", list(plan.picture_inputs(study, name).values())

    def _model(self, name: str, last: str) -> tuple[str, list[str]]:
        sizes = self.plan.study(self.study)
        if name in sizes.weights or not sizes.has_model(name):
            return f"import_weights/{name}/{last}", []
        reads = self.plan.training_inputs(self.study, name, last.removeprefix("seed"))
        return f"train/{name}/{last}", list(reads.values())

    def _dataset(self, name: str, last: str) -> tuple[str, list[str]]:
        if name == "corrupted":
            return f"corrupt/{last}", [self.plan.natural_test(self.study)]
        if name == "second":
            return f"second_test/{last}", []
        if not last.startswith("seed"):
            return f"prepare/{name}", []
        if name in self.plan.study(self.study).released_sets:
            return f"import_set/{name}/{last}", []
        reads = self.plan.construction_inputs(self.study, name, last.removeprefix("seed"))
        return f"construct/{name}/{last}", list(reads.values())

    def _measurement(self, name: str, last: str) -> tuple[str, list[str]]:
        plan, study, seed = self.plan, self.study, last.removeprefix("seed")
        maker = plan.maker(name)
        if maker is None:
            return f"measure/{name}/{last}", plan.measurement_inputs(study, name, seed)
        return f"measure/{maker}/{last}", list(plan.experiment_reads(study, maker, seed).values())
