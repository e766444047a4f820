"""Experiments with a job of their own: what rows promise, and what planning does not import."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from advex.common.artifacts import read_table
from advex.common.errors import UserError
from advex.config import Plan, load
from advex.config.schema import study_form
from advex.config.sources import sections_of
from advex.measure import contract
from advex.measure.contract import Inputs, Machine, run_experiment
from advex.measure.kinds import Instrument
from advex.registries import EXPERIMENTS, INSTRUMENTS, KINDS, WORKS

ROOT = Path(__file__).parents[3]
PLAN = load(ROOT / "config")
ROWS = PLAN.experiments.experiments


def imported(code: str) -> set[str]:
    """Return which of the heavy libraries a new process has imported after running code."""
    heavy = ("torch", "numpy", "pandas")
    show = f"import sys; print(*(name for name in {heavy} if name in sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(finished.stdout.split())


def test_planning_imports_nothing_heavy() -> None:
    assert (
        imported("from advex.config import figure_jobs, load; figure_jobs(load('config'), 'test')") == set()
    )


@pytest.mark.slow
def test_experiments_without_torch_import_none() -> None:
    light = [name for name, row in ROWS.items() if row.environment == "figures"]
    assert len(light) > 5
    looked_up = "\n".join(f"EXPERIMENTS[{name!r}]" for name in light)
    assert "torch" not in imported(f"from advex.registries import EXPERIMENTS\n{looked_up}")


@pytest.mark.parametrize("name", ROWS)
def test_every_module_keeps_the_contract(name: str) -> None:
    assert callable(EXPERIMENTS[name])
    assert callable(WORKS[name])
    assert ROWS[name].message.count("{wildcards.") == (1 if ROWS[name].pages else 2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_instrument_has_a_function_that_measures(kind: str) -> None:
    assert issubclass(KINDS[kind], Instrument)
    assert callable(INSTRUMENTS[kind])
    assert KINDS.keys() == INSTRUMENTS.keys()
    section = KINDS[kind].section
    assert section is None or hasattr(PLAN.study("digits"), section)


def test_sections_are_classes_and_each_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = sections_of(["ilyas", "wallace"])
    assert {"attack_strength", "gaussian", "worlds"} < forms.keys()
    assert all(isinstance(form, type) for form in forms.values())
    with pytest.raises(UserError, match="section data: every study has something else of this name"):
        study_form({"data": forms["worlds"]})
    monkeypatch.setattr("advex.discussion.wallace.settings.SECTIONS", {"gaussian": forms["worlds"]})
    with pytest.raises(UserError, match=r"ilyas.settings has a section 'gaussian' too; rename one of them"):
        sections_of(["ilyas", "wallace"])


def test_a_measurement_without_networks_asks_for_no_gpu() -> None:
    asked = {
        name: PLAN.measurement_resource("test", name, "gpu")
        for name in ("ilyas/accuracy_curves", "gilmer_hendrycks/corruptions")
    }
    assert asked == {"ilyas/accuracy_curves": 0, "gilmer_hendrycks/corruptions": 1}
    assert PLAN.measurement_resource("test", "ilyas/accuracy_curves", "mem_mb") == 1000


def test_experiments_ask_for_what_their_row_says() -> None:
    assert PLAN.experiment_resource("test", "wallace/own_mistakes", "gpu") == 1
    assert PLAN.experiment_resource("test", "wallace/two_dimensional", "gpu") == 0
    assert PLAN.experiment_resource("test", "wallace/two_dimensional", "mem_mb") == 4000
    halved = PLAN.study("imagenet-style").model_copy(update={"precision": "bfloat16"})
    plan = Plan(PLAN.experiments, {"halved": halved})
    assert plan.experiment_precision("halved", "wallace/own_mistakes") == "bfloat16"
    assert plan.experiment_precision("halved", "nakano/style_transfer") == "float32"


def test_paths_are_sorted_by_what_they_are() -> None:
    paths = PLAN.experiment_inputs("test", "nakano/style_transfer", 3)
    inputs = Inputs.named(paths.items())
    assert inputs.models["vgg"] == "results/test/models/standard_vgg16/seed3.safetensors"
    assert inputs.measurements == {
        "nakano/layer_robustness": "results/test/measurements/nakano/layer_robustness/seed3.csv"
    }
    assert (inputs.files, inputs.datasets, inputs.template) == ((), {}, "")
    page = Inputs.named(PLAN.experiment_inputs("test", "goh_features/explorer", 0).items())
    assert page.template == "report/explorer.html.j2"
    assert (
        page.measurements["goh_features/ensembles"] == "results/test/measurements/goh_features/ensembles.csv"
    )
    assert page.measurements["goh_features/thumbnails"].endswith("thumbnails/seed0.safetensors")
    other = Inputs.named(PLAN.experiment_inputs("test", "wallace/other_dataset", 0).items())
    assert other.datasets["other_patches_train"].endswith("datasets/other_patches/train.safetensors")


def test_all_that_a_row_promises_is_written_and_nothing_else(
    tmp_path: Path,
) -> None:
    class Drawing:
        def write(self, path: str) -> None:
            Path(path).write_bytes(b"drawn")

    def run(inputs: Inputs, settings: dict[str, int], seed: int, machine: Machine) -> contract.Made:
        return {
            "table": pd.DataFrame({"seed": [seed], "a": settings["a"]}),
            "picture": Drawing(),
            "page": "<p>",
        }

    outputs = {"table": "table.csv", "picture": "picture.safetensors", "page": "page.html"}
    outputs = {name: str(tmp_path / path) for name, path in outputs.items()}
    run_experiment(run, Inputs(), {"a": 4}, 2, Machine(), outputs)
    assert read_table(outputs["table"]).to_numpy().tolist() == [[2, 4]]
    assert Path(outputs["picture"]).read_bytes() == b"drawn"
    assert Path(outputs["page"]).read_text() == "<p>"
    del outputs["page"]
    with pytest.raises(ValueError, match="made table, picture, page, but its row says table, picture"):
        run_experiment(run, Inputs(), {"a": 4}, 2, Machine(), outputs)
