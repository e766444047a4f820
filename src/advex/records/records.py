"""Records: what every job read, wrote and was told, by content, so that artifacts can be trusted.

A job's record is a small JSON file that says nothing of time and place: the same work leaves the same record
everywhere. The artifacts that records describe lie in a store, so a record is what an artifact is held
against. There are two of each at most:

- the *shipped* record, ``records/<study>/<verb>/<name>.json``, is under version control and describes what is
  published; only publishing writes it (:mod:`advex.records.publishing`);
- a run's *own* record, ``results/<study>/records/<verb>/<name>.json``, lies beside what the run made, and
  only where that is something else than what is published.

Which of both holds for a file, its content says: :mod:`advex.records.verification`.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from advex.common.errors import UserError
from advex.common.files import write_text
from advex.common.names.registry import declaring
from advex.records.logs import logged
from advex.records.provenance.noted import noted_definitions

LOOKS_ON = True

SHIPPED = Path("records")
"""Where the records of published artifacts lie, under version control."""

RESULTS = Path("results")
OWN = "records"
"""Name of the folder in a study's results that holds the records of this checkout's own runs."""

_BLOCK = 1 << 20
_LOG_PARTS = 4  # results/<study>/logs/<name>.log at least
_WORK = ("rule", "log", "params", "inputs", "outputs")
_LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "PIL", "sklearn", "skimage", "torch", "torchvision")


class Named(Protocol):
    """A list of values of which some have names, as the workflow hands to a script."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the values."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return the named values with their names."""


class Job(Protocol):
    """What a script knows of the job it runs in; paths are relative to the working directory."""

    rule: str
    input: Named
    output: Named
    params: Named
    log: Any


@dataclass(frozen=True)
class Record:
    """What one job read, wrote and was told.

    Attributes:
        rule: the rule's name.
        log: path of the job's log.
        params: the job's parameters by name: settings, and the digest of its code.
        inputs: path of every input and its SHA-256.
        outputs: path of every output and its ``sha256`` and ``md5``; a store finds it by the latter.
        modules: dotted names of the library's modules that were loaded.
        definitions: a short hash of each definition that the digest of the code covers, by its label.
        versions: version of Python and of every scientific library that was loaded.
        vouched: what vouched for other code than the job ran with, earliest first
            (:mod:`advex.records.vouching`): ``code``, the digest until then, ``commit`` and ``new_commit``,
            ``date``, ``machine``. Written only where there is any.
        machine: on what the job ran, where its record was carried here from another machine
            (:mod:`advex.records.carrying`): processor, system, GPU, versions. Written only then.
    """

    rule: str
    log: str
    params: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: Mapping[str, Mapping[str, str]]
    modules: list[str] = field(default_factory=list)
    versions: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    vouched: list[Mapping[str, Any]] = field(default_factory=list)
    machine: Mapping[str, str] = field(default_factory=dict)

    @property
    def own_path(self) -> Path:
        """Where the record lies as one of this checkout's own runs."""
        return own_path(self.log)

    @property
    def shipped_path(self) -> Path:
        """Where the record lies when what it describes is published."""
        return shipped_path(self.log)

    @property
    def ended(self) -> bool:
        """Whether the job ended; the record of one that did not only names its outputs."""
        return all(self.outputs.values())

    def text(self) -> str:
        """Return the record as it is written."""
        told = asdict(self)
        for name in ("vouched", "machine"):
            if not told[name]:
                del told[name]
        return json.dumps(told, indent=1) + "\n"

    def write(self, path: Path) -> None:
        """Write the record atomically."""
        write_text(path, self.text())

    def take_back(self) -> None:
        """Leave an own record as of a job that did not end, so that the job runs again."""
        Record(self.rule, self.log, {}, {}, {path: {} for path in self.outputs}).write(self.own_path)

    def tells_the_same_as(self, other: "Record") -> bool:
        """Tell whether both jobs read, wrote and were told the same; with which versions is left out."""
        return _work(self) == _work(other)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Record":
        """Read a record.

        Raises:
            UserError: the file is not a record.
        """
        try:
            record = cls(**json.loads(Path(path).read_text(encoding="utf-8")))
            _check_form(record)
            return record
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            shipped = Path(path).parts[0] == SHIPPED.name
            back = f"bring it back with `git checkout {path}`, or " if shipped else ""
            raise UserError(
                f"{path}: not a record of a job ({error}); {back}delete it to run the job again"
            ) from error


