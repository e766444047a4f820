"""What an archive of another machine may hold; that today's code is asked is tested in tests/storage."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.records.carrying import LARGEST, take
from advex.records.records import Record

TABLE = "results/test/measurements/ilyas/relabelled.csv"
RECORD = Record(
    "collect",
    "results/test/logs/collect/ilyas/relabelled.log",
    {"code": "1"},
    {},
    {TABLE: {"sha256": hashlib.sha256(b"a table").hexdigest(), "md5": "1"}},
)
MACHINE = ("machine.json", b'{"processor": "another"}')
OWN = ("results/test/records/collect/ilyas/relabelled.json", RECORD.text().encode())


def archive(folder: Path, *files: tuple[str, bytes]) -> Path:
    """Write an archive of files, each given by name and content."""
    path = folder / "run.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([MACHINE, OWN, (TABLE, b"another table")], "is not what a record in it says"),
        ([MACHINE, OWN, ("results/test/mine.csv", b"a table")], "is not what a record in it says"),
        ([MACHINE, OWN, ("results/../../mine.csv", b"a table")], "nothing that `pack` writes"),
        ([MACHINE, OWN, ("/tmp/results/test/mine.csv", b"a table")], "nothing that `pack` writes"),
        ([MACHINE, OWN, ("results/other/mine.csv", b"a table")], "holds 2 studies"),
        ([MACHINE, (OWN[0], b"{}")], "no archive that `pack` wrote"),
        ([MACHINE, (OWN[0].replace("ilyas", "nakano"), OWN[1])], "is the record of something else"),
        ([OWN, (TABLE, b"a table")], "no archive that `pack` wrote"),
        ([MACHINE, OWN, (TABLE, bytes(LARGEST + 1))], "nothing that `pack` writes"),
        ([MACHINE], "holds 0 studies"),
    ],
)
def test_what_is_in_no_record_or_out_of_place_is_refused(
    files: list[tuple[str, bytes]], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=said):
        take(archive(tmp_path, *files))
    assert [path.name for path in tmp_path.iterdir()] == ["run.tar.gz"]


def test_links_and_damaged_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        link = tarfile.TarInfo(TABLE)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        packed.addfile(link)
    with pytest.raises(UserError, match="nothing that `pack` writes"):
        take(path)
    whole = archive(tmp_path, MACHINE, OWN, (TABLE, b"a table" * 1000)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be read"):
        take(path)


def test_what_lies_here_already_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / TABLE).parent.mkdir(parents=True)
    (tmp_path / TABLE).write_text("mine")
    with pytest.raises(UserError, match="something else lies here"):
        take(archive(tmp_path, MACHINE, OWN, (TABLE, b"a table")))
    assert (tmp_path / TABLE).read_text() == "mine"


def test_the_machine_is_written_only_where_there_is_one() -> None:
    assert "machine" not in json.loads(RECORD.text())
