"""Studies that are like another, draw only some figures, or have published weights instead of trainings."""

import shutil
from pathlib import Path

import pytest
import yaml

from advex.common.errors import UserError
from advex.common.settings import ArchitectureSettings
from advex.config import figure_jobs, load
from advex.config.weights import TORCHVISION
from advex.registries import ARCHITECTURES

ROOT = Path(__file__).parents[3]
STUDY = "imagenet-style"
PLAN = load(ROOT / "config")


@pytest.fixture
def config(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


def with_study(config, **values):
    """Load the configuration with a study that is like digits."""
    (config / "studies/mine.yaml").write_text(yaml.safe_dump({"like": "digits", **values}))
    return load(config)


def test_a_study_like_another_has_its_values_but_for_its_own(config):
    plan = with_study(
        config, seeds=2, recipes={"on_det": {"epochs": 1, "batch_size": 8, "learning_rate": 0.5}}
    )
    digits, mine = plan.study("digits"), plan.study("mine")
    assert mine.recipes["on_det"].epochs == 1
    assert mine.recipes | {"on_det": None} == digits.recipes | {"on_det": None}
    assert (mine.seeds.default, mine.data, mine.title) == (2, digits.data, digits.title)
    assert plan.figures("mine") == [path.replace("digits", "mine") for path in plan.figures("digits")]


def test_a_study_draws_only_what_it_says(config):
    plan = with_study(config, only=["goh_leakage", "nakano"])
    figures = {name.split("/")[0] for name in plan.figure_names("mine")}
    assert figures == {"goh_leakage", "nakano"}
    assert set(figure_jobs(plan, "mine")) == set(plan.figure_names("mine"))
    assert len(plan.figures("mine")) == len(plan.figure_names("mine")) < len(plan.figures("digits"))
    assert plan.draws("mine", "nakano")
    assert not plan.draws("mine", "ilyas")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"like": "digit"}, r"mine.yaml: like: found 'digit'; .*digit.yaml does not exist"),
        ({"like": STUDY}, rf"like: {STUDY} is itself like another"),
        ({"only": ["nakan"]}, r"mine.yaml: only: found 'nakan'; allowed: .*ilyas"),
        ({"only": []}, "mine.yaml: only: "),
        ({"seeds": 1, "weights": {"standrd": {"file": "a"}}}, "weights: found 'standrd'; allowed: "),
        ({"seeds": 2, "weights": {"standard": {"file": "a"}}}, "seeds must be 1"),
        ({"seeds": 1, "weights": {"standard": {"file": "a", "sha256": "123"}}}, "weights.standard.sha256"),
        (
            {"seeds": 1, "weights": {"standard": {"file": "a", "url": "http://x/a"}}},
            r"weights.standard.url: .*https",
        ),
        ({"seeds": 1, "weights": {"standard": {"path": "a"}}}, "weights.standard.path: unknown key"),
        ({"others_trained": True}, "others_trained: true goes with weights"),
        (
            {"seeds": 1, "others_trained": True, "weights": {"standard": {"file": "a.pt", "classes": 10}}},
            r"weights.standard.file: found a.pt; .*convert model",
        ),
        (
            {"seeds": 1, "others_trained": True, "weights": {"standard": {"file": "a.safetensors"}}},
            "weights.standard.classes: found 1000; .* 10",
        ),
        (
            {
                "seeds": 1,
                "others_trained": True,
                "weights": {"on_det": {"file": "a.safetensors", "classes": 10}},
            },
            "weights.on_det: found with others_trained; allowed: single networks .* natural images",
        ),
        (
            {"released_sets": {"det": {"file": "a.safetensors"}}},
            "released_sets: .* data.source cifar10 alone",
        ),
        ({"released_sets": {"det": {"file": "a.pt"}}}, "released_sets.det.file"),
        ({"only": ["released"]}, "only: found released, which has no figures without released_sets"),
        (
            {"seeds": 1, "only": ["nakano"], "weights": {"standard": {"file": "a"}}},
            "weights: found none of standard_vgg16, which figure nakano/[a-z_]+ needs",
        ),
    ],
)
def test_mistakes_are_refused(config, values, says):
    with pytest.raises(UserError, match=says):
        with_study(config, **values)


