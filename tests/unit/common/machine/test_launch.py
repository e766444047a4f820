"""Places in which the repository cannot be, refused before anything happens."""

from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.common.machine.launch import refuse_folder


@pytest.mark.parametrize("name", ["My Documents", "it's (1)", "[a] & $HOME; `b`", "Übung", "日本", "%20#~\\"])
def test_ordinary_folders_are_accepted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    refuse_folder(tmp_path / name)


@pytest.mark.parametrize(("name", "tool"), [("{a}", "Snakemake"), ("a:b", "Python"), ("a\nb", "pip")])
def test_what_a_tool_cannot_read_is_refused_by_name(tmp_path: Path, name: str, tool: str) -> None:
    with pytest.raises(UserError, match=f"{tool} cannot work in a folder whose path holds"):
        refuse_folder(tmp_path / name)


def test_a_folder_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(UserError, match="nothing can be written there"):
        refuse_folder(Path("/proc/self"))


def test_results_as_a_link_are_refused_with_the_way_that_works(tmp_path: Path) -> None:
    (tmp_path / "scratch disk").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "scratch disk")
    with pytest.raises(UserError, match=r"results: it is a link(.|\n)*scratch disk'/digits results/"):
        refuse_folder(tmp_path)


def test_a_study_as_a_link_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "digits").symlink_to(tmp_path)
    refuse_folder(tmp_path)
