# What rules ask of the configuration: paths, settings and digests of code, by wildcard.
import os
import time
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from snakemake.exceptions import WorkflowError
from snakemake_logger_plugin_advex import watching

from advex.judge.claim_names import check_claims
from advex.judge.claims import claimed_figures, claims_files
from advex.judge.pages.ending import ending
from advex.config import Uses, figure_jobs, load
from advex.config.checks.images import refuse_missing_mirror
from advex.config.checks.pages import check_pages
from advex.common.errors import UserError
from advex.common.names import known
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
CLAIMS = [str(path) for path in claims_files("config/claims")]
CAPTIONS = sorted(str(path) for path in Path("report/captions").glob("*/*.md"))
if workflow.is_main_process:
    checked(check_claims, PLAN, CLAIMS, PUBLISHED)
    checked(check_pages, PLAN, CAPTIONS, checked(claimed_figures, CLAIMS))
PAGE = sorted(str(path) for path in Path("report/page").iterdir())
SOURCES = sorted(str(path) for path in Path("config/sources").glob("*.yaml"))
STARTED = []
USES = Uses(PLAN)
CODE = Code(memory=Path(".snakemake/definitions.json"))
REACHED = {}


SETTINGS = {"study": None, "source": None, "damaged": ("rebuild",)}


def refuse_unknown_settings():
    """Name what the command line sets and nothing reads, and values that mean nothing."""
    for name, value in config.items():
        if name not in SETTINGS:
            near = get_close_matches(str(name), SETTINGS)
            raise WorkflowError(
                f"--config {name}: unknown; {f'near: {near[0]}' if near else 'allowed: ' + ', '.join(SETTINGS)}"
            )
        allowed = SETTINGS[name]
        if allowed and value not in allowed:
            raise WorkflowError(
                f"--config {name}: found {value!r}; allowed: {', '.join(allowed)}"
            )


