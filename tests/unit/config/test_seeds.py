"""How often things are repeated: by measurement, from a first seed on, and reusing what is there."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from advex.common.errors import UserError
from advex.config import Plan, figure_jobs, load
from advex.config.estimate import StudyWork, read_hardware, report

ROOT = Path(__file__).parents[3]
MORE = {"ilyas/relabelled": 5, "goh_leakage/leakage": 4, "nakano/style_transfer": 6}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


def with_study(config: Path, **values: Any) -> Plan:
    """Load the configuration with a study that is like digits."""
    (config / "studies/mine.yaml").write_text(yaml.safe_dump({"like": "digits", **values}))
    return load(config)


def repetitions(plan: Plan, study: str = "mine") -> dict[str, list[int]]:
    """Return the seeds of everything that a study repeats, by verb and name."""
    found: dict[str, list[int]] = {}
    for job in {job for jobs in figure_jobs(plan, study).values() for job in jobs}:
        name, _, seed = job.rpartition("/seed")
        if name:
            found.setdefault(name, []).append(int(seed))
    return {name: sorted(seeds) for name, seeds in found.items()}


def told(plan: Plan, study: str, name: str, seed: int) -> tuple[Any, Any]:
    """Return what the job of a name as in :func:`repetitions` reads, and what it is told."""
    verb, _, rest = name.partition("/")
    if verb == "train":
        return plan.training_inputs(study, rest, seed), plan.training(study, rest, seed)
    if verb == "construct":
        return plan.construction_inputs(study, rest, seed), plan.construction(study, rest, seed)
    if rest in plan.experiments.experiments:
        return plan.experiment_reads(study, rest, seed), plan.experiment_settings(study, rest)
    return plan.measurement_inputs(study, rest, seed), plan.measurement_settings(study, rest, seed)


def all_told(plan: Plan, seeds: Mapping[str, list[int]]) -> Iterator[tuple[str, int, Any]]:
    for name, numbers in seeds.items():
        for seed in numbers:
            yield name, seed, told(plan, "mine", name, seed)


def test_what_a_measurement_needs_has_its_seeds_and_the_rest_the_default(config: Path) -> None:
    plan = with_study(config, seeds={"default": 2, "measurements": MORE})
    found = repetitions(plan)
    assert found["measure/ilyas/relabelled"] == list(range(5))
    for name in ("train/on_det", "train/on_det_robust", "construct/det", "train/standard", "train/robust"):
        assert set(range(5)) <= set(found[name]), name
    assert found["measure/nakano/style_transfer"] == found["train/standard_alexnet"] == list(range(6))
    # It reads another measurement, seed by seed, of which figures draw no more than the default.
    assert found["measure/nakano/layer_robustness"] == list(range(6))
    assert found["measure/goh_leakage/leakage"] == found["train/on_nonrobust"] == list(range(4))
    assert found["measure/ilyas/transferability"] == found["train/standard_independent"] == [0, 1]
    assert found["train/ensemble"] == found["train/on_robust_from_noise"] == [0, 1]
    assert len(found["measure/ilyas/gaussian"]) == plan.study("mine").section("gaussian").seeds


def test_a_collected_table_has_as_many_seeds_as_the_study_says(config: Path) -> None:
    plan = with_study(config, seeds={"default": 2, "measurements": MORE})
    assert len(plan.measurement_parts("mine", "nakano/layer_robustness")) == 2
    assert len(plan.measurement_parts("mine", "nakano/single_layer_style")) == 6
    assert plan.measurement_parts("mine", "ilyas/relabelled")[-1].endswith("ilyas/relabelled/seed4.csv")
    assert plan.figure_inputs("mine", "nakano/style_transfer")[1].endswith("nakano/images/seed0.safetensors")


@pytest.mark.parametrize("more", [5, {"default": 3, "measurements": MORE}])
def test_more_seeds_change_nothing_of_those_that_are_there(config: Path, more: Any) -> None:
    few = with_study(config, seeds=3)
    before = repetitions(few)
    asked = list(all_told(few, before))
    many = with_study(config, seeds=more)
    after = repetitions(many)
    assert all(set(seeds) <= set(after[name]) for name, seeds in before.items())
    assert sum(map(len, after.values())) > sum(map(len, before.values()))
    assert [(name, seed, told(many, "mine", name, seed)) for name, seed, _ in asked] == asked


def test_the_first_seed_moves_all_and_two_ranges_share_nothing(config: Path) -> None:
    plan = with_study(config, first_seed=100)
    first, second = repetitions(plan, "digits"), repetitions(plan)
    assert {name: [seed + 100 for seed in seeds] for name, seeds in first.items()} == second
    assert plan.picture_inputs("mine", "ilyas/dataset_grid")["robust"].endswith("robust/seed100.safetensors")
    assert plan.measurement("mine", "wallace/mistakes").endswith("mistakes/seed100.safetensors")
    for name in ("nakano/style_transfer", "nakkiran/squares_2d"):
        assert plan.experiment_settings("mine", name)["first_seed"] == 100
        assert plan.experiment_settings("digits", name)["first_seed"] == 0


def test_the_replication_is_the_shipped_study_with_other_seeds() -> None:
    plan = load(ROOT / "config")
    digits, again = plan.study("digits"), plan.study("digits-replication")
    differing = {name for name in type(digits).model_fields if getattr(digits, name) != getattr(again, name)}
    assert differing == {"title", "like", "first_seed"}
    most = max(max(seeds) for seeds in repetitions(plan, "digits").values())
    assert most < again.first_seed


def test_figures_say_how_many_seeds_their_tables_have(config: Path) -> None:
    plan = with_study(config, seeds={"default": 2, "measurements": MORE})

    def said(figure: str) -> tuple[int, int]:
        context = plan.figure_context("mine", figure)
        return context["fewest_seeds"], context["seeds"]

    assert said("ilyas/relabelled") == (5, 5)
    assert said("nakkiran/bugs_dataset") == (2, 5)
    assert said("nakano/style_transfer") == (6, 6)  # its images are of one, but they are no repetitions
    assert said("ilyas/dataset_grid") == (1, 1)


def test_more_seeds_cost_more(config: Path) -> None:
    def cost(**values: Any) -> tuple[int, float]:
        jobs, work = StudyWork(with_study(config, **values), "mine").figures()["ilyas/relabelled"]
        return jobs, work.train + work.attack

    jobs, work = cost(seeds=2)
    more_jobs, more_work = cost(seeds={"default": 2, "measurements": {"ilyas/relabelled": 4}})
    assert more_jobs > jobs
    assert more_work == pytest.approx(2 * work)
    assert cost(seeds=2, first_seed=7) == (jobs, pytest.approx(work))


def test_the_plan_says_how_many_seeds_there_are(config: Path) -> None:
    hardware = read_hardware(ROOT / "config/hardware.yaml")["a100"]
    seeds = {"default": 2, "measurements": {"ilyas/relabelled": 4}}
    text = report(with_study(config, seeds=seeds, first_seed=9, only=["ilyas"]), "mine", hardware)
    said = " ".join(text.split())
    assert "Seeds from 9 on: 2 of most, 5 of ilyas/gaussian, " in said
    assert "4 of ilyas/relabelled, 5 of ilyas/robust_and_accurate." in said


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"seeds": 0}, "seeds.default: found 0"),
        ({"seeds": {"measurements": {}}}, "seeds.default: missing"),
        ({"seeds": {"default": 2, "measurements": {"ilyas/relabeled": 3}}}, "measurements: found 'ilyas/"),
        ({"seeds": {"default": 2, "measurements": {"nakano/images": 3}}}, "allowed: .*nakano/style_transfer"),
        (
            {"seeds": {"default": 2, "measurements": {"ilyas/gaussian": 3}}},
            "seeds.measurements.ilyas/gaussian: found here; section gaussian says how many",
        ),
        ({"seeds": {"default": 2, "measurements": {"ilyas/relabelled": 0}}}, "ilyas/relabelled: found 0"),
        ({"first_seed": -1}, "first_seed: found -1"),
        (
            {"seeds": {"default": 1, "measurements": {"nakano/layer_robustness": 2}}, "only": ["nakano"],
             "weights": {"standard": {"file": "a"}}},
            "seeds must be 1",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_refused(config: Path, values: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        with_study(config, **values)
