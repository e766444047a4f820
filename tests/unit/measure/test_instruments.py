import math
import sys
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from samples import TINY, first, measured, with_outcomes

from advex.attack.loop import attack
from advex.attack.objectives import cross_entropy, targeted_cross_entropy, targeted_margin
from advex.common.artifacts import read_table, write_table
from advex.common.errors import UserError
from advex.common.images import ImageSet
from advex.common.numbers.outcomes import pack, unpack
from advex.common.settings import AttackSettings, Recipe, TrainingRun, plain
from advex.measure.bench import Bench
from advex.measure.entries import AutoAttackSizes, MeasurementEntry, Sweep
from advex.measure.instruments import attacked as attacked_images
from advex.measure.instruments import auto_attack
from advex.measure.kinds import AutoAttack
from advex.networks.classifier import build
from advex.networks.stored_models import write_model
from advex.registries import OBJECTIVES
from advex.train.training import train

COLUMNS = [
    "seed",
    "model",
    "architecture",
    "dataset",
    "quantity",
    "epsilon",
    "steps",
    "objective",
    "value",
    "unit",
    "images",
    "outcomes",
]
WEAK = AttackSettings("l2", 0.3, 5, 0.1)
STRONG = AttackSettings("l2", 0.6, 10, 0.2)


class Lab(NamedTuple):
    """Two trained models with files, test images with a file, and a way to write entries."""

    models: dict
    images: torch.Tensor
    labels: torch.Tensor
    entry: Callable[..., MeasurementEntry]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, digits, cpu):
    folder = tmp_path_factory.mktemp("lab")
    models = {}
    for name in ("one", "other"):
        run = TrainingRun(name, 0, TINY, Recipe(3, 32, 0.1, evaluate_every=100))
        models[name] = train(run, first(digits.train, 600), first(digits.test, 10), cpu)[0]
        models[name].requires_grad_(False)
        write_model(folder / name, models[name], TINY, {})
    test = first(digits.test, 90)
    test.write(folder / "natural_test", {})
    history = pd.DataFrame(
        {
            "epoch": [1, 3],
            "learning_rate": [0.1, 0.2],
            "train_accuracy": [10.5, 90.0],
            "test_accuracy": [20.0, 80.25],
        }
    )
    write_table(folder / "history.csv", history)

    def entry(kind, model="one", quantity=None, **options):
        return MeasurementEntry(
            quantity=quantity or kind,
            kind=kind,
            model=model,
            architecture="small",
            dataset="natural_test",
            model_path=str(folder / model),
            history_path=str(folder / "history.csv"),
            dataset_path=str(folder / "natural_test"),
            **options,
        )

    return Lab(models, cpu.images(test.images), cpu.labels(test.labels), entry)


def classes(lab, name, images):
    with torch.no_grad():
        return lab.models[name](images).argmax(1)


def percent(matches):
    return 100 * matches.double().mean().item()


def only(entries, cpu, seed=0):
    table = measured([entries], seed, cpu)
    assert len(table) == 1
    return table.iloc[0]


def test_the_lab_is_worth_measuring(lab):
    """Both models are good but not perfect, and they differ, so no test passes by accident."""
    right = [classes(lab, name, lab.images) == lab.labels for name in lab.models]
    assert all(60 < percent(each) < 100 for each in right)
    assert not torch.equal(*right)


def test_accuracy_and_its_row(lab, cpu):
    row = only(lab.entry("accuracy", quantity="natural_accuracy"), cpu, seed=4)
    assert list(row.index) == COLUMNS
    assert row["value"] == pytest.approx(percent(classes(lab, "one", lab.images) == lab.labels))
    expected = {
        "seed": 4,
        "model": "one",
        "architecture": "small",
        "dataset": "natural_test",
        "quantity": "natural_accuracy",
        "unit": "percent",
        "images": 90,
    }
    assert row[list(expected)].to_dict() == expected
    assert row[["epsilon", "steps", "objective"]].isna().all()
    assert row["outcomes"] == pack((classes(lab, "one", lab.images) == lab.labels).numpy())


