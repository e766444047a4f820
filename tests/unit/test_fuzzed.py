"""Files of every kind, damaged and made up: the quick form; `benchmarks/faults fuzz` reads many more."""

import os
import pickle
import subprocess
from pathlib import Path

import pytest
from fuzzing import Subject, fuzz, watched
from readers import SUBJECTS

from advex.common.errors import UserError


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("subject", SUBJECTS, ids=[subject.name for subject in SUBJECTS])
def test_whatever_is_in_a_file_reading_it_ends_in_words(subject: Subject, tmp_path: Path) -> None:
    found = fuzz(subject, tmp_path, subject.quick)
    assert found.wrong == []
    assert found.inputs >= 0.9 * subject.quick
    assert found.refused or subject.name in ("contents.json", "checkpoint")  # those are begun anew


class _Calls:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def _made(folder: Path) -> Path:
    (folder / "a.txt").write_text("sound, and somewhat longer than nothing")
    return folder / "a.txt"


WRONG = {
    "a program": lambda path: subprocess.run(["true"], check=True),
    "a pickle": lambda path: pickle.loads(pickle.dumps(_Calls())),
    "a file elsewhere": lambda path: (path.parents[1] / "elsewhere.txt").write_text(""),
    "another error": lambda path: path.read_text().index("sound, and"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_must_not_be_is_noticed(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert fuzz(Subject("wrong", _made, WRONG[what]), folder, 30).wrong


def test_what_may_be_is_not(tmp_path: Path) -> None:
    def read(path: Path) -> None:
        path.with_name("b.txt").write_bytes(path.read_bytes())
        raise UserError("no")

    with pytest.raises(UserError):
        read(_made(tmp_path))
    with watched(tmp_path) as seen, pytest.raises(UserError):
        read(_made(tmp_path))
    assert seen == []
