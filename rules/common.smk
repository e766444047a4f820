# What rules ask of the configuration: paths, settings and digests of code, by wildcard.
import os
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError

from advex.judge.claim_names import check_claims
from advex.config import Uses, figure_jobs, load
from advex.common.errors import UserError
from advex.records.provenance import Code
from advex.records.provenance.noted import note_definitions


def checked(function, *arguments):
    """Call a function of the plan; show a mistake of the user's as a message without a traceback."""
    try:
        return function(*arguments)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def start_jobs_at_any_rate():
    """Do without a limit on the jobs started in a second.

    Where there is one, Snakemake sets a timer at every look at its jobs, to look again a second later: with
    hundreds of jobs its main process soon does little else.
    """
    workflow.scheduler.job_rate_limiter = None


PLAN = checked(load, Path(workflow.basedir) / "config")
PUBLISHED = sorted(str(path) for path in Path("published").glob("*.csv"))
CLAIMS = sorted(str(path) for path in Path("config/claims").glob("*.yaml"))
if workflow.is_main_process:
    checked(check_claims, PLAN, CLAIMS, PUBLISHED)
CAPTIONS = sorted(str(path) for path in Path("report/captions").glob("*/*.md"))
STARTED = []
USES = Uses(PLAN)
CODE = Code(memory=Path(".snakemake/definitions.json"))
REACHED = {}


def study_targets(study):
    """Return everything that `all` builds for a study."""
    checked(PLAN.study, study)
    return [
        *PLAN.figures(study),
        *(
            f"results/{study}/figures/{page}"
            for page in ("goh_features/explorer.html", "nakano/slider.html")
            if PLAN.draws(study, os.path.dirname(page))
        ),
        *(
            f"results/{study}/{name}"
            for name in ("scorecard.csv", "scorecard.html", "report.html")
        ),
    ]


def refuse_unwritable(folder):
    """Say early that results cannot be written, rather than fail in the first job."""
    existing = folder if folder.exists() else Path(".")
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise WorkflowError(
            f"{folder}: results cannot be written there; make it a folder you may write to"
        )


refuse_unwritable(Path("results"))


def measurement_pattern():
    """Return the pattern of names that `measure` makes, which are all but those with a rule of their own."""
    own = [*PLAN.experiments.mathematics, *PLAN.experiments.own_rules]
    return f"(?!(?:{'|'.join(Path(name).name for name in own)})/)[a-z][a-z0-9_]*"


def studies_with_weights():
    """Return the pattern of studies whose models are published weights; of no study if there are none."""
    return "|".join(name for name in PLAN.studies if PLAN.study(name).weights) or "(?!)"


def studies_that_train():
    """Return the pattern of all other studies."""
    return f"(?!(?:{studies_with_weights()})/)[a-z][a-z0-9-]*"


def of_plan(method, *names):
    """Return an input or parameter function: a method of the plan, called with values of wildcards.

    A seed is passed as a number. Where a rule has `source` and a name, they are joined as `source/name`.
    """

    def value(wildcards):
        arguments = [
            (
                int(wildcards[name])
                if name == "seed"
                else os.path.join(*[wildcards[part] for part in Path(name).parts])
            )
            for name in names
        ]
        return checked(method, wildcards.study, *arguments)

    return value


def asked_for(verb, resource):
    """Return a function giving what a job of a verb asks for in its study."""

    def value(wildcards):
        return getattr(checked(PLAN.resources, wildcards.study, verb), resource)

    return value


def reached_by(script, uses):
    """Return what a job reaches of our code, given its script and a function of its wildcards giving what it uses.

    It is found out once for all jobs that share it.
    """

    def value(wildcards):
        key = (script, frozenset(uses(wildcards) if uses else ()))
        if key not in REACHED:
            REACHED[key] = checked(
                CODE.reached, Path(workflow.basedir) / "scripts" / script, key[1]
            )
            note_definitions(REACHED[key].digest, REACHED[key].definitions)
        return REACHED[key]

    return value


