"""Large studies: published stage by stage, without their images, and complete to whoever clones them."""

import json
import sys
from pathlib import Path

import pytest
from checkouts import PUBLISH, SNAKEMAKE, Checkout
from copies import Once, copy_repository

STUDY = "title: two sources of the test study\nlike: test\nonly: [goh_leakage, goh_features]\n"
WITHOUT_IMAGES = "results/staged/datasets/**/*.safetensors\n"
CARRY = (sys.executable, "-m", "advex.records.carrying")
LINEAGE = (sys.executable, "-m", "advex.records.lineage")
WHOLE = ("--config", "study=staged")
FIRST, SECOND = (*WHOLE, "source=goh_leakage"), (*WHOLE, "source=goh_features")
FIGURE = "results/staged/figures/goh_leakage/leakage.svg"
TABLE = "results/staged/measurements/goh_leakage/leakage"
DET = "results/staged/datasets/det/seed0.safetensors"
READ = {"prepare/natural", "construct/rand/seed0", "construct/det/seed0", "construct/nonrobust/seed0"}
AGAIN = {"measure/goh_leakage/leakage/seed0", "collect/goh_leakage/leakage"}


def publishing(*sources: str) -> tuple[str, ...]:
    return (*PUBLISH[:-1], "staged", *sources)


def entries(checkout: Checkout) -> set[str]:
    """Return what the study's manifest lists."""
    listed = checkout.dvc("list", ".", "results/staged", "--dvc-only", "--recursive")
    return set(listed.splitlines())


def images(checkout: Checkout) -> set[str]:
    """Return the sets of images that lie here."""
    folder = checkout.folder / "results/staged"
    return {str(path.relative_to(folder)) for path in (folder / "datasets").rglob("*.safetensors")}


@pytest.fixture(scope="module")
def staged(once: Once) -> Checkout:
    """A repository with a study whose images are not published: its first stage made and published."""

    def make(folder: Path) -> None:
        copy_repository(folder)
        checkout = Checkout(folder)
        (folder / "config/studies/staged.yaml").write_text(STUDY)
        with (folder / ".dvcignore").open("a") as file:
            file.write(WITHOUT_IMAGES)
        checkout.git("init", "--quiet", "--initial-branch=main")
        checkout.snakemake(*FIRST)
        checkout.dvc("add", "--quiet", "data")
        checkout.dvc("push", "--quiet", "data.dvc")
        checkout.commit("code and data")
        checkout.ok(*publishing("goh_leakage"))
        checkout.commit("the first stage")

    return Checkout(once("staged", make))


@pytest.fixture(scope="module")
def whole(staged: Checkout, once: Once) -> Checkout:
    """The same with the rest made and published too."""

    def make(folder: Path) -> None:
        checkout = staged.copy(folder)
        checkout.snakemake(*WHOLE)
        checkout.ok(*publishing())
        checkout.commit("all of it")

    return Checkout(once("whole", make))


@pytest.fixture
def clone(whole: Checkout, tmp_path: Path) -> Checkout:
    """A clone with everything pulled that is published."""
    clone = whole.clone(tmp_path / "clone")
    clone.dvc("pull", "--quiet")
    return clone


def test_a_stage_is_what_its_figures_come_from(staged: Checkout, tmp_path: Path) -> None:
    listed = entries(staged)
    assert {"figures/goh_leakage/leakage.svg", "models/on_det/seed0.safetensors"} <= listed
    assert {"datasets/det/seed0.csv", "datasets/natural/origin.csv"} <= listed
    assert not [path for path in listed if path.startswith(("figures/goh_features", "scorecard"))]
    assert not listed & images(staged)
    assert (staged.folder / "records/staged/construct/det/seed0.json").exists()

    clone = staged.clone(tmp_path / "clone")
    clone.dvc("pull", "--quiet")
    assert images(clone) == set()
    assert clone.planned(*FIRST) == set()
    assert "draw/goh_features/ensembles" in clone.planned(*SECOND)


def test_stages_make_the_whole(whole: Checkout, clone: Checkout) -> None:
    assert {"scorecard.csv", "index.html", "figures/goh_features/ensembles.svg"} <= entries(whole)
    assert {"datasets/det/seed0.safetensors", "datasets/natural/train.safetensors"} <= images(whole)
    assert not entries(whole) & images(whole)
    for sources in ((), ("goh_features",)):
        assert "0 artifacts and 0 records of staged are new" in whole.ok(*publishing(*sources))
    assert whole.changed() == ""
    assert "up to date" in whole.dvc("status")
    said = whole.ok(sys.executable, "-m", "advex.records.manifests")
    assert "undamaged" in said
    assert "staged: " in said
    assert images(clone) == set()
    assert clone.planned(*WHOLE) == set()
    assert "up to date" in clone.dvc("status")


