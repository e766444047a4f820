"""Which own records publishing ships; what it does to a repository is tested in tests/storage."""

from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.records.publishing import _told_anew
from advex.records.records import Record

FIGURES = ("figure.svg", "figure.png")


def drawn(code: str, *digests: str) -> Record:
    """Return the record of a job that writes two forms of a figure."""
    outputs = {path: {"sha256": digest, "md5": digest} for path, digest in zip(FIGURES, digests, strict=True)}
    return Record("draw", "results/test/logs/draw/figure.log", {"code": code}, {}, outputs)


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.chdir(tmp_path)
    record = drawn("a", "1", "2")
    record.write(record.shipped_path)
    return record


def test_an_own_record_is_shipped_where_it_tells_something_else(shipped: Record) -> None:
    same, other = drawn("a", "1", "2"), drawn("b", "1", "2")
    assert _told_anew(dict.fromkeys(FIGURES, same), [same]) == []
    assert _told_anew(dict.fromkeys(FIGURES, other), [other]) == [other]
    assert _told_anew(dict.fromkeys(FIGURES, shipped), [other]) == []  # of files that lie here no more


def test_files_of_one_job_are_published_together(shipped: Record) -> None:
    own = drawn("a", "1", "3")
    assert _told_anew({"figure.svg": shipped, "figure.png": own}, [own]) == [own]
    own = drawn("a", "4", "3")
    with pytest.raises(UserError, match=r"figure\.svg is the published one, figure\.png that of a run here"):
        _told_anew({"figure.svg": shipped, "figure.png": own}, [own])
