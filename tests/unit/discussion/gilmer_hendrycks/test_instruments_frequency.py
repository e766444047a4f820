"""The instruments of Gilmer and Hendrycks' comment, by counting from the definitions."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch
from samples import TINY, first, measured, with_outcomes
from torch import nn

from advex.common.machine.devices import torch_generator
from advex.common.numbers.frequency import distinct_frequencies, filter_mask, filtered, fourier_basis
from advex.common.settings import (
    ArchitectureSettings,
    FilterSettings,
    FourierNoise,
    Recipe,
    TrainingRun,
    plain,
)
from advex.config.schema import OfficialCorruption
from advex.discussion.gilmer_hendrycks.cifar10_c import NAMES
from advex.discussion.gilmer_hendrycks.corruptions import corrupt
from advex.discussion.gilmer_hendrycks.fourier_maps import error_maps, map_summary, spread_over_signs
from advex.discussion.gilmer_hendrycks.fourier_norms import OTHER_NORMS
from advex.measure.entries import MeasurementEntry
from advex.networks.stored_models import write_model
from advex.registries import CORRUPTIONS
from advex.train.training import train

NOISE = plain(FourierNoise(0.2, 40, (0.4,)))
FILTERED = ArchitectureSettings(
    "small_resnet18", {"width": 4, "stages": 2}, 1, 10, (0.3,), (0.4,), FilterSettings("high_pass", 5)
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, digits, cpu):
    """Two trained models, one behind a filter, and corrupted test images."""
    folder = tmp_path_factory.mktemp("frequencies")
    models = {}
    for name, architecture in (("plain", TINY), ("filtered", FILTERED)):
        run = TrainingRun(name, 0, architecture, Recipe(2, 32, 0.1, evaluate_every=100))
        models[name] = train(run, first(digits.train, 400), first(digits.test, 10), cpu)[0]
        write_model(folder / name, models[name], architecture, {})
    test = first(digits.test, 60)
    test.write(folder / "test", {})
    corrupted = corrupt(test, ["fog", "gaussian_noise"])
    corrupted.write(folder / "corrupted", {})

    def table(kind, model="plain", dataset="test", seed=0, **settings):
        entry = MeasurementEntry(
            kind, kind, model, "resnet50", dataset, str(folder / model), "", str(folder / dataset), **settings
        )
        return measured([entry], seed, cpu)

    return models, test, corrupted, table


def wrong(model, images, labels):
    with torch.no_grad():
        predicted = model(torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))).argmax(1)
    return 100 * (predicted.numpy() != labels).mean()


def test_noise_of_one_frequency_is_added_with_random_signs_and_clipped(lab):
    models, test, _, table = lab
    found = table("fourier_sensitivity", sizes=NOISE)
    errors = found[found["quantity"] == "error"]
    assert len(errors) == 64
    cells = errors.set_index(["vertical_frequency", "horizontal_frequency"])["value"]
    assert (errors["images"] == 40).all()
    assert (errors["epsilon"] == 0.2 * 8).all()
    images, labels = test.as_float()[:40], test.labels[:40]
    for u, v in ((0, 0), (1, -2), (-4, 3)):
        wave = 1.6 * fourier_basis(u, v, 8)
        np.testing.assert_allclose(np.sqrt((wave**2).mean()), 0.2)
        per_sign = [wrong(models["plain"], np.clip(images + sign * wave, 0, 1), labels) for sign in (1, -1)]
        mirror = ((4 - u) % 8 - 4, (4 - v) % 8 - 4)
        assert cells[u, v] == cells[mirror]
        # Each image has one of both signs, so its error is counted in one of both.
        assert 0 <= cells[u, v] <= sum(per_sign)
    # The first frequency's signs are the first numbers of the seed's generator.
    generator = torch_generator("signs of Fourier noise", 0, 0)
    signs = 2 * torch.randint(2, (40, 1, 1, 1), generator=generator).numpy() - 1
    assert set(signs.ravel()) == {-1, 1}
    checkers = 1.6 * fourier_basis(-4, -4, 8)
    np.testing.assert_allclose(np.abs(checkers), 0.2)
    assert cells[-4, -4] == wrong(models["plain"], np.clip(images + signs * checkers, 0, 1), labels)


class Recorder(nn.Module):
    """A classifier that answers class 0 and keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def forward(self, images):
        self.shown.append(images.clone())
        return torch.eye(10)[torch.zeros(len(images), dtype=torch.int64)]


