"""Large studies: published stage by stage, without their images, and complete to whoever clones them."""

import sys
from pathlib import Path

import pytest
from checkouts import FIGURE, PUBLISH, SNAKEMAKE, TEST, Checkout
from copies import Once

WITHOUT_IMAGES = "results/test/datasets/**/*.safetensors\n"
TABLE = "results/test/measurements/ilyas/relabelled"
DET = "results/test/datasets/det/seed0.safetensors"


def of(*sources: str) -> tuple[str, ...]:
    """Return the arguments that ask for some sources' figures."""
    return (*TEST, f"source={' '.join(sources)}")


def entries(checkout: Checkout) -> set[str]:
    """Return what the manifest of the test study lists."""
    listed = checkout.dvc("list", ".", "results/test", "--dvc-only", "--recursive")
    return set(listed.splitlines())


def images(checkout: Checkout) -> list[Path]:
    return list((checkout.folder / "results/test/datasets").rglob("*.safetensors"))


@pytest.fixture(scope="module")
def staged(finished: Checkout, once: Once) -> Checkout:
    """A repository with a first stage published, of a study whose images are not."""

    def make(folder: Path) -> None:
        checkout = finished.copy(folder)
        with (checkout.folder / ".dvcignore").open("a") as file:
            file.write(WITHOUT_IMAGES)
        checkout.dvc("add", "--quiet", "data")
        checkout.dvc("push", "--quiet", "data.dvc")
        checkout.commit("images are not published")
        checkout.ok(*PUBLISH, "ilyas", "wallace")
        checkout.commit("the first stage")

    return Checkout(once("staged", make))


@pytest.fixture(scope="module")
def whole(staged: Checkout, once: Once) -> Checkout:
    """The same with the rest published too."""

    def make(folder: Path) -> None:
        checkout = staged.copy(folder)
        checkout.publish()
        checkout.commit("all of it")

    return Checkout(once("whole", make))


def test_a_stage_is_what_its_figures_come_from(staged: Checkout, tmp_path: Path) -> None:
    listed = entries(staged)
    assert {
        "figures/ilyas/relabelled.svg",
        "models/on_det/seed0.safetensors",
        "datasets/det/seed0.csv",
    } <= listed
    assert not [
        path for path in listed if path.startswith(("figures/nakano", "models/ensemble", "scorecard"))
    ]
    assert not [path for path in listed if path.startswith("datasets/") and path.endswith(".safetensors")]
    assert (staged.folder / "records/test/construct/det/seed0.json").exists()
    assert not (staged.folder / "records/test/train/ensemble").exists()

    clone = staged.clone(tmp_path / "clone")
    clone.dvc("pull", "--quiet")
    assert images(clone) == []
    assert clone.planned(*of("ilyas", "wallace")) == set()
    assert "draw/nakano/layer_robustness" in clone.planned(*of("nakano"))


def test_stages_make_the_whole(whole: Checkout, published: Checkout, tmp_path: Path) -> None:
    everything = entries(published)
    wanted = {
        path for path in everything if not (path.startswith("datasets/") and path.endswith(".safetensors"))
    }
    assert entries(whole) == wanted
    assert {path.name for path in images(whole)} >= {"train.safetensors", "seed0.safetensors"}
    assert "0 artifacts and 0 records of test are new" in whole.ok(*PUBLISH)
    assert "0 artifacts and 0 records of test are new" in whole.ok(*PUBLISH, "nakano")
    assert whole.changed() == ""
    assert "undamaged" in whole.ok(sys.executable, "-m", "advex.records.manifests")
    clone = whole.clone(tmp_path / "clone")
    clone.dvc("pull", "--quiet")
    assert clone.planned() == set()
    assert "up to date" in clone.dvc("status")


def test_images_are_built_again_for_whoever_reads_them_and_nobody_else(
    whole: Checkout, tmp_path: Path
) -> None:
    clone = whole.clone(tmp_path / "clone")
    clone.dvc("pull", "--quiet")
    before = (clone.folder / FIGURE).read_bytes()
    (clone.folder / FIGURE).unlink()
    assert clone.planned(FIGURE) == {"draw/ilyas/relabelled"}

    for path in (f"{TABLE}.csv", f"{TABLE}/seed0.csv"):
        (clone.folder / path).unlink()
    again = {
        "prepare/natural",
        "measure/ilyas/relabelled/seed0",
        "collect/ilyas/relabelled",
        "draw/ilyas/relabelled",
    }
    assert (
        clone.planned(FIGURE) == again
    )  # no model is trained again, and none of the sets they learnt is built
    said = clone.snakemake(FIGURE)
    assert (clone.folder / FIGURE).read_bytes() == before
    assert "came out otherwise" not in said
    assert not (clone.folder / DET).exists()
    assert clone.planned() == set()
    assert clone.changed() == ""

    (clone.folder / "results/test/models/on_det/seed0.safetensors").unlink()
    (clone.folder / f"{TABLE}/seed0.csv").unlink()
    (clone.folder / f"{TABLE}.csv").unlink()
    planned = clone.planned(f"{TABLE}.csv")
    assert {"construct/det/seed0", "train/on_det/seed0", "measure/ilyas/relabelled/seed0"} <= planned
    assert not {"train/standard/seed0", "train/robust/seed0", "construct/rand/seed0"} & planned


def test_images_that_come_out_otherwise_are_named_and_outdate_what_was_made_from_them(
    whole: Checkout, tmp_path: Path
) -> None:
    clone = whole.clone(tmp_path / "clone").on_another_processor()
    clone.dvc("pull", "--quiet")
    said = clone.snakemake(DET)
    assert "came out otherwise here" in said
    assert DET in said
    assert {"train/on_det/seed0", "train/on_det_vgg16/seed0"} <= clone.planned()


def test_an_unknown_source_is_named(staged: Checkout) -> None:
    said = staged.refused(*SNAKEMAKE, "--dry-run", *of("nakano", "nobody"))
    assert "source=nobody" in said
    assert "goh_leakage" in said


def test_a_stage_that_has_not_run_is_not_published(staged: Checkout, tmp_path: Path) -> None:
    checkout = staged.copy(tmp_path / "copy")
    (checkout.folder / "results/test/figures/nakano/layer_robustness.svg").unlink()
    said = checkout.refused(*PUBLISH, "nakano")
    assert "layer_robustness.svg" in said
    assert checkout.changed() == ""


def test_studies_share_the_room_in_the_store(staged: Checkout, tmp_path: Path) -> None:
    checkout = staged.copy(tmp_path / "copy")
    checkout.replace("src/advex/records/publishing.py", "STORE_MEGABYTES = 120", "STORE_MEGABYTES = 2")
    checkout.commit("a small store")
    said = checkout.refused(*PUBLISH)
    assert "may hold 2" in said
    assert "test " in said
    assert checkout.changed() == ""
