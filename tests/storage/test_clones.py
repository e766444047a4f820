"""Clones: whatever the link type and the order and times of files, nothing runs that need not."""

import os
import random
import sys
from itertools import product
from pathlib import Path

import pytest
from checkouts import FIGURE, SNAKEMAKE, Checkout

from advex.records.verification import LOCAL, is_local


def shuffle_times(checkout: Checkout, seed: int) -> None:
    """Give every file of a clone a random time, so that no order of times can be relied on."""
    draw = random.Random(seed)
    for folder, subfolders, names in os.walk(checkout.folder):
        subfolders[:] = [name for name in subfolders if name not in (".git", ".dvc", "store")]
        for name in names:
            time = draw.uniform(1e9, 2e9)
            os.utime(Path(folder, name), (time, time))


CLONES = [("copy", 0), ("copy", 1), ("copy", 2), ("copy", 3), *product(("hardlink", "symlink"), range(3))]


@pytest.mark.parametrize(("link", "seed"), CLONES)
def test_nothing_is_planned_in_any_clone(clone: Checkout, link: str, seed: int) -> None:
    clone.dvc("config", "--local", "cache.type", link)
    clone.dvc("pull", "--quiet")
    figure = clone.folder / FIGURE
    assert figure.is_symlink() == (link == "symlink")
    assert (figure.stat().st_nlink > 1) == (link == "hardlink")
    shuffle_times(clone, seed)
    assert clone.planned() == set()
    assert "up to date" in clone.dvc("status")
    assert clone.git("status", "--porcelain") == ""


def test_a_pull_needs_no_configuration_and_brings_everything(published: Checkout, pulled: Checkout) -> None:
    def files(checkout: Checkout) -> dict[str, bytes]:
        paths = [path for part in ("results/test", "data") for path in (checkout.folder / part).rglob("*")]
        found = {str(path.relative_to(checkout.folder)): path for path in paths if path.is_file()}
        return {name: path.read_bytes() for name, path in found.items() if not is_local(name)}

    assert files(pulled) == files(published)
    assert not [name for name in LOCAL if (pulled.folder / "results/test" / name).exists()]
    assert len(files(pulled)) > 200


def test_a_deleted_figure_is_redrawn_from_tables_alone(pulled: Checkout) -> None:
    before = (pulled.folder / FIGURE).read_bytes()
    (pulled.folder / FIGURE).unlink()
    assert pulled.planned(FIGURE) == {"draw/ilyas/relabelled"}
    assert pulled.planned() == {"draw/ilyas/relabelled", "report/report"}
    for part in ("models", "datasets/det"):
        for file in (pulled.folder / "results/test" / part).rglob("*.safetensors"):
            file.unlink()
    pulled.snakemake(FIGURE)
    assert (pulled.folder / FIGURE).read_bytes() == before
    assert pulled.git("status", "--porcelain") == ""


@pytest.mark.parametrize("link", ["copy", "symlink"])
def test_redrawing_leaves_the_cache_intact(clone: Checkout, link: str) -> None:
    clone.dvc("config", "--local", "cache.type", link)
    clone.dvc("pull", "--quiet")
    clone.replace("src/advex/discussion/ilyas/figures/relabelled.py", '"DenseNet"', '"first"')
    clone.snakemake(FIGURE)
    assert "first" in (clone.folder / FIGURE).read_text()
    clone.dvc("checkout", "--quiet", "--force", FIGURE)
    assert "first" not in (clone.folder / FIGURE).read_text()


def test_one_path_can_be_pulled_alone(clone: Checkout) -> None:
    clone.dvc("pull", "--quiet", FIGURE)
    files = [path for path in (clone.folder / "results/test").rglob("*") if path.is_file()]
    assert files == [clone.folder / FIGURE]
    assert clone.planned(FIGURE) == set()


def test_what_a_partial_pull_plans_is_what_is_missing(clone: Checkout) -> None:
    """With tables but no figures, only drawing is left; models are not missed."""
    clone.dvc("pull", "--quiet", "results/test/measurements", "results/test/datasets/natural")
    drawn = {f"draw/{path}" for path in [*clone.figures("test"), "goh_features/explorer", "nakano/slider"]}
    assert clone.planned() == {*drawn, "judge/scorecard", "report/report"}
    clone.dvc("pull", "--quiet", "results/test/figures")
    assert clone.planned() == {"judge/scorecard", "report/report"}


def test_a_rebuilt_clone_gives_the_same_records(clone: Checkout) -> None:
    """Without a pull, jobs run; what they leave is, on the same machine, what was published."""
    clone.snakemake("results/test/measurements/ilyas/gaussian.csv", "results/test/models/standard/seed0.csv")
    assert clone.changed() == ""
    assert not list((clone.folder / "results/test/records").rglob("*.json"))


def test_only_the_store_inside_the_repository_is_asked(clone: Checkout) -> None:
    assert "store" in clone.dvc("remote", "list")
    assert "store" in clone.dvc("config", "core.remote")
    assert not (clone.folder / ".dvc/config.local").exists()


def test_branches_can_be_switched_and_switched_back(pulled: Checkout) -> None:
    pulled.git("switch", "--quiet", "--create", "other")
    pulled.replace("src/advex/discussion/ilyas/figures/relabelled.py", '"DenseNet"', '"first"')
    pulled.commit("another label")
    assert pulled.planned() == {"draw/ilyas/relabelled", "report/report"}
    pulled.git("switch", "--quiet", "main")
    assert pulled.planned() == set()
    pulled.git("switch", "--quiet", "other")
    pulled.snakemake("--config", "study=test")
    pulled.publish()
    # Objects of versions gone by leave the store; their own commits still hold them.
    assert "undamaged" in pulled.ok(sys.executable, "-m", "advex.records.manifests")
    assert pulled.git("status", "--porcelain", "--", "store").count("\n D ") >= 2
    pulled.commit("published")
    assert pulled.planned() == set()

    pulled.git("switch", "--quiet", "main")
    said = pulled.refused(*SNAKEMAKE, "--dry-run", "--config", "study=test")
    assert FIGURE in said
    assert "dvc checkout" in said
    pulled.dvc("checkout", "--quiet")
    assert pulled.planned() == set()
    pulled.git("switch", "--quiet", "other")
    pulled.dvc("checkout", "--quiet")
    assert pulled.planned() == set()


def test_nothing_is_planned_where_git_converts_line_ends(published: Checkout, tmp_path: Path) -> None:
    wishes = tmp_path / "attributes"
    wishes.write_text("* text=auto eol=crlf\n*.csv text eol=crlf\n*.png filter=of-the-user\n*.json ident\n")
    settings = ("core.autocrlf=true", "core.eol=crlf", f"core.attributesFile={wishes}")
    told = [word for setting in settings for word in ("--config", setting)]
    published.git("clone", "--quiet", *told, str(published.folder), str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone")
    files = [path for path in published.git("ls-files").splitlines() if (published.folder / path).is_file()]
    assert len(files) > 500
    for path in files:
        assert (clone.folder / path).read_bytes() == (published.folder / path).read_bytes(), path
    clone.dvc("pull", "--quiet")
    assert clone.planned() == set()
    assert clone.git("status", "--porcelain") == ""
