"""Why an artifact would be made again, or that it would not: what today's jobs differ in from their records.

``python -m advex.records.why results/test/figures/ilyas/relabelled.svg`` names, for the job that writes the
artifact and for every job before it, the definition, setting or input that differs from the job's record.
"""

import ast
import difflib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advex.common.errors import UserError
from advex.records.provenance import Code, Reached
from advex.records.records import Record, sha256_of
from advex.records.verification import records_that_hold

MEMORY = Path(".snakemake/definitions.json")
COMMITS = 20
"""How many earlier versions of a file are searched for the text that a definition had."""
LINES = 30
"""How long a difference is shown."""
_NOT_SETTINGS = ("code", "uses", "checkpoint")


@dataclass(frozen=True)
class Planned:
    """A job as the workflow would run it today.

    Attributes:
        log: path of its log, which names it.
        script: path of its script.
        params: its parameters by name.
        inputs: the paths it reads.
        outputs: the paths it writes.
    """

    log: str
    script: Path
    params: Mapping[str, Any]
    inputs: list[str]
    outputs: list[str]

    @property
    def name(self) -> str:
        """``verb/name``, as in its log's path."""
        return self.log.split("/logs/", 1)[-1].removesuffix(".log")


def why(artifact: str, jobs: Iterable[Planned], records: Mapping[str, Record]) -> Iterator[str]:
    """Yield lines that say why an artifact would be made again, nearest job first.

    Args:
        artifact: its path.
        jobs: all jobs behind it, and the one that writes it.
        records: the record that holds for each path.

    Raises:
        UserError: no job writes it.
    """
    writes = {path: job for job in jobs for path in job.outputs}
    if artifact not in writes:
        raise UserError(f"{artifact}: no job writes this")
    code, shown = Code(memory=MEMORY), set[str]()
    target, differing = writes[artifact], 0
    for job in _backwards(target, writes):
        record = records.get(job.outputs[0])
        lines = list(_differences(job, record, records, code, shown))
        if lines:
            differing += 1
            yield (
                f"{job.name} would run again:"
                if job is target
                else f"{job.name}, before it, would run again:"
            )
            yield from (f"  {line}" for line in lines)
    if differing:
        yield "What is behind a job that writes the same bytes again does not run."
    elif Path(artifact).exists():
        yield f"{artifact} would not be made again: code, settings and inputs are as its record says."
    else:
        yield (
            f"{artifact} is not here, so it would be made; code, settings and inputs are as its record says, "
            f"so `dvc pull {artifact}` brings what would come out, if it is published."
        )


def _backwards(target: Planned, writes: Mapping[str, Planned]) -> Iterator[Planned]:
    """Yield a job and those behind it, each once, nearest first."""
    waiting, seen = [target], {target.log}
    for job in waiting:  # grows while it is walked through
        yield job
        for path in job.inputs:
            if path in writes and writes[path].log not in seen:
                seen.add(writes[path].log)
                waiting.append(writes[path])


def _differences(
    job: Planned, record: Record | None, records: Mapping[str, Record], code: Code, shown: set[str]
) -> Iterator[str]:
    """Yield in what a job differs from its record; texts of definitions only unless ``shown``."""
    if record is None:
        yield "it has no record, so it has not been run"
        return
    if record.params.get("code") != job.params.get("code"):
        reached = code.reached(job.script, job.params.get("uses", []))
        yield from definitions_changed(record.definitions, reached, shown)
    for path, old, new in settings_changed(record.params, job.params):
        yield f"setting {path}: {old} -> {new}"
    yield from _inputs_changed(job, record, records)
    for path, sums in record.outputs.items():
        if Path(path).exists() and sha256_of(path) != sums["sha256"]:
            yield f"{path} is not what the record says: damaged, edited, or of another version"


def definitions_changed(recorded: Mapping[str, str], reached: Reached, shown: set[str]) -> Iterator[str]:
    """Yield lines on the definitions that are not as recorded.

    Args:
        recorded: a short hash of each by its label.
        reached: what is reached today.
        shown: labels of definitions whose texts have been shown already; those shown now join them.
    """
    if not recorded:
        yield "its code has changed; its record does not say which definitions it had"
        return
    today = reached.definitions
    gone = {label: sign for label, sign in recorded.items() if label not in today}
    new = {label: sign for label, sign in today.items() if label not in recorded}
    for label in [label for label in new if new[label] in gone.values()]:  # told apart by other labels now
        sign = new.pop(label)
        gone.pop(next(old for old in gone if gone[old] == sign))
    changed = [label for label in today if label in recorded and recorded[label] != today[label]]
    for label in changed:
        yield f"{label} has changed: {recorded[label]} -> {today[label]}{_at(reached, label)}"
        yield from _text_changed(reached, label) if label not in shown else ()
        shown.add(label)
    for label, sign in new.items():
        yield f"{label} is new: {sign}{_at(reached, label)}"
    for label, sign in gone.items():
        yield f"{label} is gone: it was {sign}"
    if not (changed or new or gone):
        yield "its code has changed: a name in it stands for something else of the same name"