def study_targets(study, sources=""):
    """Return everything that `all` builds for a study, or the figures and pages of some sources.

    Sources are given by name, between blanks.
    """
    checked(refuse_missing_mirror, PLAN, study)
    wanted = set(str(sources).split())
    drawn = {name.partition("/")[0] for name in checked(PLAN.figure_names, study)}
    if unknown := sorted(wanted - drawn):
        raise WorkflowError(
            f"--config source={unknown[0]}: study {study} draws no figures of it; allowed: "
            + ", ".join(sorted(drawn))
        )
    if sources:
        return [
            path
            for path in [*PLAN.figures(study), *PLAN.pages(study)]
            if path.split("/")[3] in wanted
        ]
    return [
        *PLAN.figures(study),
        *PLAN.pages(study),
        *(f"results/{study}/{name}" for name in ("scorecard.csv", "index.html")),
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


def only_where(followed):
    """Return the pattern of studies, each where what is given for it follows, which is looked at and left.

    It fits no study if there are none.
    """
    return "|".join(f"{study}(?={what})" for study, what in followed.items()) or "(?!)"


def anywhere_else(pattern):
    """Return the pattern of all other studies, and of these where something else follows."""
    return f"(?!(?:{pattern}))[a-z][a-z0-9-]*"


def studies_with_weights():
    """Return the pattern of studies, each followed by those of its models that are published weights."""
    followed = {}
    for name in PLAN.studies:
        sizes = PLAN.study(name)
        models = "|".join(sizes.weights) if sizes.others_trained else "[a-z][a-z0-9_]*"
        if sizes.weights:
            followed[name] = f"/models/(?:{models})/"
    return only_where(followed)


def studies_that_train():
    """Return the pattern of all other studies, and of these where another model follows."""
    return anywhere_else(studies_with_weights())


def studies_with_sets():
    """Return the pattern of studies, each followed by those of its data sets that were released."""
    released = {name: PLAN.study(name).released_sets for name in PLAN.studies}
    return only_where(
        {
            name: f"/datasets/(?:{'|'.join(sets)})/"
            for name, sets in released.items()
            if sets
        }
    )


def studies_that_construct():
    """Return the pattern of all other studies, and of these where another data set follows."""
    return anywhere_else(studies_with_sets())


def studies_from_a_folder():
    """Return the pattern of studies whose images are prepared file to file; of no study if there are none."""
    found = (
        name
        for name in PLAN.studies
        if PLAN.study(name).data.source == "restricted_imagenet"
    )
    return "|".join(found) or "(?!)"


def studies_from_a_source():
    """Return the pattern of all other studies."""
    return f"(?!(?:{studies_from_a_folder()})/)[a-z][a-z0-9-]*"


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


def reached_by(script, uses):
    """Return what a job reaches of our code, given its script and a function of its wildcards giving what it uses.

    It is found out once for all jobs that share it.
    """

    def value(wildcards):
        key = (script, frozenset(uses(wildcards) if uses else ()))
        if key not in REACHED:
            REACHED[key] = checked(
                CODE.summary, Path(workflow.basedir) / "scripts" / script, key[1]
            )
            note_definitions(REACHED[key].digest, REACHED[key].definitions)
        return REACHED[key]

    return value


def code_of(script, uses=None):
    """Return a function giving the digest of what a job reaches of our code."""
    reached = reached_by(script, uses)

    def value(wildcards):
        return reached(wildcards).digest

    return value


def uses_of(script, uses):
    """Return a function giving the entries of registries that a job may look up."""
    reached = reached_by(script, uses)

    def value(wildcards):
        return list(reached(wildcards).entries)

    return value


def mirror_of(wildcards):
    """Return where this machine has the data: a property of the machine, so it changes no result."""
    return known.mirror_of(checked(PLAN.study, wildcards.study)) or ""


def mirror_of_others(wildcards):
    """Return where this machine has data that are not the study's own."""
    return os.environ.get("ADVEX_MIRROR", "")


def of_drawn_sources(paths):
    """Return an input function: of paths ``<source>/<file>``, those of the sources whose figures a study draws.

    Of those of ``sources/<source>.yaml`` and ``published/<source>.csv`` too.
    """

    def drawn(wildcards):
        return [
            str(path)
            for path in map(Path, paths)
            if checked(
                PLAN.draws,
                wildcards.study,
                (
                    path.stem
                    if path.parent.name in ("sources", "published")
                    else path.parent.name
                ),
            )
        ]

    return drawn


def claims_of_source(wildcards):
    """Return the files of claims of a figure's source: its title says what they come to."""
    return [path for path in CLAIMS if Path(path).parent.name == wildcards.source]


def start_clock():
    """Remember when this run began."""
    STARTED.append(time.time())


def targets_of_this_run():
    """Return what one may ask for."""
    return study_targets(str(config.get("study")))


def what_came_out():
    """Say the verdicts of the study of this run, its page, and whether they are those published."""
    return ending(str(config.get("study")))


watching.RUN.targets = targets_of_this_run
watching.RUN.ending = what_came_out


def announce_jobs():
    """Say what there is to do and how long it may take, and let every job's line say what is left of it."""
    jobs = {}
    for job in workflow.dag.needrun_jobs():
        if job.benchmark:  # of the file results/STUDY/benchmarks/VERB/NAME.tsv
            measured = PurePosixPath(str(job.benchmark)).with_suffix("")
            jobs[workflow.dag.jobid(job)] = str(PurePosixPath(*measured.parts[3:]))
    watching.RUN.kinds = {job: watching.kind_of(name) for job, name in jobs.items()}
    seconds = watching.expected_seconds(str(config.get("study")), jobs)
    watching.RUN.expect(seconds, workflow.cores, workflow.non_local_exec)
    print(watching.announcement(), flush=True)


def print_summary():
    """Say, for every study that had jobs, where they took their time and what came out; add up its costs.

    Costs are no artifact: they tell of this machine, so no job writes them and nothing depends on them.
    """
    # Imported here, since they import pandas, which planning does without.
    from advex.judge.pages.studies import write_page
    from advex.records.costs import summary, write_costs

    said = []
    for study in PLAN.studies if STARTED else []:
        results = f"results/{study}"
        text = summary(results, since=STARTED[0], now=time.time(), cores=workflow.cores)
        if text:
            write_costs(results, figure_jobs(PLAN, study))
            said += [text, "", ending(study)]
    if said:
        write_page(PLAN)
        print("\n".join(said))