def test_weights_of_torchvision_are_known():
    for name in TORCHVISION:
        rows = [model for model, row in PLAN.study(STUDY).weights.items() if row.file == name]
        for model in rows:
            weights = PLAN.weights(STUDY, model)
            assert weights["url"] == f"https://download.pytorch.org/models/{name}"
            assert weights["path"] == f"data/weights/{name}"
            assert f"-{weights['sha256']}.pth" in name
            assert PLAN.weights_file(STUDY, model) == []
            architecture = ArchitectureSettings(**weights["architecture"])
            assert ARCHITECTURES[architecture.name].__module__ == "advex.networks.architectures.imagenet"
            assert architecture.classes == 1000


def test_own_weights_need_a_checksum_and_a_file(config, tmp_path):
    with pytest.raises(UserError, match=rf"study {STUDY}: weights.robust.sha256: missing; .*sha256sum"):
        PLAN.weights(STUDY, "robust")
    row = {"file": str(tmp_path / "own.pth"), "sha256": "0123456a", "classes": 9}
    plan = with_study(config, seeds=1, only=["goh_features"], weights={"robust": row})
    with pytest.raises(UserError, match=r"weights.robust: no file .*own.pth; put it there"):
        plan.weights_file("mine", "robust")
    (tmp_path / "own.pth").touch()
    assert plan.weights_file("mine", "robust") == [str(tmp_path / "own.pth")]
    weights = plan.weights("mine", "robust")
    assert (weights["url"], weights["sha256"], weights["architecture"]["classes"]) == (None, "0123456a", 9)
    with pytest.raises(UserError, match="no model with weights in study mine is named 'standard'"):
        plan.weights("mine", "standard")


def test_only_models_with_weights_are_measured():
    weights = set(PLAN.study(STUDY).weights)
    measured = {row["model"] for row in PLAN.measurement_settings(STUDY, "nakano/layer_robustness", 0)}
    assert measured == weights - {"standard_densenet"}
    read = PLAN.experiment_reads(STUDY, "nakano/style_transfer", 0)
    models = {path.split("/")[3] for key, path in read.items() if key.startswith("models/")}
    assert models == weights
    jobs = {job for jobs in figure_jobs(PLAN, STUDY).values() for job in jobs}
    assert not [job for job in jobs if job.startswith(("train/", "construct/"))]
    assert {job for job in jobs if job.startswith("import")} == {
        f"import_weights/{model}/seed0" for model in weights
    }


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {"only": ["ilyas"]},
            r"released_sets: found with figures that need other sets; .*only: \[released\]",
        ),
        (
            {"only": ["released"], "released_sets": {"dte": {"file": "a.safetensors"}}},
            "released_sets: found 'dte'",
        ),
    ],
)
def test_mistakes_in_a_study_of_released_sets_are_refused(config, values, says):
    study = yaml.safe_load((config / "studies/cifar10-released.yaml").read_text()) | values
    (config / "studies/mine.yaml").write_text(yaml.safe_dump(study))
    with pytest.raises(UserError, match=says):
        load(config)


def test_a_study_of_released_sets_has_one_of_each_and_no_others():
    study = "cifar10-released"
    assert PLAN.dataset(study, "det", 2) == PLAN.dataset(study, "det", 0)
    assert "on_robust_from_noise" not in PLAN.models(study)
    assert {"on_robust", "on_det", "standard"} <= set(PLAN.models(study))
    jobs = figure_jobs(PLAN, study)["released/sets"]
    assert not [job for job in jobs if job.startswith("construct/")]
    assert "import_set/det/seed0" in jobs
    with pytest.raises(UserError, match=rf"study {study}: released_sets.det.sha256: missing; .*convert set"):
        PLAN.released_set(study, "det")