def _check_form(record: Record) -> None:
    """Make sure that what was read has the types of a record.

    Raises:
        ValueError: it has not.
    """
    texts = [record.rule, record.log, *record.inputs, *record.inputs.values(), *record.outputs]
    texts += [text for sums in record.outputs.values() for text in (*sums, *sums.values())]
    if not all(isinstance(text, str) for text in texts) or "\0" in "".join(texts):
        raise ValueError("it names something that is no text")
    if any(sums and "sha256" not in sums for sums in record.outputs.values()):
        raise ValueError("an output has no sha256")
    mappings = (record.params, record.versions, record.definitions)
    if not all(isinstance(part, dict) for part in mappings) or not isinstance(record.vouched, list):
        raise ValueError("a part of it is of another form")
    if len(Path(record.log).parts) < _LOG_PARTS or Path(record.log).parts[0] != RESULTS.name:
        raise ValueError(f"its log is {record.log!r}")


def _work(record: Record) -> str:
    """Return what makes two records tell the same, as text: in it a NaN among settings equals itself."""
    told = {name: value for name, value in asdict(record).items() if name in _WORK}
    as_read = json.loads(json.dumps(told))  # tuples become lists, and all keys text
    return json.dumps(as_read, sort_keys=True)


def own_path(log: str | os.PathLike[str]) -> Path:
    """Return where a run leaves a job's record, given ``results/<study>/logs/<verb>/<name>.log``."""
    results, study, _, *name = Path(log).with_suffix(".json").parts
    return Path(results, study, OWN, *name)


def shipped_path(log: str | os.PathLike[str]) -> Path:
    """Return where a job's record is kept under version control, given its log as in :func:`own_path`."""
    _, study, _, *name = Path(log).with_suffix(".json").parts
    return SHIPPED.joinpath(study, *name)


@dataclass(frozen=True)
class Begun:
    """A job that has begun.

    Attributes:
        inputs: path of every input and its SHA-256, before the job read it.
        fingerprint: of all that decides what the job makes: its rule, parameters and code, and its inputs.
    """

    inputs: Mapping[str, str]
    fingerprint: str

    def check_inputs(self, log: str) -> None:
        """Make sure that the inputs are what they were.

        Raises:
            UserError: an input was changed or removed while the job ran.
        """
        for path, before in self.inputs.items():
            if not Path(path).exists() or sha256_of(path) != before:
                raise UserError(
                    f"{path}: changed while the job of {log} ran, so what it made is of neither; run it again"
                )


def _begun(job: Job, params: Mapping[str, Any]) -> Begun:
    inputs = {str(name): sha256_of(name) for name in dict.fromkeys(job.input)}
    told = json.dumps([job.rule, str(job.log[0]), params, inputs], sort_keys=True, default=str)
    return Begun(inputs, hashlib.sha256(told.encode()).hexdigest())


@contextmanager
def recorded(job: Job) -> Iterator[Begun]:
    """Run the body as a job: send its messages to its log, and leave a record if it ends well.

    What it looks up in registries must be in its parameter ``uses``. From start to end the job's own record
    says only which files it writes, so that one that was killed leaves nothing that looks whole. A job that
    did what the shipped record says leaves no record of its own.

    Raises:
        UserError: an input changed while the body ran: then what it made is of neither, and has no record.
    """
    log = str(job.log[0])
    with logged(log, job.rule):
        Record(job.rule, log, {}, {}, {str(name): {} for name in job.output}).write(own_path(log))
        params = dict(job.params.items())
        begun = _begun(job, params)
        with declaring(params.get("uses", [])):
            yield begun
        begun.check_inputs(log)
        record = Record(
            rule=job.rule,
            log=log,
            params=params,
            inputs=begun.inputs,
            outputs={str(name): digests(name) for name in job.output},
            modules=sorted(name for name in sys.modules if name.split(".")[0] == "advex"),
            versions=_versions(),
            definitions=noted_definitions(params.get("code", "")),
        )
        if record.shipped_path.exists() and record.tells_the_same_as(Record.read(record.shipped_path)):
            record.own_path.unlink()
        else:
            record.write(record.own_path)


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the ``sha256`` and the ``md5`` of a file, in hexadecimal digits."""
    both = {"sha256": hashlib.sha256(), "md5": hashlib.md5(usedforsecurity=False)}
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            for digest in both.values():
                digest.update(block)
    return {name: digest.hexdigest() for name, digest in both.items()}


def _versions() -> dict[str, str]:
    loaded = {name: sys.modules[name].__version__ for name in _LIBRARIES if name in sys.modules}
    return {"python": ".".join(map(str, sys.version_info[:3])), **loaded}


def shipped_records(study: str = "*") -> list[Record]:
    """Read the shipped records of a study, or of all, in the order of their paths."""
    return [Record.read(path) for path in sorted(SHIPPED.glob(f"{study}/**/*.json"))]


def own_records(study: str = "*") -> list[Record]:
    """Read the records of this checkout's own runs, of a study or of all, in the order of their paths."""
    return [Record.read(path) for path in sorted(RESULTS.glob(f"{study}/{OWN}/**/*.json"))]