def test_outcomes_that_look_like_a_number_stay_text(lab, cpu, tmp_path):
    table = measured([lab.entry("accuracy"), lab.entry("history")], 0, cpu)
    texts = ["00", "40", "1e"]
    table = table.assign(outcomes=[*texts, *[None] * (len(table) - 3)])
    write_table(tmp_path / "table.csv", table)
    read = read_table(tmp_path / "table.csv")["outcomes"]
    assert read[:3].tolist() == texts
    assert read[3:].isna().all()


def test_accuracy_by_hand(tmp_path, cpu):
    """Four images, labelled by the model itself but for one: 75 %, and 25 % for next classes."""
    model = build(TINY, "model").eval()
    pixels = np.random.default_rng(0).integers(256, size=(4, 1, 8, 8), dtype=np.uint8)
    with torch.no_grad():
        labels = model(torch.from_numpy(pixels) / 255).argmax(1).numpy()
    labels[2] = (labels[2] - 1) % 10
    ImageSet(pixels, labels, tuple("0123456789")).write(tmp_path / "set", {})
    write_model(tmp_path / "model", model, TINY, {})
    paths = {"model_path": str(tmp_path / "model"), "dataset_path": str(tmp_path / "set"), "history_path": ""}
    entry = MeasurementEntry("a", "accuracy", "m", "small", "set", **paths)
    assert list(measured([entry, replace(entry, labels="next_class")], 0, cpu)["value"]) == [75, 25]


@pytest.mark.parametrize("settings", [WEAK, STRONG, AttackSettings("linf", 0.1, 5, 0.03)], ids=str)
def test_robust_accuracy_counts_images_that_no_attack_fools(lab, cpu, settings):
    row = only(lab.entry("robust_accuracy", attack=settings), cpu)
    standing = classes(lab, "one", lab.images) == lab.labels
    single = attack(cross_entropy, lab.models["one"], lab.images, lab.labels, settings)
    after_one = standing & (classes(lab, "one", single) == lab.labels)
    standing = after_one
    for target in range(10):
        targets = torch.stack([torch.full_like(lab.labels, target), lab.labels], 1)
        aimed = attack(targeted_margin, lab.models["one"], lab.images, targets, settings)
        standing = standing & (classes(lab, "one", aimed) == lab.labels)
    # The rounds that follow find what is left, if anything.
    assert percent(standing) - 5 < row["value"] <= percent(standing) + 1e-9
    assert row["value"] <= percent(after_one)
    assert (row["epsilon"], row["steps"]) == (settings.epsilon, 10 * settings.steps)
    assert row["objective"] == "strongest"
    outcomes = torch.from_numpy(unpack(row["outcomes"], len(standing)))
    assert percent(outcomes) == pytest.approx(row["value"])
    assert not (outcomes & ~standing).any()


def test_auto_attack_is_held_against_ours_on_the_first_images(lab, cpu):
    pytest.importorskip("pyautoattack")
    sizes = plain(AutoAttackSizes(images=30, iterations=20, queries=20))
    columns, state = AutoAttack.columns, torch.random.get_rng_state()
    settings = AttackSettings("l2", 0.4, 10, 0.4, shrinking=True)
    found = measured([lab.entry("auto_attack", attack=settings, sizes=sizes)], 3, cpu)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert set(found["quantity"]) == columns["quantity"]
    assert set(found["objective"].dropna()) == columns["objective"]
    assert set(found["images"]) == {30}
    value = found.set_index("quantity")["value"]
    ours, theirs = value["robust_accuracy_ours"], value["robust_accuracy_autoattack"]
    assert value["autoattack_excess"] == pytest.approx(ours - theirs)
    right = percent((classes(lab, "one", lab.images) == lab.labels)[:30])
    assert 0 < ours < right
    assert abs(ours - theirs) < 10
    again = measured([lab.entry("auto_attack", attack=settings, sizes=sizes)], 3, cpu)
    pd.testing.assert_frame_equal(again, found)


