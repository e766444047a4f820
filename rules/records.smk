# Reruns follow content. Snakemake compares times first and remembers jobs only where they ran, so before anything is
# planned, its memory is renewed from the records of jobs (advex.records.records): of this checkout's own runs, and of what is
# published, which travel with the repository. The files that lie here decide which hold (advex.records.verification).
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from advex.records.records import own_records, shipped_records
from advex.records.verification import MEMORY, Contents, artifacts_in, compare


def renew_memory():
    """Make Snakemake remember what the records say, and name files that are not what they say."""
    own, shipped = checked(own_records), checked(shipped_records)
    contents = Contents(MEMORY)
    found = compare(own, shipped, contents, artifacts_in(Path("results")))
    contents.save()
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


def forget_what_was_edited():
    """Take back the records of this run's jobs whose code was edited meanwhile: they may have run with either."""
    today = Code(memory=Path(".snakemake/definitions.json"))
    scripts = Path(workflow.basedir) / "scripts"
    edited = {
        reached.digest
        for (script, uses), reached in REACHED.items()
        if today.digest(scripts / script, uses) != reached.digest
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