@pytest.mark.parametrize("norm", [0.5, 4.0])
def test_noise_keeps_its_norm_in_every_channel_with_signs_of_their_own(cpu, norm):
    """The code released with the published figure loses the norm where signs are random."""
    size, recorder = 32, Recorder()
    images, labels = torch.full((12, 3, size, size), 0.5), torch.zeros(12, dtype=torch.int64)
    errors = error_maps(recorder, images, labels, norm, cpu, seed=0, draws=1)
    assert errors.shape == (1, size, size)
    assert not errors.any()
    assert len(recorder.shown) == 514
    for shown in recorder.shown:
        np.testing.assert_allclose((shown - images).flatten(2).norm(dim=2), norm, rtol=1e-4)
    zero = list(distinct_frequencies(size)).index((0, 0))
    means = (recorder.shown[zero] - images).mean((2, 3))
    np.testing.assert_allclose(means.abs(), norm / size, rtol=1e-4)
    assert (means.sign() != means.sign()[:, :1]).any()
    assert (means.sign() != means.sign()[:1]).any()


def test_ring_means_and_summaries_follow_from_the_map(lab):
    found = lab[3]("fourier_sensitivity", sizes=NOISE)
    errors = found[found["quantity"] == "error"]
    map_ = errors.pivot_table(
        index="vertical_frequency", columns="horizontal_frequency", values="value"
    ).to_numpy()
    ring = found[found["quantity"] == "ring_error"].set_index("relative_ring")["value"]
    assert ring.index.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert ring[0] == map_[4, 4]
    inner = map_[3:6, 3:6]
    assert ring[0.25] == pytest.approx((inner.sum() - inner[1, 1]) / 8)
    outer = np.concatenate([map_[0], map_[1:, 0]])
    assert ring[1] == pytest.approx(outer.mean())
    numbers = found.set_index("quantity")["value"]
    assert numbers["clean_error"] == wrong(lab[0]["plain"], lab[1].as_float()[:40], lab[1].labels[:40])
    assert numbers["mean_error"] == pytest.approx(map_.mean())
    assert numbers["centre_error"] == map_[4, 4]
    stronger = found[found["quantity"] == "ring_error_of_stronger_noise"]
    assert set(stronger["root_mean_square"]) == {0.4}
    assert set(stronger["epsilon"]) == {3.2}
    assert stronger["value"].mean() > ring.mean()


def test_what_noise_adds_is_told_of_every_strength(lab):
    found = lab[3]("fourier_sensitivity", sizes=NOISE)
    clean = found.loc[found["quantity"] == "clean_error", "value"].item()
    rings = found[found["quantity"].isin(["ring_error", "ring_error_of_stronger_noise"])]
    added = found[found["quantity"] == "added_ring_error"]
    where = ["root_mean_square", "epsilon", "relative_ring"]
    pd.testing.assert_frame_equal(added[where].reset_index(drop=True), rings[where].reset_index(drop=True))
    np.testing.assert_allclose(added["value"].to_numpy(), rings["value"].to_numpy() - clean)
    for place in ("mean", "centre", "corner"):
        of_place = found[found["quantity"] == f"added_{place}_error"].set_index("root_mean_square")["value"]
        assert of_place.index.tolist() == [0.2, 0.4]
        error = found.loc[found["quantity"] == f"{place}_error", "value"].item()
        assert of_place[0.2] == pytest.approx(error - clean)
    zero = added[added["relative_ring"] == 0].set_index("root_mean_square")["value"]
    centre = found[found["quantity"] == "added_centre_error"].set_index("root_mean_square")["value"]
    assert zero.to_dict() == centre.to_dict()
    assert not (found["quantity"] == "spread_over_signs").any()  # of one draw there is none


def test_errors_are_means_over_draws_of_signs(lab, cpu):
    models, test, _, table = lab
    images, labels = cpu.images(test.as_float()[:40]), cpu.labels(test.labels[:40])
    maps = error_maps(models["plain"], images, labels, 1.6, cpu, seed=3, draws=3)
    fewer = error_maps(models["plain"], images, labels, 1.6, cpu, seed=3, draws=2)
    np.testing.assert_array_equal(maps[:2], fewer)  # more draws change none of those before
    assert all((maps[one] != maps[other]).any() for one, other in ((0, 1), (0, 2), (1, 2)))
    found = table("fourier_sensitivity", sizes={**NOISE, "draws": 3}, seed=3)
    cells = found[found["quantity"] == "error"].pivot_table(
        index="vertical_frequency", columns="horizontal_frequency", values="value"
    )
    np.testing.assert_allclose(cells.to_numpy(), maps.mean(axis=0))
    spread = found[found["quantity"] == "spread_over_signs"].set_index("root_mean_square")["value"]
    assert spread.index.tolist() == [0.2, 0.4]
    assert spread[0.2] == spread_over_signs(maps)


