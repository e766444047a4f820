# Reruns follow content. Snakemake compares times first and remembers jobs only where they ran, so before anything is
# planned, its memory is renewed from the records of jobs (advex.records.records): of this checkout's own runs, and of what is
# published, which travel with the repository. The files that lie here decide which hold (advex.records.verification).
from functools import wraps

from snakemake.dag import DAG
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from advex.records.manifests import ignored
from advex.records.records import Record, own_path, own_records, shipped_records
from advex.records.verification import MEMORY, Contents, artifacts_in, compare

SPARED = []
APPLYING = {}
BUILT_AGAIN = []


def renew_memory():
    """Make Snakemake remember what the records say, and name files that are not what they say."""
    own, shipped = checked(own_records), checked(shipped_records)
    contents = Contents(MEMORY)
    found = compare(own, shipped, contents, artifacts_in(Path("results")))
    contents.save()
    APPLYING.update(found.records)
    if found.damaged and config.get("damaged") != "rebuild":
        raise WorkflowError(damage_message(found.damaged))
    outdated = found.outdated | dict.fromkeys(
        found.damaged, "it is not what its record says"
    )
    memory = FilePersistence(nolock=True)
    for output, record in found.records.items():
        remember(memory, output, memory_of(record, outdated.pop(output, None)))
    for output, reason in outdated.items():
        remember(memory, output, {"params": [reason]})


def memory_of(record, reason):
    """Return what Snakemake should know of a job; a reason to run it again looks like a changed parameter."""
    params = (
        [reason] if reason else sorted(repr(value) for value in record.params.values())
    )
    return {
        "rule": record.rule,
        "input": sorted(record.inputs),
        "log": [record.log],
        "params": params,
        "input_checksums": {
            path: f"sha256:{digest}" for path, digest in record.inputs.items()
        },
    }


def remember(memory, output, known):
    """Write Snakemake's memory of one output, unless it says so already."""
    current = memory._read_record(output)
    if current is None or any(current[key] != value for key, value in known.items()):
        memory._write_record(
            output,
            MetadataRecord(
                record_format_version=RECORD_FORMAT_VERSION, incomplete=False, **known
            ),
        )


def plan_what_is_read():
    """Have what is not published built again only for the jobs that read it, not for all that was made from it.

    Snakemake plans everything behind a job that runs. Behind one that runs for the want of images that are not
    published (``.dvcignore``), what is published stays: its record says that it was made from these images.
    """
    plan = DAG.update_needrun

    @wraps(plan)
    async def update_needrun(dag, create_inventory=False):
        await plan(dag, create_inventory)
        leave_out_what_stays(dag)

    DAG.update_needrun = update_needrun


def leave_out_what_stays(dag):
    """Take those jobs out of a plan that are behind nothing but unpublished images to be built again."""
    planned = set(dag.needrun_jobs(exclude_finished=False))
    built_again = {job for job in planned if lacks_only_unpublished(dag, job)}
    if not built_again:
        return
    running, changing = set(), set()
    waiting = [job for job in planned if stands_for_itself(dag, job)]
    while waiting:
        job = waiting.pop()
        if job not in running:
            running.add(job)
            waiting += [
                before
                for before, files in dag.dependencies[job].items()
                if before in planned and not all(map(os.path.exists, files))
            ]
        if job not in changing and (
            job not in built_again or not changing.isdisjoint(dag.dependencies[job])
        ):
            changing.add(job)
            waiting += [behind for behind in dag.depending[job] if behind in planned]
    BUILT_AGAIN[:] = sorted(map(str, (job.log[0] for job in running & built_again)))
    for job in planned - running:
        dag.reason(job).clear()
        dag._needrun.discard(job)
    for job in running:
        before = [other for other in dag.dependencies[job] if other in running]
        dag._n_until_ready[job] = len(before)
        dag.reason(job).updated_input_run.intersection_update(
            path for other in before for path in other.output
        )
    dag._len = len(dag._finished | dag._needrun)


def lacks_only_unpublished(dag, job):
    """Tell whether a job would do what its record says, and lacks nothing that is published."""
    missing = [str(path) for path in job.output if not os.path.exists(path)]
    return (
        bool(missing)
        and not dag.reason(job).forced
        and has_record_of_today(job)
        and ignored(missing) == set(missing)
    )


