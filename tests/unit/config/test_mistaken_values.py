"""Mistakes in a configuration: each is refused when it is read, with file, place and what is allowed."""

import os
import shutil
from pathlib import Path

import pytest
from mistakes import MISTAKES, Mistake

from advex.common.errors import UserError
from advex.config import load
from advex.judge.claim_names import check_claims
from advex.judge.claims import claims_files

ROOT = Path(__file__).parents[3]
NEEDED = ("experiments.yaml", "studies/digits.yaml")


def copy_of(config: Path, mistake: Mistake) -> None:
    """Copy the files that a mistake needs, with it."""
    for name in NEEDED:
        (config / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "config" / name, config / name)
    if mistake.file not in NEEDED:
        shutil.copytree(ROOT / "config/claims", config / "claims")
    text = (config / mistake.file).read_text()
    assert mistake.old in text
    (config / mistake.file).write_text(text.replace(mistake.old, mistake.new, 1))


def read(config: Path) -> None:
    """Read a configuration as planning does."""
    plan = load(config)
    check_claims(plan, claims_files(config / "claims"), sorted((ROOT / "published").glob("*.csv")))


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{row.kind}: {row.old[:40]} -> {row.new[:40]}" for row in MISTAKES]
)
def test_mistakes_are_answered_when_they_are_read(tmp_path: Path, mistake: Mistake) -> None:
    config = tmp_path / "config"
    copy_of(config, mistake)
    with pytest.raises(UserError) as caught:
        read(config)
    lines = str(caught.value).splitlines()
    files = (Path(mistake.file).name, "digits.yaml")  # some rows are wrong in what a study leaves out
    assert any(mistake.said in line and any(file in line for file in files) for line in lines), lines


def test_the_table_is_long_and_says_nothing_twice() -> None:
    assert len(MISTAKES) >= 150
    assert len({(row.file, row.old, row.new) for row in MISTAKES}) == len(MISTAKES)
    assert all(row.said for row in MISTAKES)


@pytest.mark.parametrize("name", ["My study", "Digits", "1digits", "digits_2", "d" * 100, "-digits"])
def test_names_of_studies_that_cannot_be_a_path(tmp_path: Path, name: str) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("claims"))
    shutil.copyfile(ROOT / "config/studies/test.yaml", tmp_path / "config/studies" / f"{name}.yaml")
    with pytest.raises(UserError, match=rf"{name}.yaml: its name: found '{name}'; allowed: small letters"):
        load(tmp_path / "config")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"3", b"[]", b"a: \x00", b"title: caf\xe9"])
def test_files_that_are_no_text_or_no_mapping(tmp_path: Path, content: bytes) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("claims"))
    (tmp_path / "config/studies/digits.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"digits\.yaml: "):
        load(tmp_path / "config")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_study_that_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("claims"))
    os.mkfifo(tmp_path / "config/studies/pipe.yaml")
    with pytest.raises(UserError, match=r"pipe\.yaml: not a file"):
        load(tmp_path / "config")


def test_numbers_may_be_whole_where_others_may_stand_and_infinite_where_that_means_something() -> None:
    study = load(ROOT / "config").study("digits")
    assert study.attacks["inversion"].epsilon == float("inf")
