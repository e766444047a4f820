"""The configuration: every mistake is refused in one line that names file, key, finding and choice."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from advex.common.errors import UserError
from advex.common.settings import AttackSettings, Construction, Recipe, TrainingRun
from advex.config import Uses, figure_jobs, load
from advex.config.uses import trained_by
from advex.measure.entries import MeasurementEntry
from advex.measure.sections import Section
from advex.registries import ARCHITECTURES, INSTRUMENTS, SOURCES

ROOT = Path(__file__).parents[3]
PLAN = load(ROOT / "config")


class Mistake(NamedTuple):
    file: str
    old: str
    new: str
    says: list[str]


DIGITS = "studies/digits.yaml"
MISTAKES = {
    "broken yaml": Mistake(DIGITS, "\nseeds: {", "\nseeds: [", ["digits.yaml", "not valid YAML"]),
    "unknown key": Mistake(DIGITS, "\nseeds: {", "\nsedes: 4\nseeds: {", ["sedes", "unknown key"]),
    "published sizes of an unknown table": Mistake(
        DIGITS,
        "\nseeds: {",
        "\nsizes_are_published: [goh_features/ensemble]\nseeds: {",
        ["sizes_are_published", "goh_features/ensemble"],
    ),
    "unknown nested key": Mistake(
        DIGITS, "{epochs: 10,", "{epoch: 1, epochs: 10,", ["recipes.standard.epoch", "unknown key"]
    ),
    "negative epsilon": Mistake(
        DIGITS,
        "norm: l2, epsilon: 0.625",
        "norm: l2, epsilon: -0.5",
        ["attacks.evaluation_half_epsilon.epsilon", "-0.5", "greater than or equal to 0"],
    ),
    "undefined epsilon": Mistake(DIGITS, "epsilon: 0.625", "epsilon: .nan", ["epsilon", "nan"]),
    "unknown norm": Mistake(
        DIGITS, "{norm: l2, epsilon: 0.625", "{norm: l7, epsilon: 0.625", ["norm", "'l7'", "'linf'"]
    ),
    "missing key": Mistake(DIGITS, "\nseeds: {", "\nsedes: {", [": seeds: missing"]),
    "no epochs": Mistake(DIGITS, "{epochs: 10", "{epochs: 0", ["epochs", "found 0", "greater than"]),
    "unknown loss": Mistake(
        DIGITS,
        "{epochs: 10,",
        "{loss: tradez, epochs: 10,",
        ["recipes.standard.loss", "'tradez'", "'trades'"],
    ),
    "loss without its adversary": Mistake(
        DIGITS,
        "{epochs: 10,",
        "{loss: trades, epochs: 10,",
        ["recipes.standard", "loss trades needs an adversary"],
    ),
    "weight of a loss": Mistake(
        DIGITS,
        "    epochs: 15\n",
        "    epochs: 15\n    loss: trades\n    loss_options: {beta: -6}\n",
        ["recipes.adversarial.loss_options.beta", "-6", "greater than 0"],
    ),
    "unknown architecture": Mistake(
        DIGITS,
        "name: small_vgg",
        "name: small_vggg",
        ["architectures.vgg16.name", "'small_vggg'", "small_vgg"],
    ),
    "unknown source": Mistake(
        DIGITS, "source: digits", "source: digit", ["data.source", "'digit'", "cifar10"]
    ),
    "channels": Mistake(DIGITS, "channels: 1", "channels: 3", ["data", "one value for each of 3 channels"]),
    "recipe not given": Mistake(
        DIGITS, "  on_det: *recipe", "", ["recipes.on_det", "missing", "model on_det"]
    ),
    "no mapping": Mistake(DIGITS, "title:", "- title:", ["digits.yaml", "not valid YAML"]),
    "penalty without an ensemble": Mistake(
        "experiments.yaml",
        "    ensemble: ensemble\n",
        "",
        ["datasets.bugs_l2", "objectives named ensemble_ need an ensemble"],
    ),
    "ensemble of one network": Mistake(
        "experiments.yaml",
        "    ensemble: ensemble\n",
        "    ensemble: standard\n",
        ["datasets.bugs_l2.ensemble", "'standard'", "allowed: ensemble"],
    ),
    "largest size": Mistake(
        DIGITS,
        "sizes: [1, 2, 5]",
        "sizes: [1, 2]",
        ["ensemble", "the largest of sizes must be members, 5"],
    ),
    "left out what is not": Mistake(
        DIGITS, "left_out: [pgd_linf,", "left_out: [pgd_lnf,", ["left_out", "'pgd_lnf'", "pgd_linf"]
    ),
    "row names unknown row": Mistake(
        "experiments.yaml",
        "{trained_on: det,",
        "{trained_on: dat,",
        ["models.on_det.trained_on", "'dat'", "rand"],
    ),
    "circle": Mistake(
        "experiments.yaml",
        "  standard: {trained_on: natural_train",
        "  standard: {trained_on: det",
        ["models.standard", "depends on itself"],
    ),
    "figure of unknown measurement": Mistake(
        "experiments.yaml",
        "{measurements: [ilyas/relabelled]}",
        "{measurements: [ilyas/relabeled]}",
        ["figures.ilyas/relabelled.measurements", "'ilyas/relabeled'", "ilyas/relabelled"],
    ),
    "even bandwidth": Mistake(DIGITS, "bandwidths: [1, 3", "bandwidths: [1, 4", ["bandwidths.1", "4", "odd"]),
    "corruption that is not made here": Mistake(
        DIGITS,
        "    fog, contrast",
        "    fog, snow, contrast",
        ["corruptions", "snow: only with source cifar10_c"],
    ),
    "a loss without the adversary it needs": Mistake(
        DIGITS,
        "  filtered: *recipe",
        "  filtered: {<<: *recipe, loss: trades}",
        ["recipes.filtered", "loss trades needs an adversary"],
    ),
    "a loss without the adversary it needs, in a section": Mistake(
        DIGITS,
        "recipe: &learn {epochs: 9,",
        "recipe: &learn {loss: trades, epochs: 9,",
        ["other_dataset", "loss trades needs an adversary"],
    ),
    "recipe of filtered models not given": Mistake(
        DIGITS, "  filtered: *recipe", "", ["recipes.filtered", "missing", "model low_pass"]
    ),
    "filtered model of unknown data": Mistake(
        "experiments.yaml",
        "low_pass: {trained_on: natural_train",
        "low_pass: {trained_on: natural",
        ["filtered_models.low_pass.trained_on", "'natural'", "natural_train"],
    ),
    "left out what figures need": Mistake(
        DIGITS,
        "left_out: [pgd_linf,",
        "left_out: [det,",
        ["left_out", "'det'", "allowed: bugs_linf, pgd_linf"],
    ),
    "the same twice": Mistake(
        DIGITS,
        "epsilons: [0.1, 0.3, 0.625]",
        "epsilons: [0.1, 0.3, 0.3]",
        ["goh_features.epsilons", "0.3 twice"],
    ),
    "no robust Gaussian": Mistake(
        DIGITS,
        "  epsilons: [0.0, 1.0, 10.0]",
        "  epsilons: [0.0]",
        ["gaussian", "epsilons must hold a radius"],
    ),
    "no objective": Mistake(
        DIGITS, "objectives: [cross_entropy, cw_margin]", "objectives: []", ["objectives"]
    ),
    "no penalty of the theory": Mistake(
        DIGITS, "penalties: [2.5, 4.0, 8.0]", "penalties: []", ["gaussian.penalties"]
    ),
    "success of the figure missing": Mistake(
        DIGITS, "successes: [0.6, 0.8, 0.95", "successes: [0.6, 0.8, 0.9", ["goh_features", "must hold 0.95"]
    ),
    "a class against itself": Mistake(
        DIGITS, 'classes: ["3", "8"]', 'classes: ["3", "3"]', ["goh_features.pairs.main", "3 twice"]
    ),
    "radius of the claims missing": Mistake(
        DIGITS, "relative_epsilons: [0.1, 0.5, 1]", "relative_epsilons: [0.1, 1]", ["must hold 0.5"]
    ),
    "one look at squares": Mistake(
        DIGITS, "evaluate_after: [79, 158, 316, 474, 790]", "evaluate_after: [79]", ["early and late"]
    ),
    "one look at the plane": Mistake(
        DIGITS, "steps: [10, 2000]", "steps: [10]", ["squares_2d", "early and late"]
    ),
    "no wrong label in the plane": Mistake(
        DIGITS, "points: 100, label_noise: 0.1", "points: 100, label_noise: 0", ["squares_2d", "above 0"]
    ),
    "squares without label noise": Mistake(
        DIGITS, "label_noise: [0.0, 0.1]", "label_noise: [0.0]", ["squares.network", "label_noise must hold"]
    ),
    "no pixel noise at all": Mistake(DIGITS, "pixel_noise: [0.0, 0.1]", "pixel_noise: []", ["pixel_noise"]),
    "no useless world": Mistake(
        DIGITS, "fine_signals: [0.0, 0.25", "fine_signals: [0.1, 0.25", ["worlds", "must hold 0"]
    ),
    "transfer without source": Mistake(
        "experiments.yaml",
        "kind: transfer, attack: transfer, source: standard}\n  targeted",
        "kind: transfer, attack: transfer}\n  targeted",
        ["instruments.untargeted_transfer:", "kind transfer needs a source"],
    ),
    "attack without need": Mistake(
        "experiments.yaml",
        "{kind: history}",
        "{kind: history, attack: transfer}",
        ["instruments.history:", "kind history has no attack"],
    ),
    "unknown key of an instrument": Mistake(
        "experiments.yaml",
        "{kind: history}",
        "{kind: history, atack: transfer}",
        ["instruments.history.atack", "unknown key"],
    ),
    "unknown kind": Mistake(
        "experiments.yaml",
        "{kind: history}",
        "{kind: histroy}",
        ["instruments.history.kind", "'histroy'", "allowed: accuracy, ", "history"],
    ),
    "experiment of no module": Mistake(
        "experiments.yaml",
        "  wallace/worlds:\n    says",
        "  wallace/words:\n    says",
        ["experiments.wallace/words", "there is no module advex.discussion.wallace.experiments.words"],
    ),
    "section of an instrument for an experiment": Mistake(
        "experiments.yaml",
        "    section: worlds",
        "    section: attack_strength",
        ["experiments.wallace/worlds.section", "'attack_strength'", "worlds"],
    ),
    "experiment of no section": Mistake(
        "experiments.yaml",
        "    section: worlds",
        "    section: words",
        ["experiments.wallace/worlds.section", "'words'", "allowed: ellipses, "],
    ),
    "experiment with no seeds": Mistake(
        "experiments.yaml",
        "    pictures: [images]\n    seeds: study\n",
        "    pictures: [images]\n",
        ["experiments.nakano/style_transfer.seeds", "style_transfer has no seeds", "say seeds: study"],
    ),
    "experiment that reads nothing known": Mistake(
        "experiments.yaml",
        "[natural_train, natural_test, other_data]",
        "[natural_train, natural_test, others]",
        ["experiments.wallace/other_dataset.datasets", "'others'", "other_data"],
    ),
    "two rows make one table": Mistake(
        "experiments.yaml",
        "tables: [gaussian_theory]",
        "tables: [gaussian]",
        ["experiments.ilyas/gaussian_theory", "makes ilyas/gaussian,", "rename one"],
    ),
    "experiment that makes nothing": Mistake(
        "experiments.yaml",
        "    tables: [worlds]\n",
        "",
        ["experiments.wallace/worlds", "it must make tables and pictures, or pages"],
    ),
    "missing section": Mistake(
        DIGITS,
        "ellipses: {epsilon: 0.25, samples: 1000, seeds: 5}\n",
        "",
        ["ellipses: missing", "experiment ilyas/robust_and_accurate needs it"],
    ),
    "missing section of an instrument": Mistake(
        DIGITS,
        "fourier_noise: {root_mean_square: 0.125, images: 500, stronger: [0.25, 0.5], draws: 2}\n",
        "",
        ["fourier_noise: missing", "instrument fourier_sensitivity needs it"],
    ),
    "missing key of a section": Mistake(
        DIGITS,
        "ellipses: {epsilon: 0.25, ",
        "ellipses: {",
        ["ellipses.epsilon", "missing; it must be given"],
    ),
    "wrong value in a section": Mistake(
        DIGITS,
        "headline: 55",
        "headline: 56",
        ["own_mistakes", "must ascend, each given once, and hold stops.headline"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_refused_in_lines_that_say_where_and_what(mistake: Mistake, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    file = config / mistake.file
    text = file.read_text()
    assert mistake.old in text
    file.write_text(text.replace(mistake.old, mistake.new, 1))
    with pytest.raises(UserError) as caught:
        load(config)
    message = str(caught.value)
    assert file.name in message
    matching = [line for line in message.splitlines() if all(part in line for part in mistake.says)]
    assert matching, message


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"experiments\.yaml: no such file"):
        load(tmp_path)


@pytest.mark.parametrize("study", PLAN.studies)
def test_every_row_of_every_study_makes_settings_the_library_takes(study: str) -> None:
    for model in PLAN.models(study):
        run = TrainingRun(**PLAN.training(study, model, 0))
        assert run.architecture.name in ARCHITECTURES
    for dataset in PLAN.experiments.datasets:
        Construction(**PLAN.construction(study, dataset, 0))
    for measurement in PLAN.experiments.measurements:
        for entry in PLAN.measurement_settings(study, measurement, 0):
            assert callable(INSTRUMENTS[MeasurementEntry(**entry).kind])
    assert PLAN.study(study).data.source in SOURCES


def test_recipes_in_a_section_name_the_adversary_of_their_loss() -> None:
    class Own(Section):
        recipes: dict[str, Recipe]

    attack = AttackSettings("linf", 0.1, 1, 0.1)
    plain, attacked = Recipe(1, 2, 0.1), Recipe(1, 2, 0.1, adversary=attack)
    moved = replace(attacked, loss="trades")
    assert trained_by(Own(recipes={"a": plain})) == {"loss cross_entropy"}
    for recipe, loss, climbed in ((attacked, "cross_entropy", "perturbed"), (moved, "trades", "diverged")):
        named = {f"loss {loss}", f"adversary {climbed}", "norm linf"}
        assert trained_by(Own(recipes={"a": recipe})) == named


def test_a_study_may_train_with_any_loss(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    file = config / DIGITS
    text, told = file.read_text(), "    epochs: 15\n    loss: trades\n    loss_options: {beta: 6}\n"
    assert "    epochs: 15\n" in text
    file.write_text(text.replace("    epochs: 15\n", told, 1))
    plan = load(config)
    recipe = TrainingRun(**plan.training("digits", "robust", 0)).recipe
    assert (recipe.loss, recipe.loss_options) == ("trades", {"beta": 6.0})
    assert {"loss trades", "adversary diverged"} <= Uses(plan).train("digits", "robust")
    assert "adversary perturbed" not in Uses(plan).train("digits", "robust")
    for other in PLAN.models("digits"):
        assert TrainingRun(**PLAN.training("digits", other, 0)).recipe.loss == "cross_entropy"


LOOKUPS: dict[str, Callable[[], object]] = {
    "study": lambda: PLAN.study("cifar"),
    "model": lambda: PLAN.model("digits", "standrd", 0),
    "data set": lambda: PLAN.dataset("digits", "dets", 0),
    "figure": lambda: PLAN.figure_inputs("digits", "ilyas/relabeled"),
    "measurement": lambda: PLAN.measurement_inputs("digits", "ilyas/relabeled", 0),
}


@pytest.mark.parametrize("kind", LOOKUPS)
def test_unknown_names_are_answered_with_those_that_exist(kind: str) -> None:
    with pytest.raises(UserError, match=f"no {kind} is named '.*[Tt]here are: .*, "):
        LOOKUPS[kind]()


def test_a_constructed_set_and_its_source_share_their_seed() -> None:
    inputs = PLAN.construction_inputs("digits", "det", 2)
    assert inputs["source"] == "results/digits/models/standard/seed2.safetensors"
    assert PLAN.training_inputs("digits", "on_det", 2)["training_set"].endswith("det/seed2.safetensors")


def test_a_row_of_filtered_models_is_a_model_for_each_bandwidth() -> None:
    bandwidths = PLAN.study("digits").bandwidths
    names = {f"{kind}_{bandwidth}" for kind in ("low_pass", "high_pass") for bandwidth in bandwidths}
    left_out = {"on_pgd_linf", "on_bugs_linf"}
    assert set(PLAN.models("digits")) == set(PLAN.experiments.models) - left_out | names
    run = TrainingRun(**PLAN.training("digits", "high_pass_5", 1))
    assert run.architecture.filter is not None
    assert (run.architecture.filter.kind, run.architecture.filter.bandwidth) == ("high_pass", 5)
    assert TrainingRun(**PLAN.training("digits", "standard", 1)).architecture.filter is None
    measured = PLAN.measurement_settings("digits", "gilmer_hendrycks/frequency_filters", 0)
    assert {entry["model"] for entry in measured} == names | {"standard_resnet18"}
    trained = figure_jobs(PLAN, "digits")["gilmer_hendrycks/frequency_filters"]
    assert {job.split("/")[1] for job in trained if job.startswith("train/")} == names | {"standard_resnet18"}
    with pytest.raises(UserError, match="no model is named 'low_pass_4'"):
        PLAN.model("digits", "low_pass_4", 0)


def test_an_ensemble_is_one_job_whose_last_network_takes_part_in_no_attack() -> None:
    for name, study in PLAN.studies.items():
        assert TrainingRun(**PLAN.training(name, "ensemble", 0)).members == study.ensemble.members + 1
    assert "members" not in PLAN.training("digits", "standard", 0)
    assert "training ensemble" in Uses(PLAN).train("digits", "ensemble")
    inputs = PLAN.construction_inputs("digits", "bugs_l2", 1)
    assert inputs["ensemble"] == "results/digits/models/ensemble/seed1.safetensors"
    assert inputs["source"] == "results/digits/models/standard_resnet18/seed1.safetensors"
    jobs = figure_jobs(PLAN, "digits")["nakkiran/poisoning"]
    assert {"train/ensemble/seed2", "construct/bugs_l2/seed2", "train/poisoned_by_bugs/seed2"} <= set(jobs)


def test_a_study_does_not_measure_what_it_leaves_out() -> None:
    assert PLAN.study("digits").left_out == ["pgd_linf", "bugs_linf"]
    jobs = figure_jobs(PLAN, "digits")["nakkiran/bugs_dataset"]
    assert not [job for job in jobs if "linf" in job]
    entries = PLAN.measurement_settings("digits", "nakkiran/bugs_dataset", 0)
    assert not [entry for entry in entries if "linf" in entry["model"]]
    assert "construct/bugs_linf/seed0" in figure_jobs(PLAN, "cifar10")["nakkiran/bugs_dataset"]


def test_the_attacks_of_comment_5_are_those_published() -> None:
    study = PLAN.study("cifar10")
    l2, linf = study.attacks["bugs_l2"], study.attacks["bugs_linf"]
    assert (l2.norm, l2.epsilon, l2.step_size, l2.steps) == ("l2", 2.5, 0.5, 10)
    assert (linf.norm, linf.steps) == ("linf", 10)
    assert linf.epsilon * 255 == pytest.approx(8, abs=1e-6)
    assert linf.step_size * 255 == pytest.approx(2, abs=1e-6)
    assert not any((l2.keep_best, linf.keep_best, l2.random_start, linf.random_start))
    assert study.ensemble.members == 10
    assert study.architectures["resnet18"].name == "resnet18"


def test_fourier_noise_is_as_strong_as_published() -> None:
    for study in PLAN.studies.values():
        assert 32 * study.fourier_noise.root_mean_square == 4
        recipe = study.recipes["gaussian_augmented"].augmentation
        assert (recipe.gaussian_noise, recipe.gaussian_noise_varies) == (0.1, True)
    assert PLAN.study("cifar10").corruptions.source == "cifar10_c"


def test_corrupted_images_are_made_once_for_all_seeds() -> None:
    jobs = figure_jobs(PLAN, "digits")["gilmer_hendrycks/corruptions"]
    assert [job for job in jobs if job.startswith("corrupt/")] == ["corrupt/test"]
    paths = {PLAN.dataset("digits", "corrupted_test", seed) for seed in range(3)}
    assert paths == {"results/digits/datasets/corrupted/test.safetensors"}


def test_the_published_sizes_are_those_of_the_paper() -> None:
    study = PLAN.study("cifar10")
    assert study.sizes_are_published is True
    recipe = study.recipes["on_det"]
    assert (recipe.learning_rate, recipe.batch_size, recipe.momentum, recipe.weight_decay) == (
        0.1, 128, 0.9, 5e-4,
    )  # fmt: skip
    assert recipe.augmentation.crop_padding == 0
    assert study.recipes["on_rand"].learning_rate == 0.01
    targeted = study.attacks["targeted"]
    assert (targeted.norm, targeted.epsilon, targeted.steps, targeted.step_size) == ("l2", 0.5, 100, 0.1)
    assert study.attacks["inversion"].steps == 1000
    assert study.attacks["inversion_from_noise"].steps == 10000


def test_the_jobs_behind_a_figure_are_what_it_needs_and_no_more() -> None:
    jobs = figure_jobs(PLAN, "test")["ilyas/relabelled"]
    trained = {job.split("/")[1] for job in jobs if job.startswith("train/")}
    architectures = ("resnet18", "vgg16", "densenet", "inception", "plain", "perceptron")
    learners = {"on_det", "on_det_robust", *(f"on_det_{name}" for name in architectures)}
    assert trained == {"standard", "robust"} | learners
    assert "prepare/natural" in jobs
    assert figure_jobs(PLAN, "test")["ilyas/gaussian"] == [
        "collect/ilyas/gaussian", "draw/ilyas/gaussian",
        "measure/ilyas/gaussian/seed0", "measure/ilyas/gaussian/seed1",
    ]  # fmt: skip
