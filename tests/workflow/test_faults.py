"""Disturbed runs end as undisturbed ones: the short form of `benchmarks/faults`, with two figures."""

from pathlib import Path

import accidents
import pytest
from faults import DISTURBANCES, Outcome, Run, disturbed, files, left_in, nothing_to_do

FIGURES = (
    "results/test/figures/ilyas/robust_and_accurate.svg",
    "results/test/figures/goh_leakage/robust_linear_features.svg",
)


@pytest.fixture(scope="module")
def reference(built: Path) -> dict[str, bytes]:
    return files(built)


def sound(outcome: Outcome, folder: Path) -> None:
    assert outcome.sound, outcome
    assert all((folder / figure).exists() for figure in FIGURES)
    assert nothing_to_do(folder, FIGURES)


@pytest.mark.parametrize("warm", [True, False])
def test_runs_that_are_killed_and_interrupted_come_to_the_same(
    tmp_path: Path, reference: dict[str, bytes], warm: bool
) -> None:
    outcome = disturbed(
        tmp_path / "copy", reference, [*DISTURBANCES], seed=1, warm=warm, longest=4, most=3, targets=FIGURES
    )
    assert outcome.times == 3
    sound(outcome, tmp_path / "copy")


def test_two_runs_at_once_come_to_the_same(tmp_path: Path, reference: dict[str, bytes]) -> None:
    sound(
        accidents.two_at_once(tmp_path / "copy", reference, *FIGURES, warm=True, alone=True),
        tmp_path / "copy",
    )


def test_a_full_disk_is_named_and_forgotten(tmp_path: Path, reference: dict[str, bytes]) -> None:
    if not accidents.may_mount(tmp_path / "disk"):
        pytest.skip("nothing can be mounted here")
    assert accidents.full_disk(tmp_path / "copy", reference, "700k", *FIGURES, warm=True).sound


def test_what_is_left_is_noticed(tmp_path: Path) -> None:
    """The bench itself: a hidden file, a script's copy, a mark, and a process are all found."""
    for name in (
        "results/test/.a.svg.abcdefgh.svg",
        ".snakemake/scripts/tmp1.train.py",
        ".snakemake/locks/0.lock",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert len(left_in(tmp_path)) == 3
    run = Run(tmp_path, False)  # there is no Snakefile
    assert run.end() != 0
    assert len(left_in(tmp_path)) == 3 or not (tmp_path / ".snakemake/scripts/tmp1.train.py").exists()
