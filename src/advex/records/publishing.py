"""Publishing: version a finished study's artifacts with DVC, or say why that would record something false.

``python -m advex.records.publishing digits`` adds what is new to ``results/digits.dvc``, pushes it to its
remote, and moves the records of this checkout's own runs to the shipped ones (:mod:`advex.records.records`);
with nothing new it changes nothing. It refuses when the code that would be committed is not the code that
made the artifacts, and when an artifact is missing, damaged or out of date. It keeps every entry of the
manifest whose file is merely absent here.

Sources behind the study's name (``cifar10-small ilyas nakkiran``) publish what their figures come from, and
nothing else: a study of hours is published stage by stage. What ``.dvcignore`` names is not published (the
images of ``cifar10-small``); its record is, and vouches for it.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from advex.common.errors import UserError
from advex.common.files import write_text
from advex.records.manifests import STORE, begin, dvc, ignored, manifest, prune, run, stored_sizes
from advex.records.records import Record, own_records, shipped_records
from advex.records.verification import MEMORY, Contents, artifacts_in, compare

STORE_MEGABYTES = 120
"""What the store may hold, of all studies together: whoever clones the repository downloads it."""

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


def publish(study: str, sources: Sequence[str] = ()) -> News:
    """Version the artifacts of a study, push them to their remote, and ship the records that hold for them.

    Args:
        study: name of the study.
        sources: those whose figures are published, with all they come from; none for the whole study.

    Raises:
        UserError: publishing would record something false or leave something out; nothing has changed then.
    """
    _refuse_uncommitted()
    planned = _planned(study, sources)
    own, shipped = own_records(study), shipped_records(study)
    found = compare(own, shipped, Contents(MEMORY), artifacts=())
    holding = found.records
    if not sources:
        _refuse_strays(study, set(holding))
    obsolete = [] if sources else sorted(holding.keys() - planned)
    holding = {path: record for path, record in holding.items() if path in planned}
    rebuilt = ignored(planned)
    _refuse_unrecorded(study, rebuilt - holding.keys())
    outputs = {path: record.outputs[path]["md5"] for path, record in holding.items() if path not in rebuilt}
    present = [path for path in outputs if os.path.exists(path)]
    _refuse_outdated(study, last_of(holding, present))
    versioned = manifest(Path(f"results/{study}.dvc"))
    _refuse_missing(study, planned - rebuilt, outputs, versioned)
    told = _told_anew(holding, own)
    complete = not sources and len(present) == len(outputs)
    replaced = {record.shipped_path for record in told}  # by a job of the same name that makes other files
    unmade = [record for record in shipped if not planned & set(record.outputs)]
    dropped = [] if sources else [record for record in unmade if record.shipped_path not in replaced]
    if dropped and not complete:
        raise UserError(
            f"{dropped[0].shipped_path}: no rule makes this any more, but what is left cannot be versioned "
            "again while artifacts are absent; run `make pull` first"
        )
    remote = _remote(study)
    if remote == STORE:
        kept = {} if complete else {path: md5 for path, md5 in versioned.items() if path not in present}
        _refuse_large(study, {outputs[path]: os.path.getsize(path) for path in present}, set(kept.values()))
    new = [path for path in present if versioned.get(path) != outputs[path]]
    if complete:
        for path in obsolete:
            Path(path).unlink(missing_ok=True)
    if complete and versioned != outputs:
        dvc("add", "--quiet", f"results/{study}")
    elif new:
        begin(study)
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


def _planned(study: str, sources: Sequence[str]) -> set[str]:
    """Return every artifact of a study, or of some sources' figures, from the workflow's own summary."""
    chosen = [f"source={' '.join(sources)}"] if sources else []
    summary = _snakemake("--summary", "--config", f"study={study}", *chosen).splitlines()
    return {line.split("\t")[0] for line in summary if line.startswith(f"results/{study}/")}


def _refuse_strays(study: str, recorded: set[str]) -> None:
    lie = {path for path in artifacts_in(Path("results")) if path.startswith(f"results/{study}/")}
    if strays := sorted(lie - recorded):
        raise UserError(f"{strays[0]}: no job wrote this; move it elsewhere ({len(strays)} such files)")


def last_of(holding: Mapping[str, Record], present: list[str]) -> list[str]:
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


def _refuse_unrecorded(study: str, paths: set[str]) -> None:
    """Refuse what is not published and has no record to vouch for it."""
    if paths:
        raise UserError(
            f"{study}: no record says how {min(paths)} was made ({len(paths)} such files), and it is not "
            f"published itself; run `make STUDY={study}` first"
        )


def _refuse_large(study: str, coming: Mapping[str, int], kept: set[str]) -> None:
    """Refuse what the store has no room for beside the other studies.

    Args:
        study: what is published.
        coming: sizes of its files that lie here, in bytes by MD5.
        kept: MD5 of what stays published of it though it is absent.
    """
    sizes = stored_sizes()
    staying = {md5: size for md5, size in sizes.get(study, {}).items() if md5 in kept}
    sizes[study] = {**staying, **coming}
    megabytes = sum({md5: size for held in sizes.values() for md5, size in held.items()}.values()) / 1e6
    if megabytes > STORE_MEGABYTES:
        taken = ", ".join(f"{name} {sum(held.values()) / 1e6:.0f}" for name, held in sizes.items())
        raise UserError(
            f"{study}: the store inside the repository would hold {megabytes:.0f} MB ({taken}) and may hold "
            f"{STORE_MEGABYTES}; publish less (docs/storage.md), or name a remote of your own"
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


def main(study: str, *sources: str) -> None:
    """Publish a study, or what the figures of some sources come from, and say what to commit."""
    try:
        news = publish(study, sources)
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
    main(*sys.argv[1:])
