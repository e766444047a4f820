"""What the repository ships: the digits study, pulled into a clone of the last commit, nothing configured."""

import sys
from pathlib import Path

import pytest
from checkouts import Checkout
from copies import notebook_program
from independent_judge import Study, agree, read_claims, read_tables

from advex.common.artifacts import read_table
from advex.config import load
from advex.judge.claims import load_published
from advex.records.publishing import STORE_MEGABYTES

ROOT = Path(__file__).parents[2]
DIGITS = ("--config", "study=digits")
FIGURE = "results/digits/figures/ilyas/relabelled.svg"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository, so there is nothing to clone")
    clone = Checkout(ROOT).clone(tmp_path_factory.mktemp("shipped") / "clone")
    clone.dvc("pull", "--quiet")
    return clone


def test_the_store_is_whole_and_small(shipped: Checkout) -> None:
    assert "undamaged" in shipped.ok(sys.executable, "-m", "advex.records.manifests")
    objects = [path for path in (shipped.folder / "store").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in objects) < 1e6 * STORE_MEGABYTES


def test_there_is_nothing_to_do(shipped: Checkout) -> None:
    assert shipped.planned(*DIGITS) == set()
    for figure in shipped.figures("digits"):
        assert (shipped.folder / f"results/digits/figures/{figure}.svg").stat().st_size > 1000


def test_a_figure_is_redrawn(shipped: Checkout) -> None:
    (shipped.folder / FIGURE).unlink()
    assert shipped.planned(FIGURE) == {"draw/ilyas/relabelled"}
    shipped.snakemake(FIGURE)
    assert (shipped.folder / FIGURE).read_text().startswith("<?xml")
    assert shipped.planned(FIGURE) == set()


def test_the_story_of_the_readme(shipped: Checkout) -> None:
    """Pull, redraw, pull again, and nothing has changed; `make compare` finds no other verdict."""
    (shipped.folder / FIGURE).unlink()
    shipped.snakemake(FIGURE)
    shipped.dvc("pull", "--quiet")
    assert "No file was missing" in shipped.pull()
    assert shipped.changed() == ""
    assert shipped.planned(*DIGITS) == set()
    assert "0 of" in shipped.ok(sys.executable, "-m", "advex.judge.comparison", "digits")


def test_the_notebook_says_what_the_table_says(shipped: Checkout) -> None:
    program = notebook_program(ROOT / "docs/tutorials/table10.ipynb")
    told = shipped.ok(sys.executable, "-c", program + "\nprint(table)")
    assert "original" in told


def test_its_lineage_goes_back_to_the_digits(shipped: Checkout) -> None:
    said = shipped.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    assert "raw data: source digits" in said
    assert "sha256_of digits.csv.gz" in said


def test_the_readme_shows_what_was_published(shipped: Checkout) -> None:
    copies = shipped.folder / "docs/results/digits"
    published = shipped.folder / "results/digits/scorecard.csv"
    assert (copies / "scorecard.csv").read_bytes() == published.read_bytes()
    for figure in shipped.figures("digits"):
        drawn = (shipped.folder / f"results/digits/figures/{figure}.png").read_bytes()
        assert (copies / f"figures/{figure}.png").read_bytes() == drawn


def test_a_judge_without_shared_code_gives_every_verdict_again(shipped: Checkout) -> None:
    plan = load(shipped.folder / "config")
    judging = plan.judging("digits")
    again = Study(
        read_claims(shipped.folder / "config/claims", of=lambda source: plan.draws("digits", source)),
        read_tables(shipped.folder / "results/digits/measurements"),
        load_published(sorted((shipped.folder / "published").glob("*.csv"))),
        judging["sizes_are_published"], judging["classes"], judging["resplit"],
    )  # fmt: skip
    agree(read_table(shipped.folder / "results/digits/scorecard.csv"), again.scorecard())
