"""What a person is told who mistypes a name, breaks a file, or lacks the data."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def refused(finished: subprocess.CompletedProcess[str], *says: str) -> None:
    text = finished.stdout + finished.stderr
    assert finished.returncode != 0, text
    for part in says:
        assert part in text, text[-3000:]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["results/digits/figures/ilyas/relabeled.svg"],
            ["no figure is named 'ilyas/relabeled'. Did you mean ilyas/relabelled?", "ilyas/relabelled,"],
        ),
        (
            ["results/digit/figures/ilyas/relabelled.svg"],
            ["no study is named 'digit'", "cifar10, ", "digits"],
        ),
        (
            ["results/digits/figurs/ilyas/relabelled.svg"],
            [
                "nothing makes results/digits/figurs",
                "did you mean results/digits/figures/ilyas/relabelled.svg?",
            ],
        ),
        (["--config", "study=cifar"], ["no study is named 'cifar'", "cifar10-small"]),
        (["results/digits/models/robst/seed0.safetensors"], ["no model is named 'robst'", "robust,"]),
        (["results/digits/datasets/dett/seed0.safetensors"], ["no data set is named 'dett'", "det,"]),
    ],
)
def test_wrong_names_are_answered_with_those_that_exist(
    fresh: tuple[Path, Snakemake], arguments: list[str], says: list[str]
) -> None:
    finished = fresh[1]("-n", *arguments)
    refused(finished, *says)
    assert ".smk" not in finished.stdout + finished.stderr, "a place in a Snakefile helps nobody"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seeds: 1", "seeds: [1", ["test.yaml", "not valid YAML"]),
        ("seeds: 1", "seeds: 1\nsedes: 2", ["test.yaml", "sedes", "unknown key"]),
        ("epsilon: 0.5", "epsilon: -0.5", ["test.yaml", "evaluation_half_epsilon.epsilon", "found -0.5"]),
        ("name: small_vgg", "name: vgg99", ["test.yaml", "architectures.vgg16.name", "'vgg99'"]),
    ],
)
def test_mistakes_in_a_study_stop_before_anything_runs(
    fresh: tuple[Path, Snakemake], old: str, new: str, says: list[str]
) -> None:
    folder, snakemake = fresh
    file = folder / "config/studies/test.yaml"
    file.write_text(file.read_text().replace(old, new, 1))
    finished = snakemake("--config", "study=test")
    refused(finished, *says)
    assert "Traceback" not in finished.stderr
    assert not (folder / "results/test").exists()


def test_a_claim_that_names_no_table_stops_before_anything_runs(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    file = folder / "config/claims/ilyas/claims.yaml"
    file.write_text(
        file.read_text().replace("table: ilyas/robust_datasets", "table: ilyas/robust_dataset", 1)
    )
    finished = snakemake("--config", "study=test")
    refused(finished, "claims.yaml: ", ".table: found 'ilyas/robust_dataset'; near: ilyas/robust_d")
    assert "Traceback" not in finished.stderr


PREPARED = "results/cifar10-small/datasets/natural/train.safetensors"


def test_a_missing_mirror_is_named(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    refused(snakemake(PREPARED, environment={"ADVEX_MIRROR": "nowhere"}), "nowhere", "prepare: stopped")
    assert not (folder / PREPARED).exists()


def test_a_truncated_mirror_is_named_and_leaves_nothing(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    (folder / "cifar10.zip").write_bytes(b"PK\x03\x04 the rest is missing")
    refused(
        snakemake(PREPARED, environment={"ADVEX_MIRROR": "cifar10.zip"}), "cifar10.zip", "prepare: stopped"
    )
    assert not (folder / PREPARED).exists()


def test_results_that_cannot_be_written_are_refused_early(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    shutil.rmtree(folder / "results")
    (folder / "results").symlink_to("/proc/self")  # a folder nobody can write to, not even root
    refused(snakemake("--config", "study=test"), "results: results cannot be written there")


def test_results_that_are_a_file_are_refused_early(fresh: tuple[Path, Snakemake]) -> None:
    folder, snakemake = fresh
    shutil.rmtree(folder / "results")
    (folder / "results").write_text("")
    refused(snakemake("--config", "study=test"), "results: results cannot be written there")
