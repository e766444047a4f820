"""The test study, run for real: everything is there, nothing runs twice, and only what is needed runs."""

import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from copies import scripts_without_torch
from independent_judge import Study, read_claims, read_tables

from advex.common.artifacts import read_description, read_table
from advex.common.names.verdicts import VERDICTS
from advex.config import figure_jobs, load
from advex.judge.claims import load_published
from advex.judge.judge import COLUMNS
from advex.records.provenance import Code
from advex.records.records import Record
from advex.records.verification import is_local

ROOT = Path(__file__).parents[2]
PLAN = load(ROOT / "config")
FIGURES = sorted(PLAN.figure_names("test"))
TEST = ("--config", "study=test")
Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def planned(finished: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Read the table of jobs a dry run prints."""
    assert finished.returncode == 0, finished.stderr[-3000:]
    jobs = re.findall(r"^(\w+) +(\d+)$", finished.stdout + finished.stderr, re.MULTILINE)
    return {name: int(count) for name, count in jobs if name not in ("all", "total")}


@contextmanager
def edited(module: Path, old: str, new: str) -> Iterator[None]:
    """Put a text in the place of another for the body, then take it back."""
    original = module.read_text()
    assert old in original
    module.write_text(original.replace(old, new, 1))
    try:
        yield
    finally:
        module.write_text(original)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn(repository: Path, figure: str) -> None:
    svg = (repository / f"results/test/figures/{figure}.svg").read_text()
    assert svg.startswith("<?xml")
    assert (repository / f"results/test/figures/{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_the_run_ends_with_costs_and_places(repository: Path) -> None:
    text = (repository / "first_run.txt").read_text()
    assert re.search(r"\d+ jobs in .* on \d+ cores; \d+ % of the cores' time was not computing", text)
    assert "\nOpen results/test/index.html\n" in text


def test_the_scorecard_has_one_row_per_claim(repository: Path) -> None:
    scorecard = read_table(repository / "results/test/scorecard.csv")
    assert tuple(scorecard.columns) == COLUMNS
    assert scorecard["claim"].is_unique
    assert set(scorecard["verdict"]) <= set(VERDICTS)
    # One seed has no spread: no claim about trained models can be decided.
    mathematics = ["gaussian", "gaussian_theory", "robust_and_accurate", "two_dimensional"]
    data = scorecard[~scorecard["figure"].isin(mathematics)]
    assert set(data["verdict"]) == {"not tested"}
    assert scorecard["criterion"].str.len().min() > 10


def test_a_judge_without_shared_code_gives_every_verdict_again(repository: Path) -> None:
    measured = read_tables(repository / "results/test/measurements")
    published = load_published(sorted((repository / "published").glob("*.csv")))
    claims = read_claims(repository / "config/claims", of=lambda source: PLAN.draws("test", source))
    judging = PLAN.judging("test")
    again = Study(
        claims, measured, published, judging["sizes_are_published"], judging["classes"], judging["resplit"]
    )
    ours = read_table(repository / "results/test/scorecard.csv")
    assert ours["claim"].tolist() == again.scorecard()["claim"].tolist()
    assert ours["verdict"].tolist() == again.scorecard()["verdict"].tolist()
    assert (ours["verdict"] != "not tested").sum() > 10


def test_the_page_holds_every_figure_and_the_scorecard(repository: Path) -> None:
    page = (repository / "results/test/index.html").read_text()
    for figure in FIGURES:
        assert f'id="{figure}"' in page
        assert f'<img src="figures/{figure}.svg"' in page
    for claim in read_table(repository / "results/test/scorecard.csv")["claim"]:
        assert f'id="claim/{claim}"' in page
    assert "packaged with scikit-learn" in page


def test_all_studies_stand_side_by_side(repository: Path) -> None:
    """Written when a run ends, with what each figure cost here."""
    page = (repository / "results/index.html").read_text()
    assert 'href="test/index.html"' in page
    for figure in FIGURES:
        assert re.search(rf'id="costs/{figure}"><th .*?</th><td [^>]*>\d+ (s|min)<', page)


def test_snakemake_reports_every_figure_with_its_caption(
    repository: Path, snakemake: Snakemake, tmp_path: Path
) -> None:
    finished = snakemake("--report", str(tmp_path / "report.zip"), *TEST)
    assert finished.returncode == 0, finished.stderr[-3000:]
    with zipfile.ZipFile(tmp_path / "report.zip") as report:
        names = report.namelist()
        (page,) = (report.read(name).decode() for name in names if name.endswith("/report.html"))
    for figure in FIGURES:
        assert f"report/captions/{figure}.md" in page
        assert any(name.endswith(f"{figure.split('/')[1]}.svg") for name in names)


def test_costs_cover_every_job(repository: Path) -> None:
    """They are added up when a run ends; no job writes them, so that they are in no record."""
    costs = read_table(repository / "results/test/costs.csv")
    assert set(costs.loc[costs["of"] == "figure", "name"]) == set(FIGURES)
    rows = costs.set_index(["of", "name"])
    assert rows.loc[("verb", "train"), "jobs"] == len(PLAN.models("test"))
    assert 0 < rows.loc[("study", "all jobs"), "share_not_computing_percent"] < 100
    assert (costs["seconds"] >= costs["computing_seconds"]).all()


def test_every_job_has_a_log_and_a_benchmark(repository: Path) -> None:
    results = repository / "results/test"
    logs = {path.relative_to(results / "logs").with_suffix("") for path in (results / "logs").rglob("*.log")}
    marks = {
        path.relative_to(results / "benchmarks").with_suffix("")
        for path in (results / "benchmarks").rglob("*.tsv")
    }
    assert logs == marks
    wanted = {Path(job) for jobs in figure_jobs(PLAN, "test").values() for job in jobs}
    assert wanted <= logs


def records_in(repository: Path) -> list[Record]:
    """Return the records that the study's jobs left."""
    return [Record.read(path) for path in sorted((repository / "results/test/records").rglob("*.json"))]


def script_of(record: Record) -> str:
    """Return the name of a job's script: that of its rule, unless several rules share it."""
    if "experiment" in record.params:
        return "experiment"
    return record.rule.removesuffix("_whole").removesuffix("_other")


OF_OTHER_STUDIES = {"import_set", "import_weights", "restricted_imagenet", "second_test"}
"""Scripts that the study `test` does not need; test_weights.py and the tests of their names run them."""


def test_the_digest_of_every_job_is_that_of_its_script_and_entries(repository: Path) -> None:
    """That it covers what the job ran is tested in test_executed.py."""
    code = Code()
    records = records_in(repository)
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert {script_of(record) for record in records} == scripts - OF_OTHER_STUDIES
    code = Code()
    for record in records:
        reached = code.reached(ROOT / "scripts" / f"{script_of(record)}.py", record.params.get("uses", []))
        assert set(record.modules) <= reached.modules, record.log
        assert record.params["code"] == reached.digest
        assert record.definitions == reached.definitions


def test_jobs_of_the_environment_without_torch_never_loaded_it(repository: Path) -> None:
    without = {Path(script).stem for script in scripts_without_torch()}
    records = records_in(repository)
    assert {script_of(record) for record in records} >= without
    for record in records:
        if script_of(record) in without:
            assert not {"torch", "torchvision"} & set(record.versions), record.log


def test_snakemake_remembers_what_the_records_say(repository: Path, snakemake: Snakemake) -> None:
    """What Snakemake wrote down itself is kept, so both ways of telling it are one."""
    memory = repository / ".snakemake/metadata"
    before = {path: path.read_bytes() for path in memory.rglob("*") if path.is_file()}
    assert len(before) > 100
    assert planned(snakemake("-n", *TEST)) == {}
    assert {path: path.read_bytes() for path in memory.rglob("*") if path.is_file()} == before


def test_a_run_writes_nothing_that_git_versions(repository: Path) -> None:
    """Records of a run lie beside its results, where git does not look."""
    assert not (repository / "records").exists()
    logs = {
        path.relative_to(repository / "results/test/logs")
        for path in repository.glob("results/test/logs/**/*.log")
    }
    assert {Path(record.log).relative_to("results/test/logs") for record in records_in(repository)} == logs


def test_no_record_holds_a_time(repository: Path) -> None:
    """What tells of a run on a machine is no input of any job, so the same work leaves the same records."""
    for record in records_in(repository):
        assert not [path for path in (*record.inputs, *record.outputs) if is_local(path)], record.log


def test_finished_trainings_leave_no_checkpoints(repository: Path) -> None:
    assert not list((repository / "results").rglob("*.checkpoint"))


def test_constructed_sets_measure_their_source_models_success(repository: Path) -> None:
    for dataset in PLAN.experiments.datasets.keys() - set(PLAN.studies["test"].left_out):
        measured = read_table(repository / f"results/test/datasets/{dataset}/seed0.csv")
        assert measured["source_accuracy_percent"].between(0, 100).all()


def test_artifacts_describe_themselves(repository: Path) -> None:
    description = read_description(repository / "results/test/models/robust/seed0.safetensors")
    assert description["study"] == "test"
    assert description["run"]["recipe"]["adversary"]["norm"] == "l2"
    assert description["architecture"]["name"] == "small_resnet50"


def test_a_second_run_does_nothing(snakemake: Snakemake) -> None:
    finished = snakemake(*TEST)
    assert finished.returncode == 0
    assert "Nothing to be done" in finished.stdout + finished.stderr
    assert "Exception" not in finished.stdout + finished.stderr


def test_touching_files_plans_nothing(repository: Path, snakemake: Snakemake) -> None:
    for pattern in (
        "src/advex/**/*.py",
        "scripts/*.py",
        "published/*.csv",
        "results/test/models/*/*.safetensors",
    ):
        for file in repository.glob(pattern):
            file.touch()
    assert planned(snakemake("-n", *TEST)) == {}


def test_a_deleted_figure_is_redrawn_alone(repository: Path, snakemake: Snakemake) -> None:
    target = "results/test/figures/ilyas/relabelled.svg"
    (repository / target).unlink()
    assert planned(snakemake("-n", target)) == {"draw": 1}
    before = (repository / target).with_suffix(".png").read_bytes()
    assert snakemake(target).returncode == 0
    assert (repository / target).with_suffix(".png").read_bytes() == before


def test_editing_one_figures_module_redraws_that_figure(repository: Path, snakemake: Snakemake) -> None:
    module = repository / "src/advex/discussion/ilyas/figures/relabelled.py"
    with edited(module, "_QUANTITIES = (", "_QUANTITIES = (*(), "):
        jobs = planned(snakemake("-n", *TEST))
    assert jobs["draw"] == 1
    assert not {"train", "construct", "measure", "collect"} & set(jobs)


def test_more_seeds_of_one_measurement_make_those_alone(repository: Path, snakemake: Snakemake) -> None:
    more = "\nseeds: {default: 1, measurements: {ilyas/relabelled: 3}}\n"
    with edited(repository / "config/studies/test.yaml", "\nseeds: 1\n", more):
        jobs = planned(snakemake("-n", *TEST))
    behind = figure_jobs(PLAN, "test")["ilyas/relabelled"]
    new = {verb: 2 * sum(job.startswith(f"{verb}/") for job in behind) for verb in ("train", "construct")}
    # Two figures draw the table, and one more seed is one more part of one table.
    assert jobs == {**new, "measure": 2, "collect": 1, "draw": 2, "judge": 1, "report": 1}


def test_editing_the_attack_runs_training_again(repository: Path, snakemake: Snakemake) -> None:
    with edited(repository / "src/advex/attack/loop.py", "moved = current +", "moved = 0 + current +"):
        jobs = planned(snakemake("-n", *TEST))
    assert {"train", "construct", "measure"} <= set(jobs)
    assert "nakkiran_squares" in jobs
    assert "ilyas_gaussian" not in jobs


def test_one_figure_needs_only_its_own_models(fresh: tuple[Path, Snakemake]) -> None:
    jobs = planned(fresh[1]("-n", "results/digits/figures/ilyas/relabelled.svg"))
    seeds = PLAN.studies["digits"].seeds.of("ilyas/relabelled")
    assert jobs == {
        "prepare": 1, "train": 10 * seeds, "construct": 2 * seeds, "measure": seeds, "collect": 1, "draw": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "study",
    [name for name, sizes in sorted(PLAN.studies.items()) if not sizes.weights and not sizes.released_sets],
)
def test_every_study_can_be_planned(fresh: tuple[Path, Snakemake], study: str) -> None:
    jobs = planned(fresh[1]("-n", "--config", f"study={study}"))
    behind = {job for jobs in figure_jobs(PLAN, study).values() for job in jobs}
    assert jobs["train"] == len([job for job in behind if job.startswith("train/")])
    seeds = PLAN.studies[study].seeds.default
    if not PLAN.study(study).only:
        assert jobs["train"] >= len(PLAN.models(study)) * seeds
    assert jobs["train"] >= 10 * seeds
    assert jobs["draw"] == len(PLAN.figure_names(study))


def test_verdicts_are_the_same_when_the_study_runs_again(repository: Path, snakemake: Snakemake) -> None:
    path = repository / "results/test/scorecard.csv"
    before: pd.DataFrame = read_table(path)
    path.unlink()
    assert snakemake("results/test/scorecard.csv").returncode == 0
    pd.testing.assert_frame_equal(read_table(path), before)
