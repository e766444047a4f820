"""Lineage: how an artifact came about, back to the raw data.

``python -m advex.records.lineage results/digits/figures/ilyas/relabelled.svg`` prints every job behind the
figure with the code, settings, inputs and library versions it had, as the records say that hold for the files
here, and whether these are the recorded ones.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from advex.common.errors import UserError
from advex.records.records import Record, sha256_of
from advex.records.verification import records_that_hold


def lineage(path: str, wrote: Mapping[str, Record]) -> Iterator[tuple[int, str]]:
    """Yield the lines of an artifact's history with their depth; each job is told once.

    Args:
        path: of the artifact.
        wrote: the record of the job that wrote it, and of those that wrote what is behind it, by path.

    Raises:
        UserError: no job that wrote ``path`` has a record.
    """
    if path not in wrote:
        raise UserError(f"{path}: no job that wrote it has a record; is it an artifact of a study?")
    yield from _told(path, wrote, 0, set())


def _told(path: str, wrote: Mapping[str, Record], depth: int, told: set[str]) -> Iterator[tuple[int, str]]:
    record = wrote[path]
    yield depth, f"{path}  {_state(path, record.outputs[path]['sha256'])}"
    if record.log in told:
        yield depth + 1, f"{record.rule}: see above"
        return
    told.add(record.log)
    settings = {name: value for name, value in record.params.items() if name not in ("code", "checkpoint")}
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    yield depth + 1, f"{record.rule}: code {record.params['code'][:12]}; {versions}"
    if record.machine:
        yield (
            depth + 1,
            f"ran on another machine ({', '.join(' '.join(each) for each in record.machine.items())})",
        )
    yield from ((depth + 1, line) for line in _vouched(record))
    yield depth + 1, f"settings {json.dumps(settings)}"
    yield from ((depth + 1, line) for line in _origin(record))
    for source, digest in record.inputs.items():
        if source in wrote:
            yield from _told(source, wrote, depth + 1, told)
        else:
            yield depth + 1, f"{source}  {_state(source, digest)}"


def _vouched(record: Record) -> Iterator[str]:
    """Say what vouched for other code than the job ran with."""
    for each in record.vouched:
        machine = ", ".join(f"{name} {value}" for name, value in each["machine"].items())
        yield (
            f"ran with code {each['code'][:12]} of commit {each['commit'][:12]}; for that of commit "
            f"{each['new_commit'][:12]} study test vouched on {each['date']} ({machine})"
        )


def _state(path: str, recorded: str) -> str:
    """Say whether the file that lies here is the recorded one."""
    if not Path(path).exists():
        return f"sha256 {recorded[:12]}, not here"
    same = sha256_of(path) == recorded
    return f"sha256 {recorded[:12]}, " + ("here" if same else "but ANOTHER FILE LIES HERE")


def _origin(record: Record) -> Iterator[str]:
    """Say where raw data came from, if this job prepared them and its table is here."""
    for path in record.outputs:
        if record.rule == "prepare" and path.endswith(".csv") and Path(path).exists():
            with open(path, encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    yield "raw data: " + ", ".join(f"{name} {value}" for name, value in row.items() if value)


def main(path: str) -> None:
    """Print the lineage of one artifact."""
    try:
        for depth, line in lineage(path, records_that_hold()):
            print("  " * depth + line)
    except UserError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m advex.records.lineage results/<study>/...")
    main(sys.argv[1])