def test_of_grey_images_two_draws_of_signs_are_all_there_are(lab, cpu):
    models, test, _, _ = lab
    pixels, labels = test.as_float()[:40], test.labels[:40]
    images = cpu.images(pixels), cpu.labels(labels)
    one, other = (
        error_maps(models["plain"], *images, 1.6, cpu, seed=seed, draws=2).mean(axis=0) for seed in (0, 7)
    )
    np.testing.assert_allclose(one, other)
    for u, v in list(distinct_frequencies(8))[::7]:
        wave = 1.6 * fourier_basis(u, v, 8)
        both = [wrong(models["plain"], np.clip(pixels + sign * wave, 0, 1), labels) for sign in (1, -1)]
        assert one[u + 4, v + 4] == pytest.approx(np.mean(both))


def test_the_spread_over_signs_by_hand():
    maps = np.array([[[1.0, 2], [3, 4]], [[3, 2], [5, 1]]])
    assert spread_over_signs(maps) == pytest.approx(np.sqrt((1 + 0 + 1 + 1.5**2) / 4))


def test_a_map_in_a_few_numbers():
    map_ = np.full((32, 32), 60.0)
    map_[12:21, 12:21] = 40  # the central 9 x 9
    map_[16, 16] = 5
    map_[:4, :4] = 90
    found = map_summary(map_)
    assert found["centre_error"] == found["lowest_error"] == 5
    assert found["highest_error"] == 90
    assert found["central_low_error_cells"] == pytest.approx(100 / 81)
    assert found["low_error_cells"] == pytest.approx(100 / 1024)
    assert found["high_error_cells"] == pytest.approx(100 * (1024 - 81) / 1024)
    # Corners: both frequencies at least 13 of 16, reached 4 times below and 3 times above zero.
    assert found["corner_error"] == pytest.approx((16 * 90 + (49 - 16) * 60) / 49)


def test_signs_depend_on_the_seed_and_models_share_them(lab):
    table = lab[3]
    errors = [table("fourier_sensitivity", sizes=NOISE, seed=seed)["value"].tolist() for seed in (0, 0, 1)]
    assert errors[0] == errors[1] != errors[2]


def test_other_norms_are_those_of_the_other_readings(lab):
    found = lab[3]("fourier_norms", sizes=NOISE).set_index("quantity")
    assert list(found.index) == [f"mean_error_{name}" for name in OTHER_NORMS]
    np.testing.assert_allclose(found["root_mean_square"], [0.2 / 3**0.5, 0.05])


def test_filtered_accuracy_names_the_filter_and_what_passes(lab):
    models, test, _, table = lab
    assert with_outcomes(table("filtered_accuracy", "filtered")) == {"filtered_accuracy"}
    found = table("filtered_accuracy", "filtered").set_index("quantity")
    assert found.loc["filtered_accuracy", "value"] == pytest.approx(
        100 - wrong(models["filtered"], test.as_float(), test.labels)
    )
    assert set(found["bandwidth"]) == {5}
    assert set(found["objective"]) == {"high_pass"}
    assert set(found["relative_bandwidth"]) == {5 / 8}
    images = test.as_float().astype(float)
    moving = images - images.mean((2, 3), keepdims=True)
    through = filtered(moving, filter_mask("high_pass", 5, 8))
    assert found.loc["power_kept", "value"] == pytest.approx(100 * (through**2).sum() / (moving**2).sum())
    low = filtered(moving, filter_mask("low_pass", 3, 8))
    assert found.loc["power_kept_by_frame", "value"] == pytest.approx(
        100 * ((moving - low) ** 2).sum() / (moving**2).sum()
    )
    unfiltered = table("filtered_accuracy")
    assert unfiltered[["objective", "bandwidth", "relative_bandwidth"]].to_numpy().tolist() == [
        ["none", 8, 1.0]
    ]


def test_corruption_accuracy_is_counted_by_corruption_and_severity(lab):
    models, test, corrupted, table = lab
    found = table("corruption_accuracy", dataset="corrupted")
    assert list(found["corruption"].unique()) == ["fog", "gaussian_noise"]
    assert with_outcomes(found) == {"corruption_accuracy"}
    for (corruption, severity), value in found.set_index(["corruption", "severity"])["value"].items():
        images = corrupted.extras[corruption][:, severity - 1] / 255
        assert value == pytest.approx(100 - wrong(models["plain"], images, test.labels))


def test_spectra_are_shares_and_need_no_model(lab):
    _, test, corrupted, table = lab
    found = table("corruption_spectrum", dataset="corrupted")
    assert found["model"].isna().all()
    assert found.groupby("corruption")["value"].sum().tolist() == pytest.approx([100, 100])
    change = corrupted.extras["fog"][:, 2] / 255 - test.as_float()
    of_means = 64 * change.mean((2, 3)) ** 2
    share = 100 * of_means.sum() / (change**2).sum()
    zero = found[(found["corruption"] == "fog") & (found["relative_ring"] == 0)]["value"].item()
    assert zero == pytest.approx(share)


def test_the_schema_knows_the_corruptions_of_the_published_set():
    assert set(get_args(OfficialCorruption)) == set(NAMES) - set(CORRUPTIONS)
