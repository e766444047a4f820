# What jobs ask of a cluster, beyond what their rules say. Included last, since it looks at all rules.
import sys

from advex.records.logs import failed_for_its_own_reason


def more_with_every_attempt(name):
    """Return a resource that grows: what killed a job is given once more with every attempt."""

    def value(task, own, attempt, wildcards):
        asked = own(name)
        return asked * attempt if isinstance(asked, int) else asked

    return value


def minutes(task, own, attempt, wildcards):
    """Return how long a job may take; on a node, refuse to repeat what failed for its own reason."""
    log = Path(task.expand_log(wildcards)[0])
    if attempt > 1 and workflow.remote_exec and failed_for_its_own_reason(log):
        raise WorkflowError(
            f"{log}: failed for a reason of its own; it is not tried again"
        )
    asked = more_with_every_attempt("runtime")(task, own, attempt, wildcards)
    return SITE.minutes(asked) if isinstance(asked, int) else asked


def threads_asked_for(task, own, attempt, wildcards):
    """Return the threads as written: Snakemake cuts its own to the cores of the machine that submits."""
    return own("_cores")


def gpus(task, own, attempt, wildcards):
    """Return how many GPUs --gpus asks for; none where the site wants --gres."""
    return own("gpu") if SITE.gpu_request == "gpus" else None


def gpu_model(task, own, attempt, wildcards):
    """Return which GPUs --gpus asks for."""
    return SITE.gpu_model if gpus(task, own, attempt, wildcards) else None


def gres(task, own, attempt, wildcards):
    """Return what --gres asks for."""
    return SITE.gres(own("gpu") or 0)


def partition(task, own, attempt, wildcards):
    """Return the partition, which may be another one for jobs with a GPU."""
    return SITE.partition_for(own("gpu") or 0)


def named_by_site(key):
    """Return what a site names for all jobs alike."""

    def value(task, own, attempt, wildcards):
        return getattr(SITE, key)

    return value


ASKED = {
    "mem_mb": more_with_every_attempt("mem_mb"),
    "runtime": minutes,
    "gpu": gpus,
}
ASKED_UNLESS_SAID = {  # by the rule, --set-resources or --default-resources
    "cpus_per_task": threads_asked_for,
    "gpu_model": gpu_model,
    "gres": gres,
    "slurm_partition": partition,
    "slurm_account": named_by_site("account"),
    "qos": named_by_site("qos"),
    "constraint": named_by_site("constraint"),
}


def asking(task, name):
    """Return the function by which a rule asks for one resource, given what it says itself."""
    of_rule = dict(task.resources)

    def value(wildcards, input, attempt, threads, rulename, async_run):
        def own(name):
            if name not in of_rule:
                return None
            known = dict(input=input, attempt=attempt, threads=threads)
            known.update(rulename=rulename, async_run=async_run)
            return of_rule[name].evaluate(wildcards, **known).value

        if name in ASKED:
            return ASKED[name](task, own, attempt, wildcards)
        return own(name) or ASKED_UNLESS_SAID[name](task, own, attempt, wildcards)

    return value


def adapt_rules_to_site():
    """Let the rules ask for what their site wants named, and for more with every attempt."""
    for task in workflow.rules:
        if task.log:
            asked = {
                name: asking(task, name) for name in {**ASKED, **ASKED_UNLESS_SAID}
            }
            task.resources.update(type(task.resources).from_mapping(asked))


def refuse_what_arrays_cannot():
    """Stop before anything is submitted where job arrays would lose jobs or give them too little.

    Waiting for more tasks, the executor forgets jobs when a limit keeps others of their rule back; and all
    tasks of an array get what the first asks for, which suits one study only.
    """
    if getattr(workflow.executor_settings, "array_jobs", None) in (None, "", "none"):
        return
    studies = {
        job.wildcards.study
        for job in workflow.dag.needrun_jobs()
        if hasattr(job.wildcards, "study") and not job.is_local
    }
    limits = set(workflow.global_resources) - {"_cores", "_nodes"}
    if workflow.nodes < sys.maxsize or limits or len(studies) > 1:
        raise WorkflowError(
            "job arrays need --jobs unlimited, no --resources and one study a command; "
            "to submit jobs one by one instead, add --slurm-array-jobs none"
        )


adapt_rules_to_site()