def _at(reached: Reached, label: str) -> str:
    place = reached.place(label)
    return f", {_relative(place[0])}:{place[1]}" if place else ""


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _text_changed(reached: Reached, label: str) -> Iterator[str]:
    """Yield the difference from the last text of a definition in git that is another, if there is one."""
    place = reached.place(label)
    if place is None:
        return
    path, name = _relative(place[0]), label.rsplit(".", 1)[-1]
    today = _text_of(path.read_text(encoding="utf-8"), name)
    for commit in _git("log", f"-{COMMITS}", "--format=%h", "--", str(path)).split():
        before = _text_of(_git("show", f"{commit}:./{path}"), name)
        if before and before != today:
            difference = list(difflib.unified_diff(before, today, lineterm="", n=1))[2:]
            yield from (f"  {line}" for line in [f"since {commit}:", *difference[:LINES]])
            return


def _text_of(source: str, name: str) -> list[str]:
    """Return the lines of the definition of a name at the top of a module."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    for node in tree.body:
        bound = [getattr(node, "name", None), *(getattr(each, "id", None) for each in _targets(node))]
        if name in bound:
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            return source.splitlines()[first - 1 : node.end_lineno]
    return []


def _targets(node: Any) -> list[Any]:
    return [*getattr(node, "targets", []), *([node.target] if hasattr(node, "target") else [])]


def _git(*arguments: str) -> str:
    finished = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return finished.stdout if finished.returncode == 0 else ""


def settings_changed(recorded: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the path, the old and the new value of every setting that differs; ``none`` for no value."""
    old, new = (dict(_flat(params)) for params in (recorded, today))
    for path in dict.fromkeys([*old, *new]):
        if path.split(".", 1)[0] not in _NOT_SETTINGS and old.get(path) != new.get(path):
            yield path, str(old.get(path, "none")), str(new.get(path, "none"))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values inside dictionaries and lists with their paths."""
    inside = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else []
    )
    if not isinstance(value, (Mapping, list)):
        yield path, value
    for key, each in inside:
        yield from _flat(each, f"{path}.{key}" if path else str(key))


def _inputs_changed(job: Planned, record: Record, records: Mapping[str, Record]) -> Iterator[str]:
    for path in job.inputs:
        if path not in record.inputs:
            yield f"input {path} is new"
    for path, read in record.inputs.items():
        if path not in job.inputs:
            yield f"input {path} is no longer read"
            continue
        wrote = records[path].outputs[path]["sha256"] if path in records else None
        now = wrote or (sha256_of(path) if Path(path).exists() else read)
        if now != read:
            yield f"input {path} has changed: {read[:12]} -> {now[:12]}"


def planned(*artifacts: str, study: str = "", code: Path = Path()) -> list[Planned]:
    """Return the jobs behind artifacts, and those that write them, as the workflow would run them.

    Args:
        artifacts: their paths; none for all of the study.
        study: its name.
        code: a folder with another version of the repository, whose workflow is asked instead of this one's.

    Raises:
        UserError: the workflow cannot be read, or has no such artifact.
    """
    finished = subprocess.run(
        [sys.executable, str(Path("rules/planned.py").resolve()), study, *artifacts],
        cwd=code,
        env={**os.environ, "PYTHONPATH": str((code / "src").resolve())},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if finished.returncode:
        raise UserError(f"{' '.join(artifacts) or study}: {finished.stderr.strip()}")
    return [Planned(**{**job, "script": Path(job["script"])}) for job in json.loads(finished.stdout)]


def main(artifact: str) -> None:
    """Print why an artifact would be made again."""
    try:
        for line in why(artifact, planned(artifact), records_that_hold()):
            print(line)
    except UserError as error:
        sys.exit(str(error))
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m advex.records.why results/<study>/...")
    main(sys.argv[1])
