# What rules ask of the configuration: paths, settings and digests of code, by wildcard.
import os
import time
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

from advex.config import figure_jobs, load
from advex.errors import UserError
from advex.provenance import code_digest


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
CAPTIONS = sorted(str(path) for path in Path("report/captions").glob("*/*.md"))
STARTED = []
# What scripts find by name; no parameters, since it changes nothing where code lies.
config["entry_points"] = PLAN.entry_points()
DIGESTS = {}


def study_targets(study):
    """Return everything that `all` builds for a study."""
    checked(PLAN.study, study)
    return [
        *PLAN.figures(study),
        *PLAN.pages(study),
        *(
            f"results/{study}/{name}"
            for name in ("scorecard.csv", "scorecard.html", "costs.csv", "report.html")
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


def sources_of_measure():
    """Return the pattern of sources with what follows, for measurements that no experiment's own job makes."""
    own = "|".join(PLAN.made_by_experiments())
    return f"(?!(?:{own})/)[a-z][a-z0-9_]*"


def studies_with_weights():
    """Return the pattern of studies whose models are published weights; of no study if there are none."""
    return "|".join(name for name in PLAN.studies if PLAN.study(name).weights) or "(?!)"


def studies_that_train():
    """Return the pattern of all other studies."""
    return f"(?!(?:{studies_with_weights()})/)[a-z][a-z0-9-]*"


def from_plan(method, *patterns):
    """Return an input, resource or parameter function: a method of the plan, called for the study of a job.

    Its further arguments are given with wildcards in braces, as in paths; numbers are passed as numbers.
    """

    def looked_up(wildcards):
        filled = [pattern.format(**wildcards) for pattern in patterns]
        return checked(
            method,
            wildcards.study,
            *(int(text) if text.isdigit() else text for text in filled),
        )

    return looked_up


def code_of(script, entry_points=None):
    """Return a function giving the digest of a script of ours and of the library code it reaches.

    `entry_points` gives references to what a job finds by name, from its wildcards.
    """

    def value(wildcards):
        found = entry_points(wildcards) if entry_points else ()
        return digest_of(script, tuple(name.partition(":")[0] for name in found))

    return value


def digest_of(script, modules):
    """Return a digest once for all jobs that share it."""
    if (script, modules) not in DIGESTS:
        DIGESTS[script, modules] = code_digest(
            Path(workflow.basedir) / "scripts" / script, modules
        )
    return DIGESTS[script, modules]


def figure_modules(wildcards):
    """Return the module that draws a figure, as a list."""
    return [figure_module(wildcards)]


def figure_module(wildcards):
    """Return the module that draws a figure, named after it."""
    return f"advex.figures.{wildcards.source}.{wildcards.name}"


def mirror_of(wildcards):
    """Return where this machine has the data: a property of the machine, so it changes no result."""
    own = checked(PLAN.study, wildcards.study).data.mirror
    return mirror_of_others(wildcards) or own or ""


def mirror_of_others(wildcards):
    """Return where this machine has data that are not the study's own."""
    return os.environ.get("ADVEX_MIRROR", "")


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
    """Print, for every study that had jobs, where they took their time and where the results are."""
    from advex.costs import summary  # imports pandas, which planning does without

    for study in PLAN.studies if STARTED else []:
        text = summary(
            f"results/{study}", since=STARTED[0], now=time.time(), cores=workflow.cores
        )
        if text:
            print(text)
