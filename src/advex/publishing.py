"""Publishing: version a finished study's artifacts with DVC, or say why that would record something false.

``python -m advex.publishing digits`` adds what is new to ``results/digits.dvc`` and pushes it to its remote.
It refuses when the code that would be committed is not the code that made the artifacts, and when an artifact
is missing, damaged or out of date. It keeps every entry of the manifest whose file is merely absent here.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from advex.errors import UserError
from advex.files import write_text
from advex.records import Record, read_records

STORE = "store"
"""Name of the remote, and of the folder, that is part of the repository."""

STORE_MEGABYTES = 30
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
    _refuse_outdated(study, present)
    versioned = manifest(study)
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
        _dvc("add", "--quiet", f"results/{study}")
    elif new:
        _dvc("add", "--quiet", *new, *_logs_and_benchmarks(records, new))
    if remote == STORE:
        _keep_in_store(study)
    _dvc("push", "--quiet", f"results/{study}.dvc")
    if remote == STORE:
        prune(Path(STORE), [*_objects_versioned()])
    return new


def manifest(study: str) -> dict[str, str]:
    """Return the path and MD5 of every file that ``results/<study>.dvc`` versions; empty if there is none."""
    if not Path(f"results/{study}.dvc").exists():
        return {}
    listed = _dvc("list", ".", f"results/{study}", "--dvc-only", "--recursive", "--json", "--show-hash")
    return {f"results/{study}/{entry['path']}": entry["md5"] for entry in json.loads(listed)}


def prune(store: Path, needed: Iterable[str]) -> int:
    """Delete the objects of the repository's store that no manifest needs; return how many.

    Earlier commits keep theirs, since the store is part of each commit.
    """
    wanted = set(needed)
    objects = [path for path in (store / "files/md5").glob("*/*") if path.is_file()]
    unneeded = [path for path in objects if path.parent.name + path.name not in wanted]
    for path in unneeded:
        path.unlink()
    return len(unneeded)


def _refuse_uncommitted() -> None:
    changed = _run("git", "status", "--porcelain", "--", *SOURCES).splitlines()
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


def _refuse_outdated(study: str, present: list[str]) -> None:
    if not present:
        raise UserError(f"{study}: no artifact with a record is here; run `make STUDY={study}` first")
    answer = _snakemake("--dry-run", *present)
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
    return str(own or _dvc("config", "core.remote").strip())


def _keep_in_store(study: str) -> None:
    """Write into a study's .dvc file that it comes from the store, whatever the default remote."""
    file = Path(f"results/{study}.dvc")
    content = yaml.safe_load(file.read_text())
    content["outs"][0]["remote"] = STORE
    write_text(file, yaml.safe_dump(content, sort_keys=False))


def _objects_versioned() -> Iterable[str]:
    """Yield the MD5 of every object that some .dvc file needs."""
    for file in [*Path(".").glob("*.dvc"), *Path("results").glob("*.dvc")]:
        if not file.is_file():
            continue
        for out in yaml.safe_load(file.read_text())["outs"]:
            yield out["md5"]
            path = str(file.parent / out["path"])
            listed = _dvc("list", ".", path, "--dvc-only", "--recursive", "--json", "--show-hash")
            yield from (entry["md5"] for entry in json.loads(listed))


def _snakemake(*arguments: str) -> str:
    return _run(sys.executable, "-m", "snakemake", *arguments)


def _dvc(*arguments: str) -> str:
    return _run(sys.executable, "-m", "dvc", *arguments)


def _run(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        told = (finished.stdout + finished.stderr).strip()
        raise UserError(f"`{' '.join(command[:6])}` failed:\n{told[-3000:]}")
    return finished.stdout + finished.stderr if "--dry-run" in command else finished.stdout


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
