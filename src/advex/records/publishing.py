"""Publishing: version a finished study's artifacts with DVC, or say why that would record something false.

``python -m advex.records.publishing digits`` adds what is new to ``results/digits.dvc``, pushes it to its
remote, and moves the records of this checkout's own runs to the shipped ones (:mod:`advex.records.records`);
with nothing new it changes nothing. It refuses when the code that would be committed is not the code that
made the artifacts, and when an artifact is missing, damaged or out of date. It keeps every entry of the
manifest whose file is merely absent here.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from advex.common.errors import UserError
from advex.common.files import write_text
from advex.records.manifests import STORE, dvc, manifest, prune, run
from advex.records.records import Record, own_records, shipped_records
from advex.records.verification import MEMORY, Contents, artifacts_in, compare

STORE_MEGABYTES = 64
"""What the store may hold: whoever clones the repository downloads it."""

SOURCES = ("Snakefile", "config", "envs", "profiles", "published", "report", "rules", "scripts", "src")
"""What artifacts are made from, so it has to be committed before they are published."""


@dataclass(frozen=True)
class News:
    """What publishing changed, by path.

    Attributes:
        artifacts: those whose content is new.
        records: those that tell something new.
        outdated: absent artifacts that stay published though made from another version of what is new.
    """

    artifacts: list[str]
    records: list[str]
    outdated: list[str]


def publish(study: str) -> News:
    """Version the artifacts of a study, push them to their remote, and ship the records that hold for them.

    Raises:
        UserError: publishing would record something false or leave something out; nothing has changed then.
    """
    _refuse_uncommitted()
    planned = _planned(study)
    own, shipped = own_records(study), shipped_records(study)
    found = compare(own, shipped, Contents(MEMORY), artifacts=())
    holding = found.records
    _refuse_strays(study, set(holding))
    obsolete = sorted(holding.keys() - planned)
    holding = {path: record for path, record in holding.items() if path in planned}
    outputs = {path: record.outputs[path]["md5"] for path, record in holding.items()}
    present = [path for path in outputs if os.path.exists(path)]
    _refuse_outdated(study, _last(holding, present))
    versioned = manifest(Path(f"results/{study}.dvc"))
    _refuse_missing(study, planned, outputs, versioned)
    told = _told_anew(holding, own)
    complete = len(present) == len(outputs)
    dropped = [record for record in shipped if not planned & set(record.outputs)]
    if dropped and not complete:
        raise UserError(
            f"{dropped[0].shipped_path}: no rule makes this any more, but what is left cannot be versioned "
            "again while artifacts are absent; run `make pull` first"
        )
    remote = _remote(study)
    _refuse_large(study, remote, present)
    new = [path for path in present if versioned.get(path) != outputs[path]]
    if complete:
        for path in obsolete:
            Path(path).unlink(missing_ok=True)
    if complete and versioned != outputs:
        dvc("add", "--quiet", f"results/{study}")
    elif new:
        dvc("add", "--quiet", *new)
    if remote == STORE:
        _keep_in_store(study)
    dvc("push", f"results/{study}.dvc")
    _ship(told, dropped)
    if complete:
        _forget([record for record in own if record not in told])
    if remote == STORE:
        prune()
    outdated = sorted(path for path in found.outdated if path in holding and path not in present)
    return News(new, [str(record.shipped_path) for record in told], outdated)


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


def _last(holding: Mapping[str, Record], present: list[str]) -> list[str]:
    """Return the present artifacts that no other present artifact comes from: planning them checks all."""
    waiting = [holding[path] for path in present]
    passed: set[str] = set()
    while waiting:
        for path in waiting.pop().inputs:
            if path in holding and holding[path].log not in passed:
                passed.add(holding[path].log)
                waiting.append(holding[path])
    return [path for path in present if holding[path].log not in passed]


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
            f"  {listed}\nRun `make STUDY={study}` (or `make pull`) first."
        )


def _refuse_large(study: str, remote: str, present: list[str]) -> None:
    megabytes = sum(os.path.getsize(path) for path in present) / 1e6
    if remote == STORE and megabytes > STORE_MEGABYTES:
        raise UserError(
            f"{study}: {megabytes:.0f} MB would go into the store inside the repository, which may hold "
            f"{STORE_MEGABYTES}; name a remote of your own (docs/storage.md)"
        )


def _told_anew(holding: Mapping[str, Record], own: list[Record]) -> list[Record]:
    """Return the own records that hold and tell something else than the shipped ones.

    Raises:
        UserError: of a job's files here, some are its own run's and others published ones that differ.
    """
    told = []
    for record in own:
        files = [path for path in record.outputs if path in holding]
        ours = [path for path in files if holding[path] is record]
        if not ours:
            continue
        if strange := [path for path in files if holding[path].outputs[path] != record.outputs[path]]:
            raise UserError(
                f"{strange[0]} is the published one, {ours[0]} that of a run here, though one job writes "
                "both; delete them and run it again, or take both published ones (`dvc pull --force`)"
            )
        before = record.shipped_path
        if not (before.exists() and record.tells_the_same_as(Record.read(before))):
            told.append(record)
    return told


def _ship(told: list[Record], dropped: list[Record]) -> None:
    """Put own records under version control, and take out those of jobs that no rule makes any more."""
    for record in told:
        record.write(record.shipped_path)
        record.own_path.unlink()
    for record in dropped:
        record.shipped_path.unlink()


def _forget(own: list[Record]) -> None:
    """Delete own records that tell nothing new of any file, or of none that lies here."""
    for record in own:
        record.own_path.unlink()


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
        news = publish(study)
    except UserError as error:
        sys.exit(f"not published: {error}")
    print(f"{len(news.artifacts)} artifacts and {len(news.records)} records of {study} are new.")
    if news.outdated:
        print(
            f"{len(news.outdated)} published artifacts that are absent here were made from another version "
            f"of these, so whoever pulls all would make them again; `make STUDY={study}` does it here:\n  "
            + "\n  ".join(news.outdated[:10])
        )
    parts = ("records", f"results/{study}.dvc", STORE)
    if run("git", "status", "--porcelain", "--", *parts):
        print(f"Commit them together:\n  git add {' '.join(parts)} && git commit")


if __name__ == "__main__":
    main(sys.argv[1])
