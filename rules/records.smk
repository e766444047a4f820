# Reruns follow content. Snakemake compares times first and remembers jobs only where they ran, so before anything is
# planned, its memory is renewed from the records of jobs (advex.records.records): of this checkout's own runs, and of what is
# published, which travel with the repository. The files that lie here decide which hold (advex.records.verification).
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from advex.records.records import own_records, shipped_records
from advex.records.verification import MEMORY, Contents, artifacts_in, compare

SPARED = []
APPLYING = {}


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
    if workflow.dag.reason(job).forced or record is None:
        return False
    changed = (
        workflow.persistence.params_changed(job),
        any(workflow.persistence.input_changed(job)),
        any(workflow.persistence.software_stack_changed(job)),
    )
    if any(changed):
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
