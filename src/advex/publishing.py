"""Publishing: version a finished study's artifacts with DVC, or say why that would record something false.

``python -m advex.publishing digits`` adds what is new to ``results/digits.dvc`` and pushes it to its remote.
It refuses when the code that would be committed is not the code that made the artifacts, and when an artifact
is missing, damaged or out of date. It keeps every entry of the manifest whose file is merely absent here.
"""

import os
import sys
from pathlib import Path

import yaml

from advex.errors import UserError
from advex.files import write_text
from advex.manifests import STORE, dvc, manifest, prune, run
from advex.records import Record, read_records
from advex.verification import artifacts_in

STORE_MEGABYTES = 32
"""What the store may hold: whoever clones the repository downloads it."""

SOURCES = ("Snakefile", "config", "envs", "profiles", "published", "report", "rules", "scripts", "src")
"""What artifacts are made from, so it has to be committed before they are published."""


def publish(study: str) -> list[str]:
    """Version the artifacts of a study and push them to their remote.

    Returns:
        The paths whose content is new.

    Raises:
        UserError: publishing would record something false or leave something out; nothing has changed then.
    """
    _refuse_uncommitted()
    planned = _planned(study)
    records = read_records(study)
    obsolete = [record for record in records if not planned & set(record.outputs)]
    records = [record for record in records if planned & set(record.outputs)]
    outputs = {path: sums["md5"] for record in records for path, sums in record.outputs.items()}
    present = [path for path in outputs if os.path.exists(path)]
    _refuse_strays(study, {path for record in [*records, *obsolete] for path in record.outputs})
    _refuse_outdated(study, _last(records, present))
    versioned = manifest(Path(f"results/{study}.dvc"))
    _refuse_missing(study, planned, outputs, versioned)
    complete = len(present) == len(outputs)
    if obsolete and not complete:
        raise UserError(
            f"{obsolete[0].path}: no rule makes this any more, but what is left cannot be versioned again "
            f"while artifacts are absent; run `dvc pull results/{study}` first"
        )
    remote = _remote(study)
    _refuse_large(study, remote, present)
    new = [path for path in present if versioned.get(path) != outputs[path]]
    if complete:
        _remove(obsolete)
        dvc("add", "--quiet", f"results/{study}")
    elif new:
        dvc("add", "--quiet", *new, *_logs_and_benchmarks(records, new))
    if remote == STORE:
        _keep_in_store(study)
    dvc("push", f"results/{study}.dvc")
    if remote == STORE:
        prune()
    return new


def _refuse_uncommitted() -> None:
    changed = run("git", "status", "--porcelain", "--", *SOURCES).splitlines()
    if changed:
        raise UserError(
            "not committed, though artifacts are made from it:\n  "
            + "\n  ".join(changed[:10])
            + "\nCommit it first, so that whoever pulls the artifacts has the code that made them."
        )


def _planned(study: str) -> set[str]:
    """Return every artifact of a study, from the workflow's own summary."""
    summary = _snakemake("--summary", "--config", f"study={study}").splitlines()
    return {line.split("\t")[0] for line in summary if line.startswith(f"results/{study}/")}


def _refuse_strays(study: str, recorded: set[str]) -> None:
    lie = {path for path in artifacts_in(Path("results")) if path.startswith(f"results/{study}/")}
    if strays := sorted(lie - recorded):
        raise UserError(f"{strays[0]}: no job wrote this; move it elsewhere ({len(strays)} such files)")


def _last(records: list[Record], present: list[str]) -> list[str]:
    """Return the present artifacts that no other present artifact comes from: planning them checks all."""
    here = set(present)
    wrote = {path: record for record in records for path in record.outputs}
    waiting = [record for record in records if here & set(record.outputs)]
    passed: set[str] = set()
    while waiting:
        for path in waiting.pop().inputs:
            if path in wrote and wrote[path].log not in passed:
                passed.add(wrote[path].log)
                waiting.append(wrote[path])
    return [path for path in present if wrote[path].log not in passed]


def _refuse_outdated(study: str, targets: list[str]) -> None:
    if not targets:
        raise UserError(f"{study}: no artifact with a record is here; run `make STUDY={study}` first")
    answer = _snakemake("--dry-run", *targets)
    if "Nothing to be done" not in answer:
        raise UserError(f"{study}: artifacts are out of date; run `make STUDY={study}` first:\n{answer}")


def _refuse_missing(
    study: str, planned: set[str], outputs: dict[str, str], versioned: dict[str, str]
) -> None:
    missing = sorted(
        path
        for path in planned
        if path not in outputs or not (os.path.exists(path) or versioned.get(path) == outputs[path])
    )
    if missing:
        listed = "\n  ".join(missing[:10])
        raise UserError(
            f"{study}: {len(missing)} artifacts are neither here nor versioned as their records say:\n"
            f"  {listed}\nRun `make STUDY={study}` (or `dvc pull results/{study}`) first."
        )


def _refuse_large(study: str, remote: str, present: list[str]) -> None:
    megabytes = sum(os.path.getsize(path) for path in present) / 1e6
    if remote == STORE and megabytes > STORE_MEGABYTES:
        raise UserError(
            f"{study}: {megabytes:.0f} MB would go into the store inside the repository, which may hold "
            f"{STORE_MEGABYTES}; name a remote of your own (docs/storage.md)"
        )


def _remove(obsolete: list[Record]) -> None:
    """Remove artifacts that no rule makes any more, and their records."""
    for record in obsolete:
        for path in record.outputs:
            Path(path).unlink(missing_ok=True)
        record.path.unlink()


def _logs_and_benchmarks(records: list[Record], new: list[str]) -> list[str]:
    """Return the logs and benchmarks of the jobs that wrote something new, where they are here."""
    wrote = set(new)
    logs = [Path(record.log) for record in records if wrote & set(record.outputs)]
    paths = [path for log in logs for path in (log, _benchmark(log))]
    return [str(path) for path in paths if path.exists()]


def _benchmark(log: Path) -> Path:
    results, study, _, *name = log.with_suffix(".tsv").parts
    return Path(results, study, "benchmarks", *name)


def _remote(study: str) -> str:
    """Return the name of the remote that a study's artifacts go to."""
    file = Path(f"results/{study}.dvc")
    own = yaml.safe_load(file.read_text())["outs"][0].get("remote") if file.exists() else None
    return str(own or dvc("config", "core.remote").strip())


def _keep_in_store(study: str) -> None:
    """Write into a study's .dvc file that it comes from the store, whatever the default remote."""
    file = Path(f"results/{study}.dvc")
    content = yaml.safe_load(file.read_text())
    content["outs"][0]["remote"] = STORE
    write_text(file, yaml.safe_dump(content, sort_keys=False))


def _snakemake(*arguments: str) -> str:
    return run(sys.executable, "-m", "snakemake", *arguments, errors=True)


def main(study: str) -> None:
    """Publish a study and say what to commit."""
    try:
        new = publish(study)
    except UserError as error:
        sys.exit(f"not published: {error}")
    print(f"{len(new)} artifacts of {study} are new in results/{study}.dvc. Commit them with their records:")
    print(f"  git add records results/{study}.dvc {STORE} && git commit")


if __name__ == "__main__":
    main(sys.argv[1])
