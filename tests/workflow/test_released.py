"""Studies of what the authors released, run for real with made-up files of the same form."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from copies import Snakemake, clean_environment
from released_samples import MEAN, library_keys, network, write_checkpoint, write_set

from advex.common.artifacts import read_description, read_table
from advex.config import figure_jobs, load
from advex.discussion.released.convert import convert_model, convert_set
from advex.judge.claims import claims_files, load_claims, load_published
from advex.judge.judge import judge
from advex.records.records import Record

ROOT = Path(__file__).parents[2]
NOISE = {
    "source": "cifar10",
    "description": "noise, 32x32 colour",
    "train_images": 40,
    "test_images": 20,
    "channels": 3,
    "classes": 10,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
}
TABLE = "results/made/measurements/ilyas/robust_generalisation.csv"


def shipped(study: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"config/studies/{study}.yaml").read_text())


def write_study(folder: Path, content: dict[str, Any]) -> None:
    """Write the study `made`, with a mirror of noise, at the sizes of `test`."""
    study = content | {"like": "test", "data": NOISE | {"mirror": "mirror"}, "sizes_are_published": False}
    (folder / "config/studies/made.yaml").write_text(yaml.safe_dump(study))
    (folder / "mirror").mkdir()
    generator = np.random.default_rng(0)
    noise, labels = generator.integers(256, size=(100, 32, 32, 3), dtype=np.uint8), np.arange(100) % 10
    np.savez(folder / "mirror/cifar10.npz", x_train=noise, y_train=labels, x_test=noise[::-1], y_test=labels)


def row(path: Path, folder: Path) -> dict[str, Any]:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": str(path.relative_to(folder)), "sha256": sha256}


@pytest.fixture
def networks(fresh: tuple[Path, Snakemake]) -> tuple[Path, Snakemake]:
    """A copy with a study of two made-up networks, which are ResNet-18 here."""
    folder, snakemake = fresh
    study = shipped("cifar10-released-models") | {"architectures": {"resnet50": {"name": "resnet18"}}}
    for seed, (model, given) in enumerate(study["weights"].items()):
        path = write_checkpoint(folder / f"{model}.pt", library_keys(network(seed=seed)))
        convert_model(path, folder / given["file"], "resnet18")
        study["weights"][model] = given | row(folder / given["file"], folder)
    write_study(folder, study)
    return folder, lambda *arguments: snakemake(*arguments, environment=clean_environment())


@pytest.mark.slow
def test_released_networks_are_sources_of_sets(networks: tuple[Path, Snakemake]) -> None:
    folder, snakemake = networks
    finished = snakemake(TABLE)
    assert finished.returncode == 0, finished.stderr[-4000:]
    assert set(read_table(folder / TABLE)["dataset"]) == {"robust", "robust_test", "natural_test"}
    results = folder / "results/made"
    described = read_description(results / "models/robust/seed0.safetensors")
    torch.testing.assert_close(torch.tensor(described["architecture"]["mean"]), torch.tensor(MEAN))
    made = Record.read(results / "records/construct/robust/seed0.json")
    assert "results/made/models/robust/seed0.safetensors" in made.inputs
    imported = Record.read(results / "records/import_weights/robust/seed0.json")
    assert set(imported.inputs) == {"data/weights/cifar_l2_0_5.safetensors"}
    assert Record.read(results / "records/train/on_robust/seed0.json").rule == "train"
    assert not (results / "records/train/robust").exists()
    assert "Nothing to be done" in str(snakemake("-n", TABLE))

    weights = folder / "data/weights/cifar_l2_0_5.safetensors"
    weights.write_bytes(weights.read_bytes() + b"0")
    refused = snakemake("results/made/models/robust/seed0.safetensors")
    assert refused.returncode != 0
    assert "expected" in refused.stdout + refused.stderr


def test_what_is_trained_and_what_is_not(networks: tuple[Path, Snakemake]) -> None:
    folder, snakemake = networks
    plan = load(folder / "config")
    jobs = {job for each in figure_jobs(plan, "made").values() for job in each}
    assert {job for job in jobs if job.startswith("import")} == {
        "import_weights/standard/seed0",
        "import_weights/robust/seed0",
    }
    assert {"train/on_det/seed0", "train/standard_independent/seed0", "construct/det/seed0"} <= jobs
    assert not jobs & {"train/standard/seed0", "train/robust/seed0"}
    planned = snakemake("-n", "--config", "study=made")
    assert planned.returncode == 0, planned.stderr[-3000:]
    text = planned.stdout + planned.stderr
    assert text.count("import the weights of") == len([job for job in jobs if job.startswith("import")])


@pytest.mark.parametrize("study", ["cifar10-released-models", "cifar10-released"])
def test_the_shipped_studies_say_what_they_need(fresh: tuple[Path, Snakemake], study: str) -> None:
    refused = fresh[1]("-n", "--config", f"study={study}")
    assert refused.returncode != 0
    assert (
        ".sha256: missing; a file is read only if it is the one you mean" in refused.stdout + refused.stderr
    )


@pytest.fixture
def sets(fresh: tuple[Path, Snakemake]) -> tuple[Path, Snakemake]:
    """A copy with a study of four made-up sets."""
    folder, snakemake = fresh
    study = shipped("cifar10-released") | {"seeds": 2}
    for seed, (name, given) in enumerate(study["released_sets"].items()):
        made = write_set(folder / Path(given["file"]).stem, (np.arange(40) + seed) % 10, seed)
        convert_set(made, folder / given["file"])
        study["released_sets"][name] = row(folder / given["file"], folder)
    write_study(folder, study)
    return folder, lambda *arguments: snakemake(*arguments, environment=clean_environment())


@pytest.mark.slow
def test_released_sets_are_learnt_from_drawn_and_judged(sets: tuple[Path, Snakemake]) -> None:
    folder, snakemake = sets
    finished = snakemake("--config", "study=made")
    assert finished.returncode == 0, finished.stderr[-4000:]
    results = folder / "results/made"
    assert (results / "figures/released/sets.svg").is_file()
    table = read_table(results / "measurements/released/sets.csv")
    assert set(table["dataset"]) == {"natural_test", "rand", "det"}
    assert set(table["seed"]) == {0, 1}
    assert {"on_robust", "on_nonrobust", "on_rand", "on_det", "standard"} <= set(table["model"])
    assert not (results / "datasets/det/seed1.safetensors").exists()
    trained = Record.read(results / "records/train/on_det/seed1.json")
    assert "results/made/datasets/det/seed0.safetensors" in trained.inputs
    imported = Record.read(results / "records/import_set/det/seed0.json")
    assert set(imported.inputs) == {"data/released/ddet_CIFAR.safetensors"}
    assert not (results / "records/construct").exists()

    claims = load_claims(claims_files(folder / "config/claims"))
    published = load_published(sorted((folder / "published").glob("*.csv")))
    found = judge(claims, {"released/sets": table}, published, True, 10).set_index("claim")
    own = found[found["figure"] == "sets"]
    assert len(own) == 15
    assert not (own["verdict"] == "not tested").any()
    assert not (found.loc[found["figure"] != "sets", "verdict"] != "not tested").any()
    assert set(read_table(results / "scorecard.csv")["source"]) == {"released"}

    file = folder / "data/released/ddet_CIFAR.safetensors"
    file.write_bytes(file.read_bytes() + b"0")
    refused = snakemake("results/made/datasets/det/seed0.safetensors")
    assert refused.returncode != 0
    assert "expected" in (results / "logs/import_set/det/seed0.log").read_text()


def test_sets_are_planned_in_studies_that_have_them_alone(sets: tuple[Path, Snakemake]) -> None:
    folder, snakemake = sets
    plan = load(folder / "config")
    for study in plan.studies:
        assert plan.draws(study, "released") == (study in ("made", "cifar10-released"))
    planned = snakemake("-n", "--config", "study=made")
    assert planned.returncode == 0, planned.stderr[-3000:]
    (folder / "data/released/ddet_CIFAR.safetensors").unlink()
    refused = snakemake("-n", "--config", "study=made")
    assert refused.returncode != 0
    assert "released_sets.det: no file data/released/ddet_CIFAR.safetensors; convert it there" in (
        refused.stdout + refused.stderr
    )