def test_auto_attack_counts_no_example_outside_the_ball_and_the_tracing_goes_on(lab, cpu, monkeypatch):
    """A package that leaves the ball, or the box, has found nothing; one that stays inside has."""

    class Cheating:
        def __init__(self, model, **settings):
            self.apgd = self.apgd_targeted = self.fab = self.square = SimpleNamespace()

        def run_standard_evaluation(self, images, labels, batch_size):
            sys.settrace(None)
            return moved(images), labels

    monkeypatch.setattr(auto_attack, "_package", lambda: SimpleNamespace(AutoAttack=Cheating))
    images = 0.3 + 0.4 * lab.images[:20]
    labels = classes(lab, "one", images)
    settings, sizes = AttackSettings("linf", 0.25, 1, 0.1), AutoAttackSizes(20)

    def moved(images):
        return torch.cat([images[:10], images[10:] + by])

    def standing():
        model = lab.models["one"]
        return auto_attack.standing_under_auto_attack(model, images, labels, settings, sizes, 0)

    def trace(*_):
        return None

    by, before = 0.2999, sys.gettrace()
    assert standing().all(), "outside the ball"
    by = 0.2
    inside = classes(lab, "one", moved(images))
    sys.settrace(trace)
    try:
        stands = standing()
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
    assert torch.equal(stands, inside == labels)
    assert not stands.all()


