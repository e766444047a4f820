"""Carrying: bring what a run on another machine made into a study here.

``python -m advex.records.carrying pack STUDY ARCHIVE`` packs, where a study was run, its records and all that
would be published of it (not what ``.dvcignore`` names); ``python -m advex.records.carrying take ARCHIVE``
takes them into the study here. Nothing is taken that no record names, that is not what its record says, or
that today's code and settings would make again. The records then say on what machine their jobs ran.
"""

import hashlib
import io
import json
import os
import sys
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from advex.common.errors import UserError
from advex.common.files import atomic_path
from advex.records.manifests import ignored, run
from advex.records.publishing import last_of
from advex.records.records import OWN, Record, own_records, shipped_records
from advex.records.verification import MEMORY, Contents, compare
from advex.records.vouching.machine import machine

LARGEST = 16_000_000
"""Files of more bytes are not packed: that is what some channels carry."""

_MACHINE = "machine.json"


def pack(study: str, archive: Path) -> list[str]:
    """Pack what a study has here but for what ``.dvcignore`` names; return what was too large.

    Raises:
        UserError: nothing of the study is recorded here, or something is not as recorded.
    """
    found = compare(own_records(study), shipped_records(study), Contents(MEMORY), artifacts=())
    if found.damaged:
        raise UserError(f"{found.damaged[0]}: not what its record says ({len(found.damaged)} such files)")
    here = {path for path in found.records if os.path.exists(path)}
    files = sorted(here - ignored(here))
    if not files:
        raise UserError(f"{study}: no artifact with a record is here; run `make STUDY={study}` first")
    large = [path for path in files if os.path.getsize(path) > LARGEST]
    records = {str(record.own_path): record for record in found.records.values()}
    with tarfile.open(archive, "w:gz") as packed:
        _add(packed, _MACHINE, json.dumps(_machine()).encode())
        for place, record in sorted(records.items()):
            _add(packed, place, record.text().encode())
        for path in files:
            if path not in large:
                _add(packed, path, Path(path).read_bytes())
    return large


def take(archive: Path) -> list[str]:
    """Take an archive into its study; return the paths of what was taken.

    Raises:
        UserError: something in it is refused; nothing has changed then.
    """
    files = dict(_content(archive))
    records, made_on = _records(archive, files)
    named = {path: sums["sha256"] for record in records for path, sums in record.outputs.items()}
    for name, data in files.items():
        if named.get(name) != hashlib.sha256(data).hexdigest():
            raise UserError(f"{archive}: {name} is not what a record in it says; nothing was taken")
        if os.path.exists(name) and Path(name).read_bytes() != data:
            raise UserError(f"{name}: something else lies here already; move it elsewhere first")
    new = {Path(path): data for path, data in files.items() if not os.path.exists(path)}
    told = [record for record in records if not record.own_path.exists() and not _is_shipped(record)]
    placed = [*new, *(record.own_path for record in told)]
    try:
        for path, data in new.items():
            with atomic_path(path) as temporary:
                temporary.write_bytes(data)
        for record in told:
            replace(record, machine=made_on).write(record.own_path)
        holding = compare(own_records(), shipped_records(), Contents(MEMORY), artifacts=()).records
        command = (sys.executable, "-m", "snakemake", "--dry-run", *last_of(holding, list(files)))
        answer = run(*command, errors=True)
        if "Nothing to be done" not in answer:
            raise UserError(f"{archive}: today's code or settings would make it again:\n{answer[-3000:]}")
    except (UserError, OSError):
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    return sorted(files)


def _records(archive: Path, content: dict[str, bytes]) -> tuple[list[Record], Mapping[str, str]]:
    """Take records, and on what machine they were made, out of an archive's content."""
    try:
        made_on = {str(name): str(value) for name, value in json.loads(content.pop(_MACHINE)).items()}
        places = [path for path in content if PurePosixPath(path).parts[2] == OWN]
        records = {path: Record(**json.loads(content.pop(path))) for path in places}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{archive}: no archive that `pack` wrote ({error!r})") from error
    for path, record in records.items():
        if str(record.own_path) != path or not record.ended:
            raise UserError(f"{archive}: {path} is the record of something else")
    return list(records.values()), made_on


def _is_shipped(record: Record) -> bool:
    shipped = record.shipped_path
    return shipped.exists() and Record.read(shipped).tells_the_same_as(record)


def _machine() -> dict[str, str]:
    """Return what :func:`advex.records.vouching.machine.machine` tells, with the GPU if there is one."""
    import torch  # noqa: PLC0415 - only packing needs it, and it is slow to load

    gpu = {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    return {**machine(), **gpu}


def _content(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive, all below one study's results but for what tells of the machine."""
    studies = set()
    try:
        with tarfile.open(archive, "r:*") as packed:
            for member in packed:
                parts = PurePosixPath(member.name).parts
                below = len(parts) > 2 and parts[0] == "results" and ".." not in parts
                if not member.isfile() or not (below or member.name == _MACHINE) or member.size > LARGEST:
                    raise UserError(f"{archive}: {member.name} is nothing that `pack` writes")
                studies |= {parts[1]} if below else set()
                file = packed.extractfile(member)
                yield member.name, file.read() if file else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise UserError(f"{archive}: cannot be read ({error})") from error
    if len(studies) != 1:
        raise UserError(f"{archive}: holds {len(studies)} studies; an archive is of one")


def _add(packed: tarfile.TarFile, path: str, data: bytes) -> None:
    member = tarfile.TarInfo(path)
    member.size = len(data)
    packed.addfile(member, io.BytesIO(data))


def main(arguments: list[str]) -> None:
    """Pack or take, and say what was done."""
    try:
        match arguments:
            case ["pack", study, archive]:
                large = pack(study, Path(archive))
                print(
                    f"{archive} is packed" + (f", without {', '.join(large)} (too large)." if large else ".")
                )
            case ["take", archive]:
                print(f"{len(take(Path(archive)))} artifacts were taken; `make publish` publishes them.")
            case _:
                sys.exit("usage: python -m advex.records.carrying pack STUDY ARCHIVE | take ARCHIVE")
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
