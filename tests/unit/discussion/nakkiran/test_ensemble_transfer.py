"""The instrument of comment 5, against shares counted anew from its definition."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch
from samples import TINY, first, measured

from advex.attack.loop import attack
from advex.common.numbers.outcomes import pack
from advex.common.settings import AttackSettings, Recipe, TrainingRun
from advex.discussion.nakkiran import ensemble_transfer
from advex.discussion.nakkiran.ensemble_transfer import OPPOSED, PENALISED, PLAIN, UNPERTURBED
from advex.measure.bench import Bench
from advex.measure.entries import MeasurementEntry
from advex.networks.ensembles import Ensemble
from advex.networks.predictions import predictions
from advex.networks.stored_models import write_model
from advex.registries import OBJECTIVES
from advex.train.training import train

SETTINGS = AttackSettings("l2", 1.5, 8, 0.4, keep_best=False)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, digits, cpu):
    """A source, an ensemble of three (one held out), test images, and the entry that measures them."""
    folder = tmp_path_factory.mktemp("lab")
    networks = []
    for number in range(4):
        run = TrainingRun(f"network{number}", 0, TINY, Recipe(3, 32, 0.1, evaluate_every=100))
        model = train(run, first(digits.train, 600), first(digits.test, 10), cpu)[0]
        networks.append(model.requires_grad_(False))
    source, ensemble = networks[0], Ensemble(networks[1:])
    write_model(folder / "source", source, TINY, {})
    write_model(folder / "ensemble", ensemble, TINY, {})
    test = first(digits.test, 80)
    test.write(folder / "test", {})
    entry = MeasurementEntry(
        "ensemble_transfer", "ensemble_transfer", "ensemble", "resnet18", "test", str(folder / "ensemble"),
        "", str(folder / "test"), source_path=str(folder / "source"), ensemble_path=str(folder / "ensemble"),
        sizes={"members": 2, "sizes": [1, 2]}, attack=SETTINGS,
    )  # fmt: skip
    return source, ensemble, test, entry


@pytest.fixture(scope="module")
def table(lab, cpu):
    source = replace(lab[3], model="source", model_path=lab[3].source_path)
    return measured([lab[3], source], 0, cpu)


@pytest.mark.slow
def test_every_attack_gives_four_shares_and_no_attack_two(table):
    rows = table[table["model"] == "ensemble"]
    counted = rows.groupby(["objective", "members"]).size().to_dict()
    wanted = {(PLAIN, 0): 4, (PENALISED, 1): 4, (PENALISED, 2): 4, (OPPOSED, 2): 4, (UNPERTURBED, 0): 2}
    assert counted == wanted
    assert set(rows["norm"]) == {"l2"}


@pytest.mark.parametrize(("objective", "members"), [(PLAIN, 0), (PENALISED, 1), (PENALISED, 2), (OPPOSED, 2)])
def test_shares_are_those_of_a_count(lab, table, cpu, objective, members):
    source, ensemble, test, _ = lab
    images, labels = cpu.images(test.as_float()), cpu.labels(test.labels)
    targets = (labels + 1) % 10
    attacked_model = Ensemble([source, *ensemble.members[:members]]) if members else source
    aims = torch.stack([targets, labels], 1) if members else targets
    attacked = attack(OBJECTIVES[objective], attacked_model, images, aims, SETTINGS)
    fresh = ensemble.members[-1]
    answers, of_source = predictions(fresh, attacked, cpu), predictions(source, attacked, cpu)
    right = (predictions(fresh, images, cpu) == labels) & (predictions(source, images, cpu) == labels)
    reached = right & (of_source == targets)
    wanted = {
        "targeted_rate": answers == targets,
        "untargeted_rate": answers != labels,
        "targeted_transfer": (answers == targets)[reached],
        "untargeted_transfer": (answers != labels)[reached],
    }
    rows = table[(table["objective"] == objective) & (table["members"] == members)]
    found = rows[rows["model"] == "ensemble"].set_index("quantity")
    for quantity, hits in wanted.items():
        assert found.loc[quantity, "value"] == pytest.approx(100 * hits.double().mean().item()), quantity
        assert found.loc[quantity, "images"] == len(hits)
        if quantity.endswith("_rate"):
            assert found.loc[quantity, "outcomes"] == pack(hits.numpy())
        else:  # of other images than another network's
            assert pd.isna(found.loc[quantity, "outcomes"])
    success = rows[(rows["model"] == "source") & (rows["quantity"] == "targeted_rate")]["value"].item()
    assert success == pytest.approx(100 * (of_source == targets).double().mean().item())


def test_what_reaches_no_target_has_no_transfer(lab, cpu):
    none = replace(lab[3], attack=replace(SETTINGS, steps=0))
    rows = measured([none], 0, cpu)
    transfers = rows[rows["quantity"].str.endswith("_transfer")]
    assert all(math.isnan(value) for value in transfers["value"])
    assert (transfers["images"] == 0).all()


def test_attacked_images_are_made_once_for_all_models(lab, cpu):
    bench = Bench(cpu, 0)

    list(ensemble_transfer.rows(lab[3], bench))
    made = dict(bench.attacked)
    list(ensemble_transfer.rows(replace(lab[3], model_path=lab[3].source_path), bench))
    assert bench.attacked.keys() == made.keys()
    assert all(bench.attacked[key] is images for key, images in made.items())