def stands_for_itself(dag, job):
    """Tell whether a job runs whatever those before it write: its own record is old, or a target is missing."""
    if not job.output:
        return not all(map(os.path.exists, job.input))
    if dag.reason(job).forced or not has_record_of_today(job):
        return True
    missing = {path for path in job.output if not os.path.exists(path)}
    return job in dag.targetjobs and (
        bool(missing & set(dag.targetfiles))
        or bool(missing and job.rule in dag.targetrules)
    )


def has_record_of_today(job):
    """Tell whether a job's record has today's settings and code, and what it read is what was made last."""
    memory = workflow.persistence
    return any(str(path) in APPLYING for path in job.output) and not (
        memory.params_changed(job)
        or any(memory.input_changed(job))
        or any(memory.software_stack_changed(job))
    )


def spare_what_stays_the_same():
    """Let jobs behind one that wrote the same bytes again not run.

    Snakemake plans everything behind a job that runs. Here it looks again before it starts a job that has become
    ready: what its record says of settings, code, inputs and outputs may still be so.
    """
    dag = workflow.dag
    look_for_ready = dag.update_ready
    contents = Contents(MEMORY)
    looked_at = set()

    def update_ready(jobs=None):
        found = look_for_ready(jobs)
        for job in [job for job in dag._ready_jobs if job not in looked_at]:
            looked_at.add(job)
            if not job.is_group() and is_as_recorded(job, contents):
                spare(job)
                found = True
        return found

    def spare(job):
        SPARED.append(job)
        watching.RUN.finish(dag.jobid(job))
        dag._ready_jobs.discard(job)
        dag._finished.add(job)
        dag.reason(job).mark_finished()
        workflow.scheduler.finished_jobs += 1
        behind = [other for other in dag.depending[job] if dag.needrun(other)]
        for other in behind:
            dag._n_until_ready[other] -= 1
        update_ready(behind)

    dag.update_ready = update_ready


def is_as_recorded(job, contents):
    """Tell whether a job that is ready to start would do what its record says it did, and has done."""
    record = next((APPLYING.get(str(path)) for path in job.output), None)
    if (
        workflow.dag.reason(job).forced
        or record is None
        or not has_record_of_today(job)
    ):
        return False
    written = {output: sums["sha256"] for output, sums in record.outputs.items()}
    return all(
        contents.sha256(path) == digest
        for path, digest in [*record.inputs.items(), *written.items()]
    )


def tell_what_was_spared():
    """Say how many jobs had nothing to do, since those before them wrote what they had written before."""
    if SPARED:
        print(
            f"{len(SPARED)} of the planned jobs did not have to run: what they read came out the same again"
        )


def tell_what_came_out_otherwise():
    """Name unpublished images that were built again and are not what published artifacts were made from."""
    records = [
        Record.read(path) for path in map(own_path, BUILT_AGAIN) if path.exists()
    ]
    made = [
        path
        for record in records
        for path in record.outputs
        if path in APPLYING and APPLYING[path].outputs[path] != record.outputs[path]
    ]
    if made:
        print(
            f"{len(made)} files came out otherwise here than those that published artifacts were made from, {made[0]} "
            "among them; the next run makes again what was made from them"
        )


def forget_what_was_edited():
    """Take back the records of this run's jobs whose code was edited meanwhile: they may have run with either."""
    today = Code(memory=Path(".snakemake/definitions.json"))
    scripts = Path(workflow.basedir) / "scripts"
    edited = {
        reached.digest
        for (script, uses), reached in REACHED.items()
        if today.summary(scripts / script, uses).digest != reached.digest
    }
    for record in own_records() if edited else []:
        if (
            record.params.get("code") in edited
            and record.own_path.stat().st_mtime >= STARTED[0]
        ):
            record.take_back()
            print(
                f"{record.log}: its code was edited during the run; it will run again"
            )


def damage_message(damaged):
    """Say which files are not what their records say, and what to do."""
    named = "\n".join(f"  {path}" for path in damaged[:10])
    more = f"\n  and {len(damaged) - 10} more" if len(damaged) > 10 else ""
    return (
        f"not what the record of the job that made it says, so damaged, edited, or of another version:\n{named}{more}\n"
        "`make pull` takes what is of an earlier published version for the current one. Else bring back the recorded "
        "version with `dvc checkout --force PATH` (or `dvc pull --force PATH`), or build it again: "
        "`snakemake --config damaged=rebuild`."
    )


if workflow.is_main_process:
    renew_memory()
    if not hasattr(DAG.update_needrun, "__wrapped__"):
        plan_what_is_read()