def test_images_are_built_again_for_the_job_that_reads_them(clone: Checkout) -> None:
    before = (clone.folder / FIGURE).read_bytes()
    (clone.folder / FIGURE).unlink()
    assert clone.planned(FIGURE) == {"draw/goh_leakage/leakage"}
    for path in (f"{TABLE}.csv", f"{TABLE}/seed0.csv"):
        (clone.folder / path).unlink()
    assert clone.planned(FIGURE) == {*READ, *AGAIN, "draw/goh_leakage/leakage"}  # and nothing is trained
    said = clone.snakemake(FIGURE)
    assert (clone.folder / FIGURE).read_bytes() == before
    assert "came out otherwise" not in said
    assert clone.planned(*WHOLE) == set()
    assert clone.changed() == ""


def test_what_is_lost_is_made_from_images_built_again(clone: Checkout) -> None:
    for path in (f"{TABLE}.csv", f"{TABLE}/seed0.csv", "results/staged/models/on_det/seed0.safetensors"):
        (clone.folder / path).unlink()
    assert clone.planned(f"{TABLE}.csv") == {*READ, *AGAIN, "train/on_det/seed0"}
    assert clone.planned(*WHOLE) == set()  # nobody needs them now
    assert clone.planned(DET) == {"prepare/natural", "construct/det/seed0"}


def test_images_that_come_out_otherwise_are_named_and_outdate_what_was_made_from_them(
    clone: Checkout,
) -> None:
    other = clone.on_another_processor()
    said = other.snakemake(DET)
    assert "came out otherwise here" in said
    assert DET in said
    assert {"train/on_det/seed0", "measure/goh_leakage/leakage/seed0"} <= other.planned(*WHOLE)
    for path in (clone.folder / DET).parent.iterdir():
        path.unlink()
    assert other.planned(*WHOLE) == set()


def test_a_change_of_the_attack_is_no_matter_of_images(clone: Checkout) -> None:
    """Where a set's own settings change, what was made from it is made again, as ever."""
    study = clone.folder / "config/studies/staged.yaml"
    study.write_text(f"{STUDY}attacks: {{targeted: {{norm: l2, epsilon: 0.9, steps: 2, step_size: 0.5}}}}\n")
    planned = clone.planned(*WHOLE)
    assert {"construct/det/seed0", "train/on_det/seed0", "draw/goh_leakage/leakage"} <= planned
    assert not {"train/standard/seed0", "train/robust/seed0", "train/on_nonrobust/seed0"} & planned


def test_a_run_is_carried_from_one_machine_to_another(whole: Checkout, tmp_path: Path) -> None:
    archive = str(tmp_path / "run.tar.gz")
    whole.ok(*CARRY, "pack", "staged", archive)
    whole.git("clone", "--quiet", str(whole.folder), str(tmp_path / "other"))
    other = Checkout(tmp_path / "other")
    other.git("rm", "--quiet", "-r", "records", "results/staged.dvc")
    other.commit("nothing is published")
    said = other.ok(*CARRY, "take", archive)
    assert "artifacts were taken" in said
    assert other.planned(*WHOLE) == set()
    taken = other.folder / "results/staged"
    assert images(other) == set()
    record = json.loads((taken / "records/train/on_det/seed0.json").read_text())
    assert "processor" in record["machine"]
    assert "ran on another machine (processor" in other.ok(*LINEAGE, FIGURE)

    (other.folder / f"{TABLE}.csv").write_text("mine")
    assert "something else lies here" in other.refused(*CARRY, "take", archive)
    for path in taken.rglob("*"):
        if path.is_file():
            path.unlink()
    other.replace("src/advex/attack/objectives.py", "return ", "return 2 * ")
    said = other.refused(*CARRY, "take", archive)
    assert "today's code or settings would make it again" in said
    assert not [path for path in taken.rglob("*") if path.is_file()]


def test_an_unknown_source_is_named(staged: Checkout) -> None:
    said = staged.refused(*SNAKEMAKE, "--dry-run", *WHOLE, "source=goh_leakage nobody")
    assert "source=nobody" in said
    assert "goh_features" in said


def test_a_stage_that_has_not_run_is_not_published(staged: Checkout) -> None:
    said = staged.refused(*publishing("goh_features"))
    assert "make STUDY=staged" in said
    assert staged.changed() == ""


def test_studies_share_the_room_in_the_store(whole: Checkout, tmp_path: Path) -> None:
    checkout = whole.copy(tmp_path / "copy")
    checkout.replace("src/advex/records/publishing.py", "STORE_MEGABYTES = 120", "STORE_MEGABYTES = 0.1")
    checkout.commit("a small store")
    said = checkout.refused(*publishing())
    assert "may hold 0.1" in said
    assert "(data 0, staged " in said
    assert checkout.changed() == ""
