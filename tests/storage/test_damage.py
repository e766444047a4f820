"""Accidents: each ends in a message that names what is wrong, never in a wrong artifact taken for right."""

import os
import signal
import subprocess
import time
from contextlib import chdir
from pathlib import Path

import pytest
from checkouts import DVC, FIGURE, PULL, SNAKEMAKE, TEST, Checkout

from advex.records.records import Record

MODEL = "results/test/models/standard/seed0.safetensors"
TABLE = "results/test/measurements/ilyas/relabelled.csv"


def damage(path: Path) -> None:
    """Change one byte in the middle of a file and keep its size and time."""
    before = path.stat()
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def stored(checkout: Checkout, path: str) -> Path:
    """Return the object in the store that holds an artifact."""
    listed = checkout.dvc("list", ".", path, "--dvc-only", "--show-hash")
    md5 = listed.split()[0]
    return checkout.folder / "store/files/md5" / md5[:2] / md5[2:]


@pytest.mark.parametrize("path", [MODEL, TABLE, FIGURE])
def test_a_damaged_artifact_is_named(pulled: Checkout, path: str) -> None:
    assert pulled.planned() == set()
    damage(pulled.folder / path)
    said = pulled.refused(*SNAKEMAKE, "--dry-run", *TEST)
    assert f"  {path}\n" in said
    assert "dvc checkout --force" in said
    pulled.dvc("checkout", "--quiet", "--force", path)
    assert pulled.planned() == set()


def test_a_damaged_artifact_can_be_built_again(pulled: Checkout) -> None:
    whole = (pulled.folder / TABLE).read_bytes()
    damage(pulled.folder / TABLE)
    again = ("--config", "study=test", "damaged=rebuild")
    assert pulled.planned(TABLE, *again) == {"collect/ilyas/relabelled"}
    pulled.snakemake(TABLE, *again)
    assert (pulled.folder / TABLE).read_bytes() == whole
    assert pulled.planned() == set()


def test_an_artifact_of_unknown_origin_is_not_believed(pulled: Checkout) -> None:
    """A file copied here without a record may be anything."""
    (pulled.folder / "records/test/train/standard/seed0.json").unlink()
    assert "train/standard/seed0" in pulled.planned()


def test_a_damaged_record_is_named(pulled: Checkout) -> None:
    record = pulled.folder / "records/test/train/standard/seed0.json"
    record.write_text(record.read_text()[:100])
    said = pulled.refused(*SNAKEMAKE, "--dry-run", *TEST)
    assert "records/test/train/standard/seed0.json" in said
    assert "git checkout" in said


def test_an_input_that_is_swapped_for_an_older_file_is_noticed(pulled: Checkout) -> None:
    """Times alone would say that nothing has changed."""
    claims = pulled.folder / "config/claims/ilyas/claims.yaml"
    pulled.replace("config/claims/ilyas/claims.yaml", "test accuracy,", "accuracy,")
    os.utime(claims, (1, 1))
    assert "judge/scorecard" in pulled.planned()


def test_a_job_that_was_killed_runs_again(pulled: Checkout) -> None:
    """What it left is what a job leaves from start to end, and half a file."""
    (pulled.folder / TABLE).unlink()
    (pulled.folder / TABLE).write_text("half a line")
    with chdir(pulled.folder):
        Record.read("records/test/collect/ilyas/relabelled.json").take_back()
    assert "collect/ilyas/relabelled" in pulled.planned()
    pulled.snakemake(TABLE)
    assert pulled.planned() == set()
    assert not list((pulled.folder / "results/test/records").rglob("*.json"))


@pytest.mark.parametrize("accident", ["missing", "damaged"])
def test_a_broken_object_in_the_store_is_named(clone: Checkout, accident: str) -> None:
    broken = stored(clone, MODEL)
    if accident == "missing":
        broken.unlink()
    else:
        damage(broken)
    for pull in ((*DVC, "pull"), PULL):
        assert "failed to pull data" in clone.refused(*pull)
        assert not (clone.folder / MODEL).exists()
    said = clone.refused(*DVC[:2], "advex.records.manifests")
    assert f"{MODEL}: {accident}" in said
    clone.git("checkout", "--quiet", "--", "store")
    assert "undamaged" in clone.ok(*DVC[:2], "advex.records.manifests")
    clone.dvc("pull", "--quiet")
    assert clone.planned() == set()


@pytest.mark.parametrize("accident", ["missing", "damaged"])
def test_a_broken_manifest_in_the_store_is_named(clone: Checkout, accident: str) -> None:
    (listing,) = [path for path in (clone.folder / "store").rglob("*.dir") if path.stat().st_size > 1000]
    if accident == "missing":
        listing.unlink()
    else:
        damage(listing)
    # DVC verifies objects but not manifests: one that is damaged may pass, so `make pull` looks at the store.
    pulled = clone.run(*DVC, "pull")
    assert pulled.returncode != 0 or accident == "damaged"
    assert clone.run(*PULL).returncode != 0 or accident == "damaged"
    assert f"the manifest of results/test.dvc: {accident}" in clone.refused(
        *DVC[:2], "advex.records.manifests"
    )


@pytest.mark.parametrize("seconds", [0.6, 0.9, 1.3])
def test_an_interrupted_pull_goes_on_where_it_stopped(clone: Checkout, seconds: float) -> None:
    pull = subprocess.Popen(
        [*DVC, "pull", "--quiet", "--jobs", "1"],
        cwd=clone.folder,
        env=clone.environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    os.killpg(pull.pid, signal.SIGKILL)
    pull.wait(timeout=30)
    # DVC can stumble once over what the killed pull left in its cache, as `make pull` knows.
    assert any(clone.run(*DVC, "pull", "--quiet").returncode == 0 for _ in range(2))
    assert clone.planned() == set()


def test_two_pulls_at_once_end_well_or_say_why(clone: Checkout) -> None:
    pulls = [
        subprocess.Popen(
            [*DVC, "pull"],
            cwd=clone.folder,
            env=clone.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [pull.communicate(timeout=120)[0] for pull in pulls]
    assert any(pull.returncode == 0 for pull in pulls), said
    for pull, words in zip(pulls, said, strict=True):
        assert pull.returncode == 0 or "lock" in words, words
    assert clone.planned() == set()


def test_a_cache_that_cannot_be_written_is_named(clone: Checkout) -> None:
    clone.dvc("config", "--local", "cache.dir", "/proc/nobody/cache")  # not even by root
    assert "/proc/nobody" in clone.refused(*DVC, "pull")
    assert not (clone.folder / MODEL).exists()


def test_artifacts_run_no_code_when_they_are_read(pulled: Checkout) -> None:
    kinds = {path.suffix for path in (pulled.folder / "results/test").rglob("*") if path.is_file()}
    assert kinds == {".safetensors", ".csv", ".svg", ".png", ".html"}
