"""A study of published weights, run for real with files of the same keys and shapes that are made here."""

import hashlib
from pathlib import Path

import torch
import yaml
from copies import Snakemake

from advex.common.artifacts import read_description, read_table
from advex.config import load
from advex.networks.torchvision_import import torchvision
from advex.records.provenance import Code
from advex.records.records import Record

ROOT = Path(__file__).parents[2]
FAMILIES = ("resnet50", "vgg16", "alexnet", "densenet")
MODELS = ("standard", "robust", "standard_vgg16", "standard_alexnet", "standard_densenet")
MEAN = (0.4, 0.5, 0.6)


def made_weights(folder: Path) -> dict[str, dict[str, object]]:
    """Write the same small network for every model, as torchvision would, and as MadryLab's library would."""
    folder.mkdir(parents=True)
    state = torchvision().models.densenet121(num_classes=3).state_dict()
    wrapped = {f"module.model.{key}": value for key, value in state.items()}
    wrapped["module.normalizer.new_mean"] = torch.tensor(MEAN).view(3, 1, 1)
    torch.save(state, folder / "plain.pth")
    torch.save({"model": wrapped, "epoch": 3}, folder / "robust.pt")
    rows: dict[str, dict[str, object]] = {}
    for model in MODELS:
        file = folder / ("robust.pt" if model == "robust" else "plain.pth")
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        rows[model] = {"file": f"data/weights/{file.name}", "sha256": sha256, "classes": 3}
    return rows


def test_a_study_of_weights_runs_and_trains_nothing(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    study = yaml.safe_load((ROOT / "config/studies/imagenet-style.yaml").read_text())
    study |= {
        "like": "test",
        "weights": made_weights(folder / "data/weights"),
        "architectures": {family: {"name": "imagenet_densenet121"} for family in FAMILIES},
        "layer_robustness": {"images": 2, "pairs": 4, "relative_epsilons": [0.5]},
    }
    study["data"] |= {"image_size": 32, "train_images": 12}
    study["attacks"]["layer_robustness"]["steps"] = 2
    (folder / "config/studies/made-weights.yaml").write_text(yaml.safe_dump(study))
    figure = "results/made-weights/figures/nakano/layer_robustness.svg"
    finished = snakemake(figure)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert (folder / figure).is_file()
    table = read_table(folder / "results/made-weights/measurements/nakano/layer_robustness.csv")
    assert set(table["model"]) == set(MODELS) - {"standard_densenet"}
    assert set(table["layer"]) == {"images", "stage1", "stage2", "stage3", "stage4"}
    described = read_description(folder / "results/made-weights/models/robust/seed0.safetensors")
    assert described["weights"]["sha256"] == study["weights"]["robust"]["sha256"]
    torch.testing.assert_close(torch.tensor(described["architecture"]["mean"]), torch.tensor(MEAN))
    text = finished.stdout + finished.stderr
    assert "rule train" not in text
    record = Record.read(folder / "results/made-weights/records/import_weights/robust/seed0.json")
    reached = Code().reached(ROOT / "scripts/import_weights.py", record.params["uses"])
    assert set(record.modules) <= reached.modules
    assert set(record.inputs) == {"data/weights/robust.pt"}
    assert "train " not in snakemake("-n", "--config", "study=made-weights").stdout

    # Somebody changes a file of weights: it is another file, and the job says so.
    weights = folder / "data/weights/plain.pth"
    weights.write_bytes(weights.read_bytes() + b"0")
    refused = snakemake("results/made-weights/models/standard/seed0.safetensors")
    assert refused.returncode != 0
    assert "expected" in refused.stdout + refused.stderr


def test_the_shipped_study_says_what_it_needs(fresh: tuple[Path, Snakemake]) -> None:
    refused = fresh[1]("-n", "--config", "study=imagenet-style")
    assert refused.returncode != 0
    assert "weights.robust.sha256: missing" in refused.stdout + refused.stderr
    assert load(ROOT / "config").study("imagenet-style").only == ["nakano"]
