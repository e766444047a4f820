"""Remotes of one's own: S3, a web server that only gives, and a plain folder; all on this machine."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkouts import DVC, FIGURE, Checkout
from servers import s3_server, web_server

BUCKET = "artifacts"
KEYS = {"access_key_id": "testing", "secret_access_key": "testing", "region": "us-east-1"}


def use_s3(checkout: Checkout, url: str) -> None:
    """Name an S3 store as the default remote, for this checkout alone, as docs/storage.md says."""
    checkout.dvc("remote", "add", "--local", "--default", "lab", f"s3://{BUCKET}/advex")
    for key, value in {"endpointurl": url, **KEYS}.items():
        checkout.dvc("remote", "modify", "--local", "lab", key, value)


@pytest.fixture
def lab(finished: Checkout, tmp_path: Path) -> Checkout:
    """A repository with a finished study that nobody has published yet."""
    return finished.copy(tmp_path / "lab")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server(BUCKET) as url:
        yield url


def test_s3_round_trip(lab: Checkout, s3: str, tmp_path: Path) -> None:
    use_s3(lab, s3)
    lab.dvc("add", "--quiet", "data")
    lab.publish()
    lab.dvc("push", "--quiet")
    lab.commit("published")
    assert not (lab.folder / "store").exists()
    assert "remote:" not in (lab.folder / "results/test.dvc").read_text()
    assert "testing" not in (lab.folder / ".dvc/config").read_text()
    assert "config.local" not in lab.git("ls-files")

    clone = lab.clone(tmp_path / "clone")
    use_s3(clone, s3)
    clone.dvc("pull", "--quiet")
    assert clone.planned() == set()
    before = (clone.folder / FIGURE).read_bytes()
    (clone.folder / FIGURE).unlink()
    clone.snakemake(FIGURE)
    assert (clone.folder / FIGURE).read_bytes() == before

    # What comes out of another run goes the same way.
    clone.replace("src/advex/discussion/ilyas/figures/relabelled.py", '"DenseNet"', '"first"')
    clone.commit("another label")
    clone.snakemake("--config", "study=test")
    assert "results/test.dvc" in clone.publish()
    clone.commit("published again")
    lab.git("pull", "--quiet", str(clone.folder), "main")
    lab.dvc("pull", "--quiet")
    assert lab.planned() == set()
    assert "first" in (lab.folder / FIGURE).read_text()


def test_s3_that_is_down_is_named(lab: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    use_s3(lab, "http://127.0.0.1:9")
    said = lab.refused(*DVC[:2], "advex.records.publishing", "test")
    assert "dvc push" in said
    assert "127.0.0.1:9" in said


def test_web_and_folder_round_trip(lab: Checkout, tmp_path: Path) -> None:
    """The maintainer pushes to a folder; readers get the same files from a web server and cannot push."""
    shelf = tmp_path / "shelf"
    lab.dvc("remote", "add", "--local", "--default", "shelf", str(shelf))
    lab.dvc("add", "--quiet", "data")
    lab.publish()
    lab.dvc("push", "--quiet")
    with web_server(shelf) as url:
        lab.dvc("remote", "add", "web", url)
        lab.dvc("config", "core.remote", "web")
        lab.commit("published")
        clone = lab.clone(tmp_path / "clone")
        clone.dvc("pull", "--quiet")
        assert clone.planned() == set()
        (clone.folder / FIGURE).unlink()
        clone.snakemake(FIGURE)
        assert clone.git("status", "--porcelain") == ""

        (clone.folder / "data/new.txt").write_text("new")
        clone.dvc("add", "--quiet", "data/new.txt")
        assert "failed to push data" in clone.refused(*DVC, "push")

        alone = lab.clone(tmp_path / "alone")
        alone.dvc("pull", "--quiet", FIGURE)
        assert alone.planned(FIGURE) == set()
    said = lab.clone(tmp_path / "late").refused(*DVC, "pull")
    assert "failed to" in said


def test_artifacts_in_the_store_come_from_it_whatever_the_default(
    published: Checkout, tmp_path: Path
) -> None:
    """A laboratory's own remote does not hide what the repository carries."""
    clone = published.clone(tmp_path / "clone")
    clone.dvc("remote", "add", "--local", "--default", "lab", str(tmp_path / "empty"))
    clone.dvc("pull", "--quiet", "results/test")
    assert clone.planned() == set()
    shutil.rmtree(clone.folder / "store")
    shutil.rmtree(clone.folder / ".dvc/cache")
    shutil.rmtree(clone.folder / "results/test")
    clone.refused(*DVC, "pull", "results/test")
