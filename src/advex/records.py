"""Records: what every job read, wrote and was told, by content, so that artifacts can be trusted.

A job's record is a small JSON file at ``records/<study>/<verb>/<name>.json``. Records say nothing of time
and place: the same work leaves the same record everywhere. They are kept under version control, while the
artifacts they describe lie in a store, so a record is what an artifact is held against.
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

from advex.errors import UserError
from advex.files import write_text
from advex.logs import logged
from advex.provenance.noted import noted_definitions
from advex.registry import declaring

LOOKS_ON = True

RECORDS = Path("records")

_BLOCK = 1 << 20
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
        vouched: what vouched for other code than the job ran with, earliest first (:mod:`advex.vouching`):
            ``code``, the digest until then, ``commit`` and ``new_commit``, ``date``, ``machine``. Written
            only where there is any.
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

    @property
    def path(self) -> Path:
        """Where the record lies."""
        return record_path(self.log)

    @property
    def text(self) -> str:
        """What the record's file holds."""
        values = asdict(self)
        if not self.vouched:
            del values["vouched"]
        return json.dumps(values, indent=1) + "\n"

    def write(self) -> None:
        """Write the record atomically."""
        write_text(self.path, self.text)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Record":
        """Read a record.

        Raises:
            UserError: the file is not a record.
        """
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path}: not a record of a job ({error}); bring it back with `git checkout {path}`, or "
                "delete it to run the job again"
            ) from error


def record_path(log: str | os.PathLike[str]) -> Path:
    """Return where the record of a job lies, given ``results/<study>/logs/<verb>/<name>.log``."""
    _, study, _, *name = Path(log).with_suffix(".json").parts
    return RECORDS.joinpath(study, *name)


@contextmanager
def recorded(job: Job) -> Iterator[None]:
    """Run the body as a job: send its messages to its log, and leave a record if it ends well.

    What it looks up in registries must be in its parameter ``uses``. From start to end there is no record, so
    that a job that was killed leaves nothing that looks whole.
    """
    with logged(job.log[0], job.rule):
        path = record_path(job.log[0])
        path.unlink(missing_ok=True)
        params = dict(job.params.items())
        with declaring(params.get("uses", [])):
            yield
        Record(
            rule=job.rule,
            log=str(job.log[0]),
            params=params,
            inputs={str(name): digests(name)["sha256"] for name in dict.fromkeys(job.input)},
            outputs={str(name): digests(name) for name in job.output},
            modules=sorted(name for name in sys.modules if name.split(".")[0] == "advex"),
            versions=_versions(),
            definitions=noted_definitions(params.get("code", "")),
        ).write()


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


def read_records(study: str = "*") -> list[Record]:
    """Read the records of a study, or of all, in the order of their paths."""
    return [Record.read(path) for path in sorted(RECORDS.glob(f"{study}/**/*.json"))]