def code_of(script, uses=None):
    """Return a function giving the digest of what a job reaches of our code."""
    reached = reached_by(script, uses)
    return lambda wildcards: reached(wildcards).digest


def uses_of(script, uses):
    """Return a function giving the entries of registries that a job may look up."""
    reached = reached_by(script, uses)
    return lambda wildcards: sorted(reached(wildcards).entries)


def used_by_figure(wildcards):
    """Return what drawing a figure uses."""
    return USES.draw(f"{wildcards.source}/{wildcards.name}")


def used_by_own(measurement):
    """Return a function giving what a measurement with a rule of its own uses."""
    return lambda wildcards: checked(USES.own, wildcards.study, measurement)


def used_by_mathematics(measurement):
    """Return a function giving what a measurement that needs no data uses."""
    return lambda wildcards: checked(USES.mathematics, wildcards.study, measurement)


def data_of(wildcards):
    """Return which data a study prepares: neither where this machine has them nor how figures describe them."""
    data = checked(PLAN.study, wildcards.study).data
    names = (
        "source",
        "train_images",
        "test_images",
        "image_size",
        "channels",
        "classes",
    )
    return {name: getattr(data, name) for name in names}


def whole_data_of(wildcards):
    """Return all data of a study's source, whatever share of them its networks are trained on."""
    return data_of(wildcards) | {"train_images": None, "test_images": None}


def mirror_of(wildcards):
    """Return where this machine has the data: a property of the machine, so it changes no result."""
    return (
        os.environ.get("ADVEX_MIRROR")
        or checked(PLAN.study, wildcards.study).data.mirror
        or ""
    )


def mathematics_of(measurement):
    """Return a function giving the sizes of a measurement that needs no data."""

    def value(wildcards):
        return checked(PLAN.mathematics_settings, wildcards.study, measurement)

    return value


def own_inputs_of(measurement):
    """Return a function giving what a measurement with a rule of its own reads."""

    def value(wildcards):
        return checked(
            PLAN.own_inputs, wildcards.study, measurement, int(wildcards.seed)
        )

    return value


def own_settings_of(measurement):
    """Return a function giving the sizes of a measurement with a rule of its own."""

    def value(wildcards):
        return checked(PLAN.own_settings, wildcards.study, measurement)

    return value


def judging_of(wildcards):
    """Return what the judge must know of a study."""
    study = checked(PLAN.study, wildcards.study)
    return {
        "sizes_are_published": study.sizes_are_published,
        "classes": study.data.classes,
    }


def tables_of(wildcards):
    """Return the tables behind all claims of a study."""
    study = wildcards.study
    tables = {
        name
        for figure in checked(PLAN.figure_names, study)
        for name in PLAN.figure_measurements(study, figure)
    }
    tables -= PLAN.pictures()
    return [PLAN.measurement(study, name) for name in sorted(tables)]


def claims_of(wildcards):
    """Return the files of claims that a study is about, named ``<source>.yaml`` or ``<source>_<part>.yaml``."""
    only = checked(PLAN.study, wildcards.study).only
    return [
        path
        for path in CLAIMS
        if only is None or any(Path(path).stem.startswith(source) for source in only)
    ]


def start_clock():
    """Remember when this run began."""
    STARTED.append(time.time())


def print_summary():
    """Say, for every study that had jobs, where they took their time and where results are; add up its costs.

    Costs are no artifact: they tell of this machine, so no job writes them and nothing depends on them.
    """
    # Imported here, since they import pandas, which planning does without.
    from advex.records.costs import summary, write_costs

    for study in PLAN.studies if STARTED else []:
        results = f"results/{study}"
        text = summary(results, since=STARTED[0], now=time.time(), cores=workflow.cores)
        if text:
            write_costs(results, figure_jobs(PLAN, study))
            print(text)
