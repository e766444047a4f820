"""Restricted ImageNet end to end, small: from a made-up folder of ImageNet's form to its table and claims."""

import shutil
from pathlib import Path

import pytest
import yaml
from copies import Snakemake, clean_environment
from imagenet_samples import write_imagenet

from advex.common.artifacts import read_table
from advex.common.images import ImageSet
from advex.config import figure_jobs, load
from advex.judge.claims import claims_files, load_claims, load_published
from advex.judge.judge import judge
from advex.records.records import Record

ROOT = Path(__file__).parents[2]
TABLE = "results/small-imagenet/measurements/ilyas/restricted_imagenet.csv"
CLAIMS = {
    f"restricted_imagenet_{name}_accuracy" for name in ("standard", "on_rand", "on_det", "on_robust")
} | {"restricted_imagenet_on_robust_robust_accuracy"}


@pytest.fixture
def small(fresh: tuple[Path, Snakemake]) -> tuple[Path, Snakemake]:
    """A copy with a study at the sizes of `test` on a made-up folder."""
    folder, snakemake = fresh
    shipped = yaml.safe_load((ROOT / "config/studies/restricted-imagenet.yaml").read_text())
    study = {key: shipped[key] for key in ("title", "only", "second_test", "data", "sizes_are_published")}
    study["data"] |= {"image_size": 16, "train_images": 90, "test_images": 45}
    study |= {"like": "test", "seeds": 2}
    (folder / "config/studies/small-imagenet.yaml").write_text(yaml.safe_dump(study))
    write_imagenet(folder / "data/imagenet")
    return folder, lambda *arguments: snakemake(*arguments, environment=clean_environment())


@pytest.mark.slow
def test_from_a_folder_to_five_claims(small: tuple[Path, Snakemake]) -> None:
    folder, snakemake = small
    finished = snakemake(TABLE)
    assert finished.returncode == 0, finished.stderr[-4000:]
    table = read_table(folder / TABLE)
    assert set(table["model"]) == {"standard", "on_rand", "on_det", "on_robust"}
    assert set(table["quantity"]) == {"accuracy", "robust_accuracy_half_epsilon"}
    natural = ImageSet.read(folder / "results/small-imagenet/datasets/natural/train.safetensors")
    assert natural.images.shape == (90, 3, 16, 16)
    record = Record.read(folder / "results/small-imagenet/records/prepare/natural.json")
    assert record.params["data"]["source"] == "restricted_imagenet"
    assert "Nothing to be done" in str(snakemake("-n", TABLE))

    claims = load_claims(claims_files(folder / "config/claims"))
    published = load_published(sorted((folder / "published").glob("*.csv")))
    found = judge(claims, {"ilyas/restricted_imagenet": table}, published, False, 9)
    assert set(found.loc[found["verdict"] != "not tested", "claim"]) == CLAIMS


def test_what_is_missing_is_said(small: tuple[Path, Snakemake]) -> None:
    folder, snakemake = small
    shutil.rmtree(folder / "data/imagenet/val")
    refused = snakemake("results/small-imagenet/datasets/natural/train.safetensors")
    assert refused.returncode != 0
    log = (folder / "results/small-imagenet/logs/prepare/natural.log").read_text()
    assert "data/imagenet/val: no such folder; ImageNet is expected as" in log
    assert "Traceback" not in refused.stderr


def test_the_shipped_study_is_planned_and_no_other_measures_it(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    plan = load(folder / "config")
    assert plan.study("restricted-imagenet").only == ["ilyas"]
    for study in plan.studies:
        measured = [path for path in plan.tables(study) if path.endswith("ilyas/restricted_imagenet.csv")]
        assert bool(measured) == (study == "restricted-imagenet")
    jobs = {job for each in figure_jobs(plan, "restricted-imagenet").values() for job in each}
    assert "prepare/natural" in jobs
    planned = snakemake("-n", "--config", "study=restricted-imagenet")
    assert planned.returncode == 0, planned.stderr[-3000:]
    assert "restricted_imagenet" in planned.stdout + planned.stderr