def test_auto_attack_says_what_to_install(lab, cpu, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyautoattack", None)
    entry = lab.entry("auto_attack", attack=WEAK, sizes=plain(AutoAttackSizes(5)))
    with pytest.raises(UserError, match=r"kind auto_attack: .*install the package pyautoattack"):
        measured([entry], 0, cpu)


def test_attack_strength_takes_the_best_of_the_step_sizes(lab, cpu):
    sweep = Sweep([2, 6], [2.5, 0.5], ["cross_entropy", "cw_margin"])
    base = replace(WEAK, epsilon=0.4)

    def table(sizes):
        tried = plain(replace(sweep, relative_step_sizes=sizes))
        return measured([lab.entry("attack_strength", attack=base, sizes=tried)], 0, cpu)

    both, single = table([2.5, 0.5]), [table([size]) for size in (2.5, 0.5)]
    assert list(both.columns) == COLUMNS
    assert with_outcomes(both) == {"attack_strength"}
    assert list(zip(both["objective"], both["steps"], strict=True)) == [
        (objective, steps) for objective in sweep.objectives for steps in (0, 2, 6)
    ]
    assert set(both["epsilon"]) == {0.4}
    for each in single:
        assert (both["value"] <= each["value"]).all()
    assert (both["value"] < np.maximum(*(each["value"] for each in single))).any()
    natural = percent(classes(lab, "one", lab.images) == lab.labels)
    for (objective, steps), value in both.set_index(["objective", "steps"])["value"].items():
        robust = classes(lab, "one", lab.images) == lab.labels
        for relative in (2.5, 0.5) if steps else ():
            settings = AttackSettings("l2", 0.4, steps, relative * 0.4 / steps)
            attacked = attack(OBJECTIVES[objective], lab.models["one"], lab.images, lab.labels, settings)
            robust &= classes(lab, "one", attacked) == lab.labels
        assert value == pytest.approx(percent(robust))
        assert value <= natural


@pytest.mark.parametrize("quantity", ["untargeted_transfer", "targeted_transfer"])
@pytest.mark.parametrize("model", ["other", "one"])
def test_transfer_by_counting(lab, cpu, quantity, model):
    """Counted image by image in plain Python, from the definition in the paper."""
    entry = lab.entry(
        "transfer", model, quantity, attack=STRONG, source_path=lab.entry("accuracy", "one").model_path
    )
    row, targets = only(entry, cpu), (lab.labels + 1) % 10
    targeted = quantity == "targeted_transfer"
    objective, aim = (targeted_cross_entropy, targets) if targeted else (cross_entropy, lab.labels)
    attacked = attack(objective, lab.models["one"], lab.images, aim, STRONG)
    fooled = transferred = 0
    natural = [classes(lab, name, lab.images).tolist() for name in ("one", model)]
    hit = [classes(lab, name, attacked).tolist() for name in ("one", model)]
    for i, (label, target) in enumerate(zip(lab.labels.tolist(), targets.tolist(), strict=True)):
        if not natural[0][i] == natural[1][i] == label:
            continue
        success = [of[i] == target if targeted else of[i] != label for of in hit]
        fooled += success[0]
        transferred += success[0] and success[1]
    assert 0 < fooled < 90
    assert row["images"] == fooled
    assert row["outcomes"] is None  # of other images than another network's
    assert row["value"] == pytest.approx(100 * transferred / fooled)
    assert (row["quantity"], row["epsilon"], row["steps"]) == (quantity, 0.6, 10)
    assert row["objective"] == objective.__name__
    assert row["value"] == 100 if model == "one" else row["value"] < 100


def test_transfer_of_nothing_is_not_a_number(lab, cpu):
    """An attack of radius 0 fools nobody, so there is nothing to divide by."""
    entry = lab.entry(
        "transfer",
        "other",
        "untargeted_transfer",
        attack=AttackSettings("l2", 0.0, 1, 0.1),
        source_path=lab.entry("accuracy").model_path,
    )
    row = only(entry, cpu)
    assert math.isnan(row["value"])
    assert row["images"] == 0


def test_history_is_passed_through(lab, cpu):
    table = measured([lab.entry("history")], 2, cpu)
    assert list(table.columns) == [*COLUMNS, "epoch"]
    found = table[["quantity", "epoch", "value"]].to_numpy().tolist()
    assert found == [
        ["train_accuracy", 1, 10.5],
        ["train_accuracy", 3, 90.0],
        ["test_accuracy", 1, 20.0],
        ["test_accuracy", 3, 80.25],
    ]
    assert table[["images", "outcomes"]].isna().all(axis=None)
    assert set(table["seed"]) == {2}


def test_entries_share_models_images_and_attacks(lab, cpu, monkeypatch):
    calls = []

    def counted(*arguments, **options):
        calls.append(arguments[0].__name__)
        return attack(*arguments, **options)

    monkeypatch.setattr(attacked_images, "attack", counted)
    sweep = Sweep([2], [2.5], ["cross_entropy"])
    entry = lab.entry("attack_strength", attack=WEAK, sizes=plain(sweep))
    same = replace(entry, quantity="again")
    others = [
        replace(entry, attack=STRONG),
        lab.entry("attack_strength", "other", attack=WEAK, sizes=plain(sweep)),
    ]
    table = measured([entry, same, *others], 0, cpu)
    assert len(calls) == 3
    assert table["value"][1] == table["value"][3]
    bench = Bench(cpu, 0)
    assert bench.model(entry.model_path) is bench.model(entry.model_path)
    assert bench.images(entry.dataset_path) is bench.images(entry.dataset_path)


def test_random_starts_depend_on_the_seed(lab, cpu):
    entry = lab.entry("robust_accuracy", attack=replace(WEAK, random_start=True, steps=1))

    def attacked(seed):
        bench = Bench(cpu, seed)
        return attacked_images.attacked(
            bench, entry.model_path, entry.dataset_path, entry.attack, "cross_entropy", "true"
        )

    assert torch.equal(attacked(0), attacked(0))
    assert not torch.equal(attacked(0), attacked(1))


def test_table_of_nothing_is_empty(cpu):
    assert measured([], 0, cpu).empty
