"""Costs before a run: operations against closed forms, hours against the measurement they come from."""

from pathlib import Path

import pytest

from advex.common.settings import ArchitectureSettings
from advex.config import load
from advex.config.estimate import StudyMeter, StudyWork, passes, read_hardware, report, speeds

pytestmark = pytest.mark.slow  # networks of all studies are built and counted
ROOT = Path(__file__).parents[3]
PLAN = load(ROOT / "config")
A100 = read_hardware(ROOT / "config/hardware.yaml")["a100"]


def test_a_resnet18_takes_what_is_published() -> None:
    one = passes(ArchitectureSettings("resnet18", {}, 3, 10, (0.5,) * 3, (0.25,) * 3), 32)
    # 0.56 billion multiply-adds and 11.2 million parameters are commonly reported for 32x32 images.
    assert one.forward == pytest.approx(2 * 0.56e9, rel=0.01)
    assert one.parameters == pytest.approx(11.17e6, rel=0.01)
    # Backward costs about once more for images and twice more for weights (but the first layer's images).
    assert one.attack == pytest.approx(2 * one.forward, rel=0.01)
    assert one.train == pytest.approx(3 * one.forward, rel=0.01)


def test_hours_of_the_basis_itself_come_out() -> None:
    training, attacking = speeds(A100)
    one = passes(ArchitectureSettings("resnet50", {}, 3, 10, (0.5,) * 3, (0.25,) * 3), 32)
    assert one.train * A100.train.images / training == pytest.approx(A100.train.seconds)
    assert one.attack * A100.attack.images / attacking == pytest.approx(A100.attack.seconds)


def test_work_follows_from_the_settings() -> None:
    estimate = StudyWork(PLAN, "cifar10")
    sizes = PLAN.study("cifar10")
    one = passes(ArchitectureSettings("resnet50", {}, 3, 10, (0.5,) * 3, (0.25,) * 3), 32)
    standard = estimate.works["train/standard/seed0"]
    assert standard.train == pytest.approx(150 * 50_000 * one.train)
    assert standard.attack == pytest.approx(16 * 10_000 * one.forward)
    robust = estimate.works["train/robust/seed0"]
    steps = sizes.recipes["adversarial"].adversary.steps
    assert robust.attack - standard.attack == pytest.approx(150 * 50_000 * steps * one.attack)
    inverted = estimate.works["construct/robust/seed0"]
    assert inverted.attack == pytest.approx(50_000 * (1000 * one.attack + 2 * one.forward))
    assert inverted.bytes == 50_000 * 3 * 32 * 32 * 4


def test_students_of_mistakes_are_counted() -> None:
    estimate = StudyWork(PLAN, "cifar10")
    small, large = (
        passes(ArchitectureSettings(name, {}, 3, 10, (0.5,) * 3, (0.25,) * 3), 32)
        for name in ("resnet18", "vgg16")
    )
    # Ten epochs of the teacher; seven students and one of another architecture learn half of the images.
    expected = 10 * 50_000 * small.train + 50 * 25_000 * (7 * small.train + large.train)
    assert estimate.works["measure/wallace/own_mistakes/seed0"].train == pytest.approx(expected)


def test_students_of_other_images_are_counted() -> None:
    estimate = StudyWork(PLAN, "cifar10")
    options = {
        "small_plain": {"width": 32, "stages": 2},
        "small_perceptron": {"width": 512, "stages": 2},
        "small_resnet18": {"width": 16, "stages": 3},
    }
    plain, perceptron, residual = (
        passes(ArchitectureSettings(name, sizes, 1, 10, (0.0,), (1.0,)), 28)
        for name, sizes in options.items()
    )
    # Two teachers and eight students for each pair; Fashion-MNIST has 60,000 images, CIFAR-10 50,000.
    teachers = 2 * 2 * 60_000 * plain.train
    students = (60_000 + 50_000) * (6 * plain.train + perceptron.train + residual.train)
    found = estimate.works["measure/wallace/other_dataset/seed0"].train
    assert found == pytest.approx(10 * (teachers + students))


def test_networks_on_squares_are_counted() -> None:
    row = PLAN.study("cifar10").squares.network
    one = passes(ArchitectureSettings("resnet18", {}, 3, 2, (0.5,) * 3, (0.25,) * 3), 32)
    found = StudyWork(PLAN, "cifar10").works["measure/nakkiran/squares/seed0"]
    networks = len(row.label_noise) * len(row.pixel_noise)
    assert found.train == pytest.approx(networks * row.evaluate_after[-1] * row.batch_size * one.train)
    attacked = networks * len(row.evaluate_after) * len(row.epsilons) * row.test_images
    assert found.attack == pytest.approx(attacked * row.attack_steps * one.attack, rel=0.3)
    assert found.attack > attacked * row.attack_steps * one.attack


def test_attacks_on_a_source_are_counted_once_for_all_models() -> None:
    meter = StudyMeter(PLAN, "cifar10")
    rows = [
        (PLAN.experiments.instruments[name], entry)
        for name, entry in PLAN.measurement_entries("cifar10", "ilyas/transferability", 0)
        if name == "targeted_transfer"
    ]
    first, *others = (row.work(entry, None, meter) for row, entry in rows)
    source = passes(ArchitectureSettings("resnet50", {}, 3, 10, (0.5,) * 3, (0.25,) * 3), 32)
    attack = PLAN.study("cifar10").attacks["transfer"]
    assert first == pytest.approx(10_000 * (source.attacked(attack) + source.forward))
    assert max(others) < first / 10


def test_all_figures_count_a_shared_job_once() -> None:
    estimate = StudyWork(PLAN, "test")
    rows = estimate.figures()
    jobs, work = rows.pop("all figures")
    assert jobs == len(estimate.works) < sum(count for count, _ in rows.values())
    assert work.train == pytest.approx(sum(one.train for one in estimate.works.values()))


@pytest.mark.parametrize("study", sorted(PLAN.studies))
def test_every_study_can_be_estimated(study: str) -> None:
    text = report(PLAN, study, A100)
    for figure in PLAN.figure_names(study):
        assert f"\n{figure} " in text
    assert A100.basis.split(" (")[0] in " ".join(text.split())
    # What attacks or trains is counted; only what passes forward a few times may be left out.
    attacking = {row.kind for row in PLAN.experiments.instruments.values() if row.attack}
    assert attacking
    assert not attacking & StudyWork(PLAN, study).not_counted
