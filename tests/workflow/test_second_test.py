"""A study with a second test set, whole: from made-up files of the published form to its table and claims."""

from pathlib import Path

import numpy as np
import pytest
from copies import Snakemake, clean_environment

from advex.common.artifacts import read_description, read_table
from advex.config import figure_jobs, load
from advex.records.records import Record

ROOT = Path(__file__).parents[2]
STUDY = """\
title: photographs that nobody took, with a second test set
like: test
second_test: cifar10_1_v6
only: [ilyas]
data:
  source: cifar10
  description: noise, 32x32 colour
  train_images: 60
  test_images: 20
  channels: 3
  classes: 10
  mean: [0.5, 0.5, 0.5]
  std: [0.25, 0.25, 0.25]
"""
TABLE = "results/ten/measurements/ilyas/second_test.csv"


@pytest.fixture
def ten(fresh: tuple[Path, Snakemake]) -> tuple[Path, Snakemake]:
    """A copy with the study and a mirror of noise."""
    folder, snakemake = fresh
    (folder / "config/studies/ten.yaml").write_text(STUDY)
    mirror, generator = folder / "mirror", np.random.default_rng(0)
    mirror.mkdir()

    def noise(count: int) -> np.ndarray:
        return generator.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)

    labels = np.arange(100) % 10
    arrays = {"x_train": noise(100), "y_train": labels, "x_test": noise(100), "y_test": labels}
    np.savez(mirror / "cifar10.npz", **arrays)
    np.save(mirror / "cifar10.1_v6_data.npy", noise(2000))
    np.save(mirror / "cifar10.1_v6_labels.npy", np.arange(2000) % 10)

    def with_mirror(*arguments: str):
        told = {**clean_environment(), "ADVEX_MIRROR": str(mirror)}
        return snakemake(*arguments, environment=told)

    return folder, with_mirror


@pytest.mark.slow
def test_its_networks_are_tested_on_both(ten: tuple[Path, Snakemake]) -> None:
    folder, snakemake = ten
    finished = snakemake(TABLE)
    assert finished.returncode == 0, finished.stderr[-4000:]
    table = read_table(folder / TABLE)
    assert set(table["model"]) == {"standard", "on_rand", "on_det"}
    assert set(table["dataset"]) == {"second_test"}
    assert set(table["images"]) == {2000}
    assert table["outcomes"].notna().all()
    dataset = folder / "results/ten/datasets/second/test.safetensors"
    assert read_description(dataset)["sha256_of"] == "cifar10.1_v6_data.npy, cifar10.1_v6_labels.npy"
    record = Record.read(folder / "results/ten/records/second_test/test.json")
    assert record.params["second_test"] == "cifar10_1_v6"
    planned = snakemake("-n", TABLE)
    assert "Nothing to be done" in planned.stdout + planned.stderr


def test_it_is_planned_where_there_is_one_alone(ten: tuple[Path, Snakemake]) -> None:
    folder, snakemake = ten
    plan = load(folder / "config")
    figure = "ilyas/nonrobust_datasets"
    assert "second_test/test" in figure_jobs(plan, "ten")[figure]
    assert "second_test/test" in figure_jobs(plan, "cifar10")[figure]
    for study in ("test", "digits", "cifar10-small", "imagenet-style"):
        assert not any("second_test" in path for path in plan.tables(study))
    assert plan.figure_inputs("digits", figure) == [
        "results/digits/measurements/ilyas/nonrobust_datasets.csv"
    ]
    refused = snakemake("-n", "results/test/datasets/second/test.safetensors")
    assert refused.returncode != 0
    assert "study test: second_test: missing" in refused.stdout + refused.stderr
    (folder / "config/studies/ten.yaml").write_text("title: none\nlike: test\nsecond_test: cifar10_1_v6\n")
    refused = snakemake("-n", TABLE)
    assert "goes with data.source cifar10 alone" in refused.stdout + refused.stderr
