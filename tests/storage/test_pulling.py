"""Pulling beside work of one's own: brings what is missing or newer, leaves what was made here."""

import shutil
import sys

import pytest
from checkouts import DVC, FIGURE, Checkout

OTHER = "results/test/figures/ilyas/gaussian.svg"
TABLE = "results/test/measurements/ilyas/relabelled.csv"
LABEL = ("src/advex/discussion/ilyas/figures/relabelled.py", '"DenseNet"', '"first"')


@pytest.mark.parametrize("again", ["dvc pull", "make pull"])
def test_pull_redraw_and_pull_again(clone: Checkout, again: str) -> None:
    """The story that the README tells."""
    clone.pull()
    before = (clone.folder / FIGURE).read_bytes()
    (clone.folder / FIGURE).unlink()
    clone.snakemake(FIGURE)
    assert (clone.folder / FIGURE).read_bytes() == before
    assert (clone.folder / "results/test/logs/draw/ilyas/relabelled.log").exists()
    said = clone.dvc("pull") if again == "dvc pull" else clone.pull()
    assert ("up to date" if again == "dvc pull" else "No file was missing") in said
    assert clone.planned() == set()
    assert clone.changed() == ""
    assert "up to date" in clone.dvc("status")
    assert (clone.folder / "results/test/logs/draw/ilyas/relabelled.log").exists()


def test_a_first_pull_brings_everything(clone: Checkout) -> None:
    said = clone.pull()
    assert "Left as they are" not in said
    assert clone.planned() == set()
    assert "up to date" in clone.dvc("status")
    assert "No file was missing" in clone.pull()


def test_what_was_made_here_is_left_and_named(pulled: Checkout) -> None:
    """One figure redrawn by other code, one edited by hand, a table gone, and files of one's own."""
    theirs = {path: (pulled.folder / path).read_bytes() for path in (FIGURE, OTHER, TABLE)}
    pulled.replace(*LABEL)
    pulled.snakemake(FIGURE)
    mine = {path: pulled.folder / path for path in (OTHER, "results/test/figures/mine.svg", "data/mine.txt")}
    for file in mine.values():
        file.write_text("mine")
    (pulled.folder / TABLE).unlink()
    assert "mine.txt" in pulled.refused(*DVC, "pull", "data")  # DVC alone stops at them

    said = pulled.pull()
    assert "Brought 1 files that were missing or of an earlier version" in said
    assert f"{FIGURE}  (made by a run here)" in said
    assert f"{OTHER}  (changed by hand or damaged)" in said
    assert (
        "Left as they are, since they were made here (3)" in said
    )  # the third is the other form of the figure
    assert "dvc pull --force PATH" in said
    assert "make pull FORCE=1" in said
    assert (pulled.folder / TABLE).read_bytes() == theirs[TABLE]
    assert "first" in (pulled.folder / FIGURE).read_text()
    assert all(file.read_text() == "mine" for file in mine.values())

    # Both ways of taking what is published do what was said.
    pulled.dvc("pull", "--quiet", "--force", OTHER)
    assert (pulled.folder / OTHER).read_bytes() == theirs[OTHER]
    assert "first" in (pulled.folder / FIGURE).read_text()
    assert pulled.planned(FIGURE, OTHER) == set()
    said = pulled.pull("--force")
    assert "Left as they are" not in said
    assert (pulled.folder / FIGURE).read_bytes() == theirs[FIGURE]
    assert (pulled.folder / "results/test/figures/mine.svg").read_text() == "mine"
    pulled.git("checkout", "--quiet", "--", "src")
    assert pulled.planned() == set()
    assert pulled.changed() == ""


def test_many_files_are_named_by_their_folders(pulled: Checkout) -> None:
    for table in (pulled.folder / "results/test/measurements").rglob("*.csv"):
        table.write_text("mine")
    said = pulled.pull()
    assert "results/test/measurements/ilyas/relabelled/: 1 files (changed by hand or damaged)" in said
    assert len(said.splitlines()) < 60


@pytest.fixture(scope="module")
def newer(published: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The published repository with another version of one figure, and of what shows it."""
    checkout = published.copy(tmp_path_factory.mktemp("newer") / "repository")
    checkout.replace(*LABEL)
    checkout.commit("another label")
    checkout.snakemake("--config", "study=test")
    assert "artifacts and 2 records of test are new" in checkout.publish()
    checkout.commit("published again")
    return checkout


@pytest.mark.parametrize("known_from", ["cache", "history"])
def test_what_is_newer_takes_the_place_of_an_earlier_version(
    pulled: Checkout, newer: Checkout, known_from: str
) -> None:
    """Whether that was pulled, or made here in the same bits: then only git's history knows it."""
    if known_from == "history":
        shutil.rmtree(pulled.folder / ".dvc/cache")
    pulled.git("pull", "--quiet", str(newer.folder), "main")
    said = pulled.pull()
    assert "Left as they are" not in said
    assert "first" in (pulled.folder / FIGURE).read_text()
    assert pulled.planned() == set()
    pulled.dvc("pull", "--quiet")
    assert "up to date" in pulled.dvc("status")
    assert pulled.changed() == ""


def test_what_was_made_here_stays_beside_what_is_newer(pulled: Checkout, newer: Checkout) -> None:
    pulled.replace("src/advex/discussion/ilyas/figures/gaussian.py", '"feature x₁"', '"first feature"')
    pulled.snakemake(OTHER)
    pulled.git("pull", "--quiet", str(newer.folder), "main")
    assert f"{OTHER}  (made by a run here)" in pulled.pull()
    assert pulled.planned(OTHER) == set()
    assert "first" in (pulled.folder / FIGURE).read_text()
    assert pulled.changed() == " M src/advex/discussion/ilyas/figures/gaussian.py\n"


def test_the_lineage_is_that_of_the_file_that_lies_here(pulled: Checkout) -> None:
    theirs = pulled.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    pulled.replace(*LABEL)
    pulled.snakemake(FIGURE)
    ours = pulled.ok(sys.executable, "-m", "advex.records.lineage", FIGURE)
    assert "ANOTHER FILE" not in theirs + ours
    assert theirs.splitlines()[:2] != ours.splitlines()[:2]
    assert theirs.splitlines()[3:] == ours.splitlines()[3:]
    pulled.pull("--force")
    assert pulled.ok(sys.executable, "-m", "advex.records.lineage", FIGURE) == theirs
